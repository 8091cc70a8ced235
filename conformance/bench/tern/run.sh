#!/usr/bin/env bash
# User times of Tern, of Lua on MiniVM and of lua5.4, in turn, as the least of some rounds: `conformance/bench/tern/run.sh [ROUNDS] [MINIVM] [TERN]`.
# `minivm` runs both languages; give another command for Tern where that is not built.
set -euo pipefail
cd "$(dirname "$0")"
rounds=${1:-5}
minivm=${2:-../../../target/release/minivm}
tern=${3:-$minivm}
seconds() { /usr/bin/time -f %U "$@" 2>&1 >/dev/null | tail -n 1; }
least() { sort -n | head -n 1; }
printf '%-10s %8s %8s %8s\n' program lua5.4 lua tern
for program in fib generator strings map; do
    : >"${TMPDIR:-/tmp}/tern-bench"
    for _ in $(seq "$rounds"); do
        echo "$(seconds lua5.4 $program.lua) $(seconds "$minivm" $program.lua) $(seconds "$tern" $program.tern)"
    done >"${TMPDIR:-/tmp}/tern-bench"
    row=()
    for column in 1 2 3; do row+=("$(cut -d ' ' -f $column "${TMPDIR:-/tmp}/tern-bench" | least)"); done
    printf '%-10s %8s %8s %8s\n' $program "${row[@]}"
    diff <("$minivm" $program.lua) <("$tern" $program.tern)
done
