#!/usr/bin/env bash
# Real upgrades between released versions, in throw-away copies of the examples, by ci/gate-upgrade.sh: before, after, and
# the gate's verdict. Builds each version: some minutes. docs/gate-an-upgrade.md shows what comes out.
#
# Usage: upgrades.sh [FOLDER]     where the reports are kept [default: target/upgrades]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
closewait=${CLOSEWAIT:-${CARGO_TARGET_DIR:-$root/target}/debug/closewait}
reports=${1:-$root/target/upgrades}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

work=$(mktemp -d)
trap 'forget; rm -rf "$work"' EXIT

# Cargo would take what is built of the copies for the examples' own.
forget() {
    local example
    for example in "$root"/examples/*/; do
        (cd "$example" && cargo clean --quiet --locked -p "$(basename "$example")")
    done
}

# Example, package, version before, version after, exit code, what must be said.
upgrade() {
    local example=$1 package=$2 before=$3 after=$4 code=$5 words=$6 ended=0
    local crate=$work/$example-$before-$after out=$reports/$package-$before-$after
    printf '\n== %s: %s %s → %s\n' "$example" "$package" "$before" "$after"
    cp -r "$root/examples/$example" "$crate"
    sed -i "s#path = \"../..\"#path = \"$root\"#" "$crate/Cargo.toml"
    (cd "$crate" && cargo update --quiet -p "$package" --precise "$before")
    mkdir -p "$out"
    ci/gate-upgrade.sh --closewait "$closewait" --crate "$crate" --out "$out" --update "$package@$after" 2>&1 |
        tee "$out/said.log" || ended=${PIPESTATUS[0]}
    if [[ $ended != "$code" ]] || ! grep -qF -- "$words" "$out/said.log"; then
        echo "ends with $ended, not with $code, or does not say: $words"
        exit 1
    fi
}

upgrade hyper-retry hyper 1.11.0 1.12.0 0 'fixed  persistence/connection-close-in-request'
upgrade hyper-retry hyper-util 0.1.5 0.1.21 0 'same'
upgrade gate-reqwest reqwest 0.12.4 0.12.28 0 'same'
