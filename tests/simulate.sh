#!/usr/bin/env bash
# Simulates hours of a hub on a disk that loses power, tears writes, fills up, fails and forgets.
#
# Usage: tests/simulate.sh [--seed S] [--hours N]
#   --seed S    the seed of the first hour (0); each further hour has the next one
#   --hours N   how many hours (1000)
#
# Uses all cores. What goes wrong is shown with the seed of its hour, which goes wrong in the same way each time. The
# last lines say how many hours and crashes there were; the exit code is 0 if nothing went wrong.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seed=0
hours=1000
while [[ $# -gt 0 ]]; do
    case $1 in
        --seed) seed=${2:?--seed takes a number}; shift 2 ;;
        --hours) hours=${2:?--hours takes a number}; shift 2 ;;
        -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
for number in "$seed" "$hours"; do
    if [[ ! $number =~ ^[0-9]+$ ]]; then
        echo "not a number: $number" >&2
        exit 2
    fi
done

FANQ_SIMULATION_SEED=$seed FANQ_SIMULATION_HOURS=$hours \
    cargo test --release --locked --package fanq --lib -- --ignored --exact --nocapture \
    storage::tests::hours::simulated_hours_on_demand
