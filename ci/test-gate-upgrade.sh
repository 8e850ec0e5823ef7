#!/usr/bin/env bash
# ci/gate-upgrade.sh itself, on a throw-away copy of an example: a bump that changes nothing passes, a planted regression
# does not. The names of real upgrades and what they give are in docs/gate-an-upgrade.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
gate=$root/ci/gate-upgrade.sh
closewait=${CLOSEWAIT:-$root/target/debug/closewait}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/examples}
unset GITHUB_BASE_REF GITHUB_ACTIONS GITHUB_STEP_SUMMARY CLOSEWAIT_ACCEPT

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Exit code, what must be said, and the arguments.
check() {
    local code=$1 words=$2 said ended=0
    shift 2
    said=$("$gate" --closewait "$closewait" --crate "$work/crate" --out "$work/out" "$@" 2>&1) || ended=$?
    if [[ $ended != "$code" || $said != *"$words"* ]]; then
        printf 'gate-upgrade.sh %s\nends with %s, not with %s, or does not say: %s\n%s\n' "$*" "$ended" "$code" "$words" "$said"
        exit 1
    fi
    echo "ok: $code: ${words:-$*}"
}

cp -r "$root/examples/hyper-retry" "$work/crate"
cd "$work/crate"
sed -i "s#path = \"../..\"#path = \"$root\"#" Cargo.toml
git init --quiet
git add .
git -c user.name=ci -c user.email=ci@localhost commit --quiet --message 'Before the upgrade'

check 2 'is not an option' --bogus
check 2 'needs a value' --before
check 2 'exclude each other' --before HEAD --update http
check 2 'there is no revision' --before no-such-revision
check 2 'gave no results' --test no-such-test --before HEAD
check 2 'did not work' --update no-such-package@1.2.3

# The same lock again: nothing is different.
version=$(sed -n '/^name = "http-body"$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
check 0 'changes nothing in Cargo.lock' --update "http-body@$version"
git diff --quiet || { echo 'the crate was changed'; exit 1; }

# The planted regression: the retry layer no longer looks at the method.
sed -i 's/ || !request.method().is_idempotent()//' src/lib.rs
check 1 'at-most-once' --before HEAD
for file in before.json after.json before.pcapng after.pcapng summary.md junit.xml; do
    [[ -s $work/out/$file ]] || { echo "there is no $file"; exit 1; }
done
grep -q 'CLOSEWAIT_ACCEPT=1' "$work/out/summary.md" || { echo 'the summary does not say how to accept'; exit 1; }
[[ $(git worktree list | wc -l) == 1 ]] || { echo 'a worktree is left behind'; exit 1; }

