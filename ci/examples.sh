#!/usr/bin/env bash
# Crates that use closewait as anybody's does: with the feature `harness` alone, which must build without a warning. Each
# has a lock file of its own. What they depend on in the same way as closewait itself is built once for all.
set -euo pipefail
cd "$(dirname "$0")/.."
export CI=true CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

mkdir -p target
for example in examples/*/; do
    (cd "$example" && cargo test --locked --test closewait) 2>&1 | tee target/examples.log
    ! grep -q '^warning' target/examples.log || { echo "$example: closewait is to build without a warning"; exit 1; }
done
