#!/bin/sh
# Rebuilds every C program in this folder: NAME.wasm beside the source. Packages as for ../c/build.sh.
set -eu
cd "$(dirname "$0")"
for source in *.c; do
    clang --target=wasm32-wasi -msimd128 -O2 -Wall -Wextra -ffp-contract=off -Wl,--strip-all -o "${source%.c}.wasm" "$source" -lm
done
