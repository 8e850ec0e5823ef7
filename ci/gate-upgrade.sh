#!/usr/bin/env bash
# Gates an upgrade in a crate that has closewait as a test: see --help, and docs/gate-an-upgrade.md.
set -euo pipefail

usage() {
    cat <<'USAGE'
Plays a crate's closewait test before and after an upgrade of its dependencies, and compares.

Usage: gate-upgrade.sh [--before REVISION | --update PACKAGE[@VERSION]...] [OPTIONS]

What is compared:
  --before REVISION           the crate at this revision of git with its Cargo.lock, and the crate as it is now
                              [default: the base of the pull request, origin/$GITHUB_BASE_REF; else HEAD]
  --update PACKAGE[@VERSION]  the crate as it is now, and with this package upgraded, or set back, in Cargo.lock;
                              may be repeated; Cargo.lock is put back afterwards

Options:
  --crate DIR        folder of the crate [default: .]
  --test NAME        name of the test with `harness = false` [default: closewait]
  --out DIR          where results, captures and the report are written [default: closewait-gate]
  --closewait PATH   the closewait command [default: closewait]
  -h, --help         this text

The summary is printed, and added to the file $GITHUB_STEP_SUMMARY if that is set. The folder of --out then holds
report.html (before and after, side by side), summary.md, junit.xml, and before and after as .json, .lock, .log, and as .pcapng
if the crate asks for the feature `pcap` of closewait.

Exit codes, those of `closewait gate`:
  0  nothing is worse than before
  1  a verdict got worse
  2  bad usage, or something could not be built, run or written
  3  no verdict got worse, but another change is denied by a rule of closewait.toml
USAGE
}

say() {
    echo "gate-upgrade: $*" >&2
}

fail() {
    say "$*"
    exit 2
}

main() {
    local before='' crate=. test=closewait out=closewait-gate closewait=closewait updates=()
    while (($# > 0)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --before | --update | --crate | --test | --out | --closewait)
                (($# > 1)) && [[ -n $2 ]] || fail "$1 needs a value; see --help"
                case $1 in
                    --before) before=$2 ;;
                    --update) updates+=("$2") ;;
                    --crate) crate=$2 ;;
                    --test) test=$2 ;;
                    --out) out=$2 ;;
                    --closewait) closewait=$2 ;;
                esac
                shift 2
                ;;
            *) fail "\`$1\` is not an option; see --help" ;;
        esac
    done
    ((${#updates[@]} == 0)) || [[ -z $before ]] || fail "--before and --update exclude each other"
    command -v "$closewait" >/dev/null || fail "there is no command \`$closewait\`: cargo install closewait, or name it with --closewait"
    [[ -f $crate/Cargo.toml ]] || fail "there is no Cargo.toml in $crate"
    crate=$(cd "$crate" && pwd)
    lock=$(lock_of "$crate")
    target=$(described target_directory) || fail "cargo cannot read $crate/Cargo.toml"
    mkdir -p "$out" || fail "cannot make the folder $out"
    out=$(cd "$out" && pwd)
    # What an earlier run left must not pass for what this one found.
    rm -f "$out"/{before,after}.{json,pcapng,log,lock} "$out"/{report.html,summary.md,junit.xml}

    if ((${#updates[@]} > 0)); then
        around_an_update "${updates[@]}"
    else
        around_a_revision "${before:-${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}}"
    fi
    compare
}

# The crate as it is, then with packages upgraded.
around_an_update() {
    cp "$lock" "$out/before.lock"
    trap 'cp "$out/before.lock" "$lock"' EXIT
    # First, since what is wrong with the names of packages takes no build to tell.
    local update
    for update in "$@"; do
        local precise=()
        [[ $update != *@* ]] || precise=(--precise "${update#*@}")
        (cd "$crate" && cargo update -p "${update%%@*}" "${precise[@]}") || fail "cannot bring $update into $lock: cargo says why"
    done
    cp "$lock" "$out/after.lock"
    ! cmp -s "$out/before.lock" "$out/after.lock" || say "the upgrade changes nothing in Cargo.lock"
    cp "$out/before.lock" "$lock"
    play before "$crate"
    cp "$out/after.lock" "$lock"
    play after "$crate"
}

# The crate at a revision, then as it is.
around_a_revision() {
    local revision=${1:-HEAD} top
    command -v git >/dev/null || fail "there is no git to find $revision with; --update does without"
    top=$(git -C "$crate" rev-parse --show-toplevel 2>/dev/null) || fail "$crate is not in a git repository; --update does without"
    git -C "$top" rev-parse --verify --quiet "$revision^{commit}" >/dev/null || fail "there is no revision \`$revision\` here: fetch it first"
    say "before is $(git -C "$top" log -1 --format='%h, %s' "$revision"); after is the crate as it is, $(uncommitted "$top")"
    if git -C "$top" diff --quiet "$revision" && [[ -z $(git -C "$top" status --porcelain --untracked-files=no) ]]; then
        say "no file differs from $revision: --before names another revision, --update upgrades a package"
    fi
    base=$(mktemp -d)
    is_foreign=''
    trap '[[ -z $is_foreign ]] || forget_own; git -C "$crate" worktree remove --force "$base" 2>/dev/null || rm -rf "$base"' EXIT
    git -C "$top" worktree add --quiet --detach "$base" "$revision" || fail "cannot check out $revision"
    local there
    there=$base/$(realpath --relative-to="$top" "$crate")
    [[ -f $there/Cargo.toml ]] || fail "there is no crate at $(realpath --relative-to="$top" "$crate") in $revision"
    local lock_there
    lock_there=$(lock_of "$there")
    cp "$lock_there" "$out/before.lock"
    cp "$lock" "$out/after.lock"
    is_foreign=yes
    play before "$there"
    forget_own || fail "cargo cannot clean $target"
    is_foreign=''
    play after "$crate"
}

uncommitted() {
    if [[ -n $(git -C "$1" status --porcelain --untracked-files=no) ]]; then echo "uncommitted changes included"; else echo "nothing uncommitted"; fi
}

# The nearest one, as cargo has it.
lock_of() {
    local folder=$1
    while [[ ! -f $folder/Cargo.lock ]]; do
        [[ $folder != / ]] || fail "there is no Cargo.lock at $1 or above, and it is what says which versions are compared: cargo generate-lockfile, and commit it"
        folder=$(dirname "$folder")
    done
    echo "$folder/Cargo.lock"
}

# A value of `cargo metadata`, one string or several, without a program that reads JSON.
described() {
    (cd "$crate" && cargo metadata --no-deps --format-version 1) | grep -o "\"$1\":\(\[[^]]*\]\|\"[^\"]*\"\)" | grep -o '"[^"]*"' | tail -n +2 | tr -d '"'
}

# Cargo takes crates at the same place in two copies of a workspace for one crate, and builds nothing if the other copy was
# built after these sources were written. Dependencies stay built.
forget_own() {
    local member members=()
    for member in $(described workspace_members); do members+=(-p "$member"); done
    (cd "$crate" && cargo clean --quiet --locked --target-dir "$target" "${members[@]}")
}

# A test that fails has results all the same: what they mean is for the comparison to say.
play() {
    local name=$1 folder=$2
    say "$name: cargo test --test $test"
    # One target folder: most dependencies are the same in both.
    (
        cd "$folder"
        export CI=true CARGO_TARGET_DIR="$target" CLOSEWAIT_RESULTS="$out/$name.json" CLOSEWAIT_PCAP="$out/$name.pcapng"
        unset CLOSEWAIT_ACCEPT
        cargo test --locked --test "$test"
    ) >"$out/$name.log" 2>&1 || true
    [[ -f $out/$name.json ]] || {
        tail -n 30 "$out/$name.log" >&2
        fail "the test \`$test\` gave no results ($name); all that was said is in $out/$name.log"
    }
    grep -E '^[^ ].*: [0-9]+ scenarios?: ' "$out/$name.log" || true
}

compare() {
    local code=0
    upgraded
    (
        cd "$crate"
        "$closewait" gate --markdown "$out/summary.md" --junit "$out/junit.xml" --html "$out/report.html" \
            --baseline "$(realpath --relative-to=. "$out/before.json")" --current "$out/after.json"
    ) || code=$?
    if [[ -f $out/summary.md ]]; then
        [[ ! -s $out/upgraded ]] || printf '\nIn `Cargo.lock`: %s\n' "$(on_one_line <"$out/upgraded")" >>"$out/summary.md"
        [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    rm -f "$out/upgraded"
    say "report.html, summary.md, results and captures are in $out"
    exit "$code"
}

# Which versions are different, a line for each package that is on both sides.
upgraded() {
    join -o 0,1.2,2.2 \
        <(comm -23 <(versions before) <(versions after)) <(comm -13 <(versions before) <(versions after)) |
        sed 's/ \([^ ]*\)$/ → \1/' >"$out/upgraded"
    [[ ! -s $out/upgraded ]] || say "in Cargo.lock: $(on_one_line <"$out/upgraded")"
}

versions() {
    tr -d '"' <"$out/$1.lock" | awk '/^name = / {name = $3} /^version = / && name != "" {print name, $3; name = ""}' | sort -k1,1 -k2,2
}

on_one_line() {
    paste -sd, | sed 's/,/, /g'
}

main "$@"
