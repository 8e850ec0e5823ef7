#!/usr/bin/env bash
# Every bridged run again and again where loopback is late, with and without busy loops beside: no two traces may differ.
# Delays by netem where the kernel has it, else by token buckets. Takes hours at 500 repetitions; nothing of it is in CI.
#
# Usage: late-loopback.sh [REPETITIONS [LOOPS]]     [default: 500 8]
set -euo pipefail
cd "$(dirname "$0")/.."
repetitions=${1:-500}
loops=${2:-8}
closewait=${CLOSEWAIT:-${CARGO_TARGET_DIR:-target}/debug/closewait}
busy=()
trap 'rest' EXIT

# Everything that follows runs with loopback shaped as the first argument says.
late() {
    unshare --map-root-user --net sh -c '
        ip link set lo mtu 1500 up
        [ -z "$0" ] || tc qdisc add dev lo root $0 || exit 99
        exec "$@"' "$@"
}

rest() {
    [[ ${#busy[@]} -eq 0 ]] || kill "${busy[@]}"
    busy=()
}

work() {
    for ((i = 0; i < loops; i++)); do
        sh -c 'while :; do :; done' &
        busy+=($!)
    done
}

shapes=("" "netem limit 100000 delay 1ms" "netem limit 100000 delay 20ms")
if ! late "${shapes[1]}" true 2>/dev/null; then
    echo "no sch_netem here: token buckets instead"
    shapes=("")
    for rate in 10mbit 1mbit 100kbit; do
        shapes+=("tbf rate $rate burst 1600 latency 1000s")
    done
fi

failed=0
for with in rest work; do
    $with
    for shape in "${shapes[@]}"; do
        echo "== ${shape:-as it is}, ${#busy[@]} busy loops, $repetitions runs of every pair of scenario and client"
        late "$shape" "$closewait" run --client reqwest --no-snapshots --repeat "$repetitions" || failed=1
    done
done
exit $failed
