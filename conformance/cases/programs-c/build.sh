#!/bin/sh
# Rebuilds main.wasm of every program here. Needs clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian and Ubuntu names); for
# `setjmp`, whose library and newer clang Debian lacks, zig (`pip install ziglang`, with the venv's Python as $PYTHON).
# What the programs must print comes from native builds: `cargo accept programs-c`.
set -eu
cd "$(dirname "$0")"
zig="${PYTHON:-python3} -m ziglang"
for source in */main.c; do
    module="${source%.c}.wasm"
    # Those that are links are built by bench/c/build.sh.
    [ -L "$module" ] && continue
    case "$source" in
    setjmp*)
        # Jumps are exceptions, in the form of WebAssembly 3.0 or in the one before it.
        case "$source" in *legacy/*) legacy=true ;; *) legacy=false ;; esac
        $zig cc --target=wasm32-wasi -mcpu=generic+exception_handling -O2 -Wall -Wextra -ffp-contract=off \
            -mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=$legacy -Wl,--strip-all -o "$module" "$source" -lm
        ;;
    *) clang --target=wasm32-wasi -O2 -Wall -Wextra -ffp-contract=off -Wl,--strip-all -o "$module" "$source" -lm ;;
    esac
done
