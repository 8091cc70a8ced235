#!/bin/sh
# Rebuilds main.wasm of every program here and records, from a native build, what it prints: expected.txt, and stderr.txt when
# it writes there. Programs run in an empty directory of their own, with the arguments of args.txt and stdin.txt as input.
# Needs clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian and Ubuntu package names).
set -eu
cd "$(dirname "$0")"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
for folder in */; do
    name="${folder%/}"
    flags="-O2 -Wall -Wextra -ffp-contract=off"
    clang --target=wasm32-wasi $flags -Wl,--strip-all -o "$name/main.wasm" "$name/main.c" -lm
    clang $flags -o "$scratch/program" "$name/main.c" -lm
    input=/dev/null
    [ -f "$name/stdin.txt" ] && input="$PWD/$name/stdin.txt"
    args=""
    [ -f "$name/args.txt" ] && args="$(cat "$name/args.txt")"
    expected="$PWD/$name/expected.txt"
    mkdir "$scratch/empty"
    code=0
    (cd "$scratch/empty" && "$scratch/program" $args >"$expected" 2>"$scratch/stderr" <"$input") || code=$?
    rm -rf "$scratch/empty"
    [ -s "$scratch/stderr" ] && cp "$scratch/stderr" "$name/stderr.txt"
    if [ "$code" != "$(cat "$name/exit.txt" 2>/dev/null || echo 0)" ]; then
        echo "$name: exit code $code" >&2
        exit 1
    fi
done
