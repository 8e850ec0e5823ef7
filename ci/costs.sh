#!/usr/bin/env bash
# What closewait costs to build, to change and to test, in CPU seconds: the table in CONTRIBUTING.md.
set -euo pipefail

usage() {
    cat <<'USAGE'
Measures what it costs to build, change and test closewait, in CPU seconds (user and system, child processes included).

Usage: ci/costs.sh [STEP]...     [default: all of them, in this order]

  run       a fresh clone: cargo run --release
  test      a fresh clone: cargo test
  suite     the suite alone, built
  model     a derive is added in the scenario model, to a built test binary
  oracle    a string of an oracle is changed, to a built test binary
  report    a string of a report is changed, to a built test binary
  explore   a string of the explorer is changed, to a built test binary
  crate     a string of an oracle is changed: cargo test -p closewait-oracle
  user      the harness is added to a crate that builds reqwest already: CPU seconds and crates more

It works in a clone below $TMPDIR of the commit that is checked out: nothing in the tree is touched, and what is not
committed is not measured. The steps from `suite` to `crate` build what they change first, if no step before has. Crates that
were not downloaded yet are downloaded before anything is measured.

CPU seconds, unlike seconds, hardly depend on what else the machine does; half as much again for a machine that is very busy.
USAGE
}

fail() {
    echo "costs.sh: $*" >&2
    exit 2
}

ALL=(run test suite model oracle report explore crate user)

main() {
    local step steps=("$@")
    case ${1:-} in -h | --help) usage && exit 0 ;; esac
    for step in "${steps[@]}"; do
        [[ " ${ALL[*]} " == *" $step "* ]] || fail "\`$step\` is no step; see --help"
    done
    ((${#steps[@]} > 0)) || steps=("${ALL[@]}")
    root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    git clone --quiet --no-hardlinks "$root" "$work/closewait"
    cd "$work/closewait"
    # The clone's own target folder, and no setting of whoever calls.
    unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_INCREMENTAL RUSTFLAGS RUSTC_WRAPPER CI INSTA_UPDATE
    export CARGO_TERM_COLOR=never
    cargo fetch --locked --quiet
    printf '%-44s %s\n' "$(git log -1 --format=%h), $(rustc --version | cut -d' ' -f1,2), $(nproc) cores" 'CPU seconds'
    for step in "${steps[@]}"; do "step_$step"; done
}

# Prints what a command costs, under a name.
measure() {
    local name=$1 seconds
    shift
    seconds=$(cpu "$@") || exit 1
    printf '%-44s %s\n' "$name" "$seconds"
}

# The CPU seconds of a command, its children's among them. It must succeed: what a failure costs is of no use.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$work/log" 2>&1; } 2>"$work/time" || {
        tail -n 40 "$work/log" >&2
        fail "this failed: $*"
    }
    tail -n 1 "$work/time" | awk '{printf "%.0f\n", $1 + $2}'
}

# Replaces a text that is there in exactly one line. A change that changes nothing would measure nothing.
edit() {
    local file=$1 from=$2 to=$3
    [[ $(grep -cF -- "$from" "$file") == 1 ]] || fail "$file does not have exactly one line with: $from"
    awk -v from="$from" -v to="$to" \
        '{ at = index($0, from); if (at) $0 = substr($0, 1, at - 1) to substr($0, at + length(from)); print }' \
        "$file" >"$work/edited"
    cp "$work/edited" "$file"
}

built() {
    cargo test --locked --no-run >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2 && fail 'the tests do not build'; }
}

# A change, what it costs until there is a test binary, and the change back.
changed() {
    local name=$1 file=$2 from=$3 to=$4
    built
    edit "$file" "$from" "$to"
    measure "$name" cargo test --locked --no-run
    git checkout --quiet "$file"
}

step_run() {
    measure 'fresh clone: cargo run --release' cargo run --locked --release
}

step_test() {
    # Nothing of `run` is shared: its profile is another one.
    rm -rf target/debug
    measure 'fresh clone: cargo test' cargo test --locked
}

step_suite() {
    built
    measure 'the suite, built' cargo test --locked --test suite
}

step_model() {
    changed 'a derive in the scenario model' crates/scenario/src/model.rs 'pub enum Protocol {' '#[derive(Hash)] pub enum Protocol {'
}

step_oracle() {
    changed 'a string of an oracle' crates/oracle/src/no_leak.rs 'meaning: "the client host has sockets' 'meaning: "the host of the client has sockets'
}

step_report() {
    changed 'a string of a report' crates/report/src/words/origin.rs '"ignores PINGs".to_owned()' '"does not answer PINGs".to_owned()'
}

step_explore() {
    changed 'a string of the explorer' crates/explore/src/random/seeds.rs '"a seed is a table"' '"each seed is a table"'
}

step_crate() {
    local file=crates/oracle/src/no_leak.rs
    cargo test --locked -p closewait-oracle >"$work/log" 2>&1 || fail 'the tests of closewait-oracle fail'
    edit "$file" 'meaning: "the client host has sockets' 'meaning: "the host of the client has sockets'
    measure 'the same, cargo test -p closewait-oracle' cargo test --locked -p closewait-oracle
    git checkout --quiet "$file"
}

# The example is such a crate. Without closewait, its own dependencies and a test of nothing are built.
step_user() {
    local crate=examples/gate-reqwest alone both before after
    cd "$crate"
    cargo fetch --locked --quiet
    cp Cargo.toml "$work/with.toml"
    cp Cargo.lock "$work/with.lock"
    sed -i '/^\[dev-dependencies\]/,/^$/d; /^\[\[test\]\]/,/^$/d' Cargo.toml
    mv tests "$work/tests"
    before=$(crates)
    alone=$(cpu cargo test) || exit 1
    mv "$work/tests" tests
    cp "$work/with.toml" Cargo.toml
    cp "$work/with.lock" Cargo.lock
    after=$(crates)
    both=$(cpu cargo test --locked --test closewait) || exit 1
    printf '%-44s %s\n' "reqwest alone, $before crates" "$alone"
    printf '%-44s %s\n' "and with the harness, $((after - before)) crates more" "$both"
    cd "$work/closewait"
    git checkout --quiet "$crate"
}

# How many crates are built here.
crates() {
    cargo tree -e normal,build,dev --prefix none --format '{p}' | sed 's/ (\*)$//' | sort -u | wc -l
}

main "$@"
