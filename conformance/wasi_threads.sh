#!/bin/sh
# The tests of the proposal wasi-threads, from a checkout of WebAssembly/wasi-threads: `conformance/wasi_threads.sh PATH [MINIVM]`.
# Needs clang, lld, wasi-libc and Python for what each is to exit with.
set -eu
tests="${1:?say where the checkout is}/test/testsuite"
minivm="${2:-minivm}"
made="$(mktemp -d)"
trap 'rm -rf "$made"' EXIT

# The library of Debian knows nothing of threads, but this program calls none of what would have to.
compile="clang --target=wasm32-wasi -matomics -mbulk-memory -O1"
echo 'int __wasi_thread_spawn(void *argument)
    __attribute__((__import_module__("wasi"), __import_name__("thread-spawn")));' > "$made/spawn.h"
$compile -include "$made/spawn.h" -c "$tests/thread_spawn-simple.c" -o "$made/simple.o"
$compile -c "$tests/wasi_thread_spawn.S" -o "$made/spawn.o"
clang --target=wasm32-wasi "$made/simple.o" "$made/spawn.o" -o "$made/thread_spawn-simple.wasm" \
    -Wl,--no-check-features,--shared-memory,--import-memory,--max-memory=67108864

good=0 all=0
for module in "$tests"/*.wat "$made"/*.wasm; do
    name="$(basename "${module%.*}")"
    expected=0
    if [ -f "$tests/$name.json" ]; then
        expected="$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get("exit_code", 0))' "$tests/$name.json")"
    fi
    # Some read from an input that must stay open, and end before they have read anything.
    mkfifo "$made/input"
    exec 3<> "$made/input"
    status=0
    timeout 30 "$minivm" "$module" < "$made/input" > "$made/output" 2>&1 || status=$?
    exec 3>&-
    rm "$made/input"
    all=$((all + 1))
    if [ "$status" = "$expected" ]; then good=$((good + 1)); else echo "$name: $status instead of $expected"; cat "$made/output"; fi
done
echo "$good of $all"
[ "$good" = "$all" ]
