#!/usr/bin/env bash
# ci/gate-upgrade.sh itself, on a throw-away copy of an example: a bump that changes nothing passes, a planted regression
# does not, and what is wrong with a call is said. Released versions are compared by ci/upgrades.sh, which builds them.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
gate=$root/ci/gate-upgrade.sh
closewait=${CLOSEWAIT:-${CARGO_TARGET_DIR:-$root/target}/debug/closewait}
# Where ci/examples.sh has built what the copy needs.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} GIT_CONFIG_GLOBAL=/dev/null
unset GITHUB_BASE_REF GITHUB_ACTIONS GITHUB_STEP_SUMMARY CLOSEWAIT_ACCEPT

work=$(mktemp -d)
# Cargo would take what is built of the copy for the example's own.
trap 'rm -rf "$work"; cd "$root/examples/hyper-retry"; cargo clean --quiet --locked -p hyper-retry' EXIT
crate=$work/crate

# Exit code, what must be said, and the arguments.
check() {
    local code=$1 words=$2 said ended=0
    shift 2
    said=$("$gate" --closewait "$closewait" --crate "$crate" --out "$work/out" "$@" 2>&1) || ended=$?
    if [[ $ended != "$code" || $said != *"$words"* ]]; then
        printf 'gate-upgrade.sh %s\nends with %s, not with %s, or does not say: %s\n%s\n' "$*" "$ended" "$code" "$words" "$said"
        exit 1
    fi
    echo "ok: $code: $words"
}

# A condition, and what is wrong if it does not hold.
must() {
    local wrong=$1
    shift
    "$@" || { echo "$wrong"; exit 1; }
}

cp -r "$root/examples/hyper-retry" "$crate"
sed -i "s#path = \"../..\"#path = \"$root\"#" "$crate/Cargo.toml"
cd "$crate"
check 2 'is not in a git repository' --before HEAD
git init --quiet
git add .
git -c user.name=ci -c user.email=ci@localhost commit --quiet --message 'Before the upgrade'

check 2 'is not an option' --bogus
check 2 'needs a value' --before
check 2 'exclude each other' --before HEAD --update http
check 2 'there is no Cargo.toml in' --crate "$work/no-such-crate"
check 2 'there is no command' --closewait no-such-command
check 2 'there is no revision' --before no-such-revision
check 2 'did not match any packages' --update no-such-package@1.2.3
check 2 'cannot bring http@99.0.0 into' --update http@99.0.0
check 2 'no test target named `no-such-test`' --test no-such-test --before HEAD

# The same lock again: nothing is different.
version=$(sed -n '/^name = "http-body"$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
check 0 'the upgrade changes nothing in Cargo.lock' --update "http-body@$version"
must 'an empty diff is not reported as one' grep -q 'same' "$work/out/summary.md"
must 'the crate was changed' git diff --quiet

# The planted regression: the retry layer no longer looks at the method. The sources of both sides are built.
sed -i 's/ || !request.method().is_idempotent()//' src/lib.rs
check 1 'at-most-once: holds → violated: b (POST) was executed 2 times' --before HEAD
for file in before.json after.json before.pcapng after.pcapng before.lock after.lock report.html summary.md junit.xml; do
    must "there is no $file" test -s "$work/out/$file"
done
must 'the summary does not say how to accept' grep -q 'CLOSEWAIT_ACCEPT=1' "$work/out/summary.md"
must 'a worktree is left behind' test "$(git worktree list | wc -l)" = 1
