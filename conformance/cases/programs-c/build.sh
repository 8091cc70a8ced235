#!/bin/sh
# Rebuilds main.wasm of every program here. Needs clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian and Ubuntu names).
# What the programs must print comes from native builds: `cargo accept programs-c`.
set -eu
cd "$(dirname "$0")"
for source in */main.c; do
    clang --target=wasm32-wasi -O2 -Wall -Wextra -ffp-contract=off -Wl,--strip-all -o "${source%.c}.wasm" "$source" -lm
done
