#!/bin/sh
# Rebuilds every C program in this folder: NAME.wasm beside the source, and native/NAME, which git ignores.
# Needs clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian and Ubuntu package names).
set -eu
cd "$(dirname "$0")"
mkdir -p native
for source in *.c; do
    name="${source%.c}"
    clang --target=wasm32-wasi -O2 -Wall -Wextra -ffp-contract=off -Wl,--strip-all -o "$name.wasm" "$source" -lm
    clang -O2 -Wall -Wextra -ffp-contract=off -o "native/$name" "$source" -lm
done
