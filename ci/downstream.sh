#!/usr/bin/env bash
# closewait in other people's crates: the examples as they are, and the gate on an upgrade of one. It builds a client of its own for
# each, so it is a job beside ci/check.sh, not a part of it.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --locked
ci/examples.sh
ci/test-gate-upgrade.sh
