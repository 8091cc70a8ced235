#!/bin/sh
# The trials of the safe interface (vm/tests/sound_api.rs) under valgrind: no invalid access, no use of what was not written.
set -eu
cd "$(dirname "$0")/.."
test=$(cargo test -p minivm --test sound_api --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*sound_api-[^"]*\)".*/\1/p' | tail -n 1)
valgrind --quiet --error-exitcode=9 "$test" --test-threads=1 "$@"
