#!/usr/bin/env bash
# The harness with the lowest versions that Cargo.toml admits, in a throw-away copy of an example that takes its connector: it
# builds, and plays. A bound that cannot be reached, since another dependency asks for more, is an error as well: it says
# of a version that it will do, and nobody has ever built with it.
#
# Builds most dependencies anew: some minutes. KEEP=FOLDER keeps what is built there for the next time.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export CI=true CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=${KEEP:-$work/target}

# As git has them, uncommitted changes included: no lock file of the example binds the copy.
cd "$root"
git ls-files -z | xargs -0 cp --parents -t "$work"
cd "$work/examples/hyper-retry"
cargo update --quiet --workspace

# `name version`: what the crates of closewait depend on themselves, as this example gets it.
direct() {
    cargo tree --edges normal,dev --prefix depth | awk '
        { depth = $1; sub(/[^0-9].*/, "", depth); name = $1; sub(/^[0-9]+/, "", name); above[depth] = name }
        depth > 0 && above[depth - 1] ~ /^closewait/ && name !~ /^closewait/ { sub(/^v/, "", $2); sub(/\+.*/, "", $2); print name, $2 }' |
        sort -u
}

# The lower bound of a dependency, with all three numbers.
bound() {
    local version
    version=$(sed -n "s/^$1 = \\(\\|{ version = \\)\"=\\?\\([0-9.]*\\)\".*/\\2/p" "$work/Cargo.toml")
    while [[ $version != *.*.* ]]; do version=$version.0; done
    echo "$version"
}

# Each that goes down lets others go down: until nothing moves. What cargo says of the others is what keeps them up.
lower() {
    local moved=yes name version lowest
    while [[ -n $moved ]]; do
        moved=''
        : >"$work/kept"
        while read -r name version; do
            lowest=$(bound "$name")
            [[ $version != "$lowest" ]] || continue
            if cargo update --quiet --package "$name@$version" --precise "$lowest" 2>>"$work/kept"; then moved=yes; fi
        done < <(direct)
    done
    [[ ! -s $work/kept ]] || { echo "lower bounds that cannot be reached:" && cat "$work/kept" && exit 1; }
}

lower
direct
# What is accepted is of the newest versions: here nothing is compared, each scenario is only to come to an end.
CLOSEWAIT_ACCEPT=1 cargo test --locked --test closewait
