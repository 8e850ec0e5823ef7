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
before.json, after.json, before.pcapng, after.pcapng, summary.md and junit.xml.

Exit codes, those of `closewait gate`:
  0  nothing is worse than before
  1  a verdict got worse
  2  bad usage, or something could not be built, run or written
  3  no verdict got worse, but another change is denied by a rule of closewait.toml
USAGE
}

fail() {
    echo "gate-upgrade: $*" >&2
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
    mkdir -p "$out" || fail "cannot make the folder $out"
    out=$(cd "$out" && pwd)
    rm -f "$out"/{before,after}.{json,pcapng,log} "$out"/{summary.md,junit.xml}

    if ((${#updates[@]} > 0)); then
        around_an_update "${updates[@]}"
    else
        around_a_revision "${before:-${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}}"
    fi
    compare
}

# The crate as it is, then with packages upgraded.
around_an_update() {
    lock=$(lock_of "$crate")
    play before "$crate"
    cp "$lock" "$out/Cargo.lock.before"
    trap 'mv "$out/Cargo.lock.before" "$lock"' EXIT
    local update
    for update in "$@"; do
        local precise=()
        [[ $update != *@* ]] || precise=(--precise "${update#*@}")
        (cd "$crate" && cargo update -p "${update%%@*}" "${precise[@]}") || fail "cargo update $update did not work"
    done
    ! cmp -s "$lock" "$out/Cargo.lock.before" || echo "gate-upgrade: the upgrade changes nothing in Cargo.lock" >&2
    play after "$crate"
}

# The crate at a revision, then as it is.
around_a_revision() {
    local revision=${1:-HEAD} top
    top=$(git -C "$crate" rev-parse --show-toplevel) || fail "$crate is not in a git repository; use --update"
    git -C "$top" rev-parse --verify --quiet "$revision^{commit}" >/dev/null || fail "there is no revision \`$revision\` here: fetch it first"
    base=$(mktemp -d)
    trap 'git -C "$crate" worktree remove --force "$base" 2>/dev/null || rm -rf "$base"' EXIT
    git -C "$top" worktree add --quiet --detach "$base" "$revision" || fail "cannot check out $revision"
    play before "$base/$(realpath --relative-to="$top" "$crate")"
    play after "$crate"
}

lock_of() {
    local folder=$1
    while [[ ! -f $folder/Cargo.lock ]]; do
        [[ $folder != / ]] || fail "there is no Cargo.lock at $1 or above: cargo generate-lockfile"
        folder=$(dirname "$folder")
    done
    echo "$folder/Cargo.lock"
}

# A test that fails has results all the same: what they mean is for the comparison to say.
play() {
    local name=$1 folder=$2
    [[ -f $folder/Cargo.toml ]] || fail "there is no crate at $folder ($name)"
    echo "gate-upgrade: $name: cargo test --test $test"
    # One target folder: most dependencies are the same in both.
    (
        cd "$folder"
        export CI=true CLOSEWAIT_RESULTS="$out/$name.json" CLOSEWAIT_PCAP="$out/$name.pcapng"
        export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$crate/target}"
        unset CLOSEWAIT_ACCEPT
        cargo test --locked --test "$test"
    ) >"$out/$name.log" 2>&1 || true
    [[ -f $out/$name.json ]] || {
        tail -n 30 "$out/$name.log" >&2
        fail "the test \`$test\` gave no results ($name); the whole output is in $out/$name.log"
    }
    grep -E '^[^ ].*: [0-9]+ scenarios?: ' "$out/$name.log" || true
}

compare() {
    local code=0
    (
        cd "$crate"
        "$closewait" gate --baseline "$out/before.json" --current "$out/after.json" \
            --markdown "$out/summary.md" --junit "$out/junit.xml"
    ) || code=$?
    if [[ -f $out/summary.md && $code != 0 ]]; then
        {
            echo
            echo "To accept what is different: \`CLOSEWAIT_ACCEPT=1 cargo test --test $test\`, look at the snapshots that"
            echo "changed, and commit them with the upgrade."
        } >>"$out/summary.md"
    fi
    if [[ -n ${GITHUB_STEP_SUMMARY:-} && -f $out/summary.md ]]; then
        cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    echo "gate-upgrade: report, results and captures are in $out"
    exit "$code"
}

main "$@"
