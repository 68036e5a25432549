#!/usr/bin/env bash
# Measures the hub against its targets: each command for ten seconds, in pairs where a ratio is the target.
#
# Builds the release binary, or takes FANQ_BIN. The last lines are a table in Markdown. A target that is missed is
# called missed and is no failure: a busy machine measures itself. The exit code says whether everything was measured.
#
# BENCH_SECONDS  seconds of each measurement (10)
# BENCH_PAIRS    pairs of each ratio (3); five where a long queue is compared with a short one, or one endpoint is dead
# BENCH_FOLDER   where the logs lie (the working directory): a disk, not memory
# BENCH_BACKLOG  messages of the long queue (1000000)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${BENCH_SECONDS:-10}
pairs=${BENCH_PAIRS:-3}
flat_pairs=${BENCH_PAIRS:-5}
folder=${BENCH_FOLDER:-.}
backlog=${BENCH_BACKLOG:-1000000}

if [[ -z "${FANQ_BIN:-}" ]]; then
    cargo build --release --locked --package fanq --bin fanq
    FANQ_BIN=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/release/fanq
fi

# A virtual machine is given memory when it first touches it, which takes many times as long as to use it: without this
# the first measurements would be of that. Where there is little memory, or little to be measured, nothing is done.
warm_memory() {
    local free_kib file
    free_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || true)
    if [[ $seconds -ge 5 && ${free_kib:-0} -gt $((12 << 20)) ]]; then
        file=$(mktemp "$folder/fanq-bench-XXXXXX")
        dd if=/dev/zero of="$file" bs=1M count=6144 status=none || true
        rm -f "$file"
    fi
}

rows=()
failed=0

# row TARGET COMPARISON LIMIT FIELD UNIT SCENARIO-AND-FLAGS…
# Measures, and compares one figure with its limit. FIELD is a name in the object; a point leads into an object in it.
row() {
    local target=$1 comparison=$2 limit=$3 field=$4 unit=$5
    shift 5
    local shown="fanq bench" argument object figure errors others verdict
    for argument in "$@"; do
        if [[ $argument == *" "* ]]; then shown+=" \"$argument\""; else shown+=" $argument"; fi
    done
    printf '%s --duration %ss\n' "$shown" "$seconds" >&2
    warm_memory
    if ! object=$("$FANQ_BIN" bench "$@" --duration "${seconds}s" --folder "$folder" --json | tail -n 1); then
        failed=1
        rows+=("| $target | \`$shown\` | – | not measured |")
        return
    fi
    figure=$(field "$object" "$field")
    errors=$(field "$object" errors)
    others=$(field "$object" against.errors)
    if [[ -z $figure || ${errors:-0} -gt 0 || ${others:-0} -gt 0 ]]; then
        failed=1
        rows+=("| $target | \`$shown\` | – | not measured: ${errors:-0} errors, ${others:-0} of what it is compared with |")
        return
    fi
    verdict=$(awk -v figure="$figure" -v limit="$limit" -v comparison="$comparison" 'BEGIN {
        if (comparison == "none") print "–"
        else if (comparison == "least") print (figure >= limit ? "met" : "missed")
        else print (figure <= limit ? "met" : "missed")
    }')
    printf '    %s %s: %s\n' "$figure" "$unit" "$verdict" >&2
    rows+=("| $target | \`$shown\` | $figure $unit | $verdict |")
}

# A number in an object, at the top or in one of the objects in it: field OBJECT NAME or field OBJECT OUTER.NAME; nothing
# if it is not there.
field() {
    local object=$1 name=${2##*.}
    if [[ $2 == *.* ]]; then
        [[ $object == *"\"${2%%.*}\":{"* ]] || return 0
        object=${object#*"\"${2%%.*}\":{"}
        object=${object%%\}*}
    fi
    grep -oE "\"$name\":-?[0-9.]+" <<<"$object" | head -n 1 | cut -d : -f 2 || true
}

row "the floor itself: ≥ 90,000/s on a quiet machine of 2 cores" \
    least 90000 requests_per_s "requests/s" floor
row "SendMessage: ≥ 55 % of the floor" \
    least 0.55 ratios.requests "of the floor" send --against floor --pairs "$pairs"
row "SendMessageBatch of 10: ≥ 45 % of the floor" \
    least 0.45 ratios.requests "of the floor" send --batch 10 --against floor --pairs "$pairs"
row "receive 10 and delete 10: ≥ 45 % of the messages of SendMessageBatch of 10" \
    least 0.45 ratios.messages "of sending" receive --batch 10 --against send --pairs "$pairs"
row "FIFO send with 1,000 groups: ≥ 70 % of standard send" \
    least 0.7 ratios.requests "of standard send" send --fifo --groups 1000 --against send --pairs "$pairs"
row "publish to 10 queues: ≤ 1.5 × the CPU of one" \
    most 1.5 ratios.cpu "× the CPU" fanout --queues 10 --against "fanout --queues 1" --pairs "$pairs"
row "publish to 100 queues: ≤ 5 × the CPU of one" \
    most 5 ratios.cpu "× the CPU" fanout --queues 100 --against "fanout --queues 1" --pairs "$pairs"
row "publish to a waiting consumer, none: median ≤ 1 ms" \
    most 1 p50_ms "ms" e2e --durability none
row "the same, sync" \
    none 0 p50_ms "ms" e2e
row "10,000 long polls on 1,000 queues: ≤ 28 KiB of memory each" \
    most 28672 bytes_per_connection "bytes" polls --polls 10000 --queues 1000
row "of these, a send wakes one: p99 < 10 ms" \
    most 10 p99_ms "ms" polls --polls 10000 --queues 1000
row "push to 100 receivers over HTTP: ≥ 5,000 deliveries/s" \
    least 5000 messages_per_s "deliveries/s" push --queues 100 --rate 60
row "one dead endpoint among 100: p99 of the others within 25 %" \
    most 1.25 ratios.p99 "× the p99" push --queues 100 --rate 20 --dead 1 --against push --pairs "$flat_pairs"
row "publish to 1,000 filtered queues of which 10 match: ≤ 200 µs of CPU" \
    most 200 cpu_us_per_request "µs of CPU" fanout --queues 1000 --matching 10
row "10,000 idle WebSockets: ≤ 32 KiB of memory each" \
    most 32768 bytes_per_connection "bytes" ws idle --connections 10000
row "publish to a WebSocket that watches, 1,000/s, none: median ≤ 2 ms" \
    most 2 p50_ms "ms" ws live --rate 1000 --durability none
row "of the same: p99 ≤ 10 ms" \
    most 10 p99_ms "ms" ws live --rate 1000 --durability none
row "the same, sync" \
    none 0 p50_ms "ms" ws live --rate 1000
row "publish to a consumer over a WebSocket, 1,000/s, none: median ≤ 2 ms" \
    most 2 p50_ms "ms" ws consume --rate 1000 --durability none
row "of the same: p99 ≤ 10 ms" \
    most 10 p99_ms "ms" ws consume --rate 1000 --durability none
row "the same, sync" \
    none 0 p50_ms "ms" ws consume --rate 1000
row "push over WebSockets: ≥ 1.5 × the messages of receive 10 and delete 10" \
    least 1.5 ratios.messages "× the messages" ws drain --against "receive --batch 10" --pairs "$pairs"
row "1,000 watch a topic, 100 publishes/s" \
    none 0 messages_per_s "deliveries/s" ws live --subscribers 1000
row "one frozen WebSocket among 1,000: p99 of the others within 25 %" \
    most 1.25 ratios.p99 "× the p99" \
    ws live --subscribers 1000 --rate 20 --frozen 1 --against "ws live" --pairs "$flat_pairs"
row "a priority queue of 4 members: ≥ 80 % of the messages of a plain queue" \
    least 0.8 ratios.messages "of the plain queue" \
    receive --batch 10 --members 4 --against receive --pairs "$pairs"
# Within 20 %: no slower than four fifths. Nobody minds if the long queue is faster.
row "send with $backlog queued: within 20 % of 1,000 queued" \
    least 0.8 ratios.messages "of the short queue" \
    send --backlog "$backlog" --against "send --backlog 1000" --pairs "$flat_pairs"
row "receive with $backlog queued: within 20 % of 1,000 queued" \
    least 0.8 ratios.messages "of the short queue" \
    receive --batch 10 --backlog "$backlog" --against "receive --backlog 1000" --pairs "$flat_pairs"

echo
echo "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) processors, generator included; ${seconds} s each; 64 connections, bodies of 1 KiB, sync unless said."
echo
echo "| target | command | figure | |"
echo "|---|---|--:|---|"
printf '%s\n' "${rows[@]}"
exit "$failed"
