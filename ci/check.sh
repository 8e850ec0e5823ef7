#!/usr/bin/env bash
# Everything that a change must pass. A CI system runs this on a clean clone; so can anybody else.
set -euo pipefail
cd "$(dirname "$0")/.."

# A snapshot that differs fails the run; it is not written to disk for somebody to accept.
export CI=true INSTA_UPDATE=no CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

step() {
    printf '\n== %s\n' "$*"
    local begun=$SECONDS
    "$@"
    printf '== took %s s: %s\n' "$((SECONDS - begun))" "$*"
}

component() {
    cargo "$1" --version >/dev/null 2>&1 || step rustup component add "$2"
}

# A program of Debian's that tests read results back with: its command, its package.
tool() {
    command -v "$1" >/dev/null && return
    local root=()
    [[ $EUID -eq 0 ]] || root=(sudo)
    step "${root[@]}" apt-get update -qq
    step "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2"
}

# What the binary reads from the folder it is run in, and what the library reads when it is built.
packaged() {
    local files
    files=$(cargo package --list --allow-dirty 2>/dev/null)
    for wanted in Cargo.lock README.md LICENSE-APACHE LICENSE-MIT docs/scenario.schema.json; do
        grep -qxF "$wanted" <<<"$files" || { echo "the package lacks $wanted"; return 1; }
    done
    for wanted in $(git ls-files scenarios snapshots docs build.rs); do
        grep -qxF "$wanted" <<<"$files" || { echo "the package lacks $wanted"; return 1; }
    done
    echo "the package holds every scenario, snapshot and page"
}

# `cargo run` and `cargo test` build each dependency once: with the same features, dev-dependencies or not.
one_graph() {
    local with
    with=$(features normal,build,dev)
    features normal,build | while IFS= read -r line; do
        grep -qxF "$line" <<<"$with" || { echo "built twice, tests ask for other features: $line"; return 1; }
    done
    echo "cargo run and cargo test share what they build"
}

features() {
    cargo tree --locked -e "$1" -f '{p} {f}' --prefix none | sed 's/ (\*)$//' | grep -v "^closewait" | sort -u
}

# No test and no build may leave something behind in the sources.
untouched() {
    if [[ "$1" != "$(git status --porcelain)" ]]; then
        git status --porcelain
        echo "the tests changed files of the repository"
        return 1
    fi
}

component fmt rustfmt
tool tshark tshark
tool chromium chromium
tool tc iproute2
component clippy clippy
before=$(git status --porcelain)

step cargo fmt --check
step one_graph
step cargo clippy --locked --workspace --all-targets -- -D warnings
RUSTDOCFLAGS=-Dwarnings step cargo doc --locked --workspace --no-deps
step packaged
# The main job in the profile of the tests: a second build of every dependency would prove nothing more.
step cargo run --locked
# What other crates build: the harness alone. ci/downstream.sh tests whole crates that use it.
step cargo check --locked --no-default-features --features harness
step cargo test
step untouched "$before"
