#!/bin/sh
# Installs the peers of peers.toml by public installs, and builds the native C programs. Debian or Ubuntu, as root.
# Rust peers go to $BENCH_PEERS, or target/peers in the workspace. A peer that cannot be built is skipped: the runner says so.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
peers="${BENCH_PEERS:-$root/target/peers}"
jobs="${JOBS:-1}"

apt-get update
apt-get install -y lua5.4 luajit clang lld libclang-dev wasi-libc libclang-rt-dev-wasm32 python3-venv

mkdir -p "$peers/bin"
[ -x "$peers/bin/wasmi" ] || cargo install wasmi_cli --version '^2.0' --root "$peers" -j "$jobs"
[ -x "$peers/simd/bin/wasmi" ] || cargo install wasmi_cli --version '^2.0' --features simd --root "$peers/simd" -j "$jobs"
[ -x "$peers/venv/bin/python" ] || python3 -m venv "$peers/venv"
"$peers/venv/bin/pip" install --quiet 'wasmtime==50.0.1'
for feature in stitch wasm3; do
    if cargo build --release -j "$jobs" --manifest-path "$here/peers/Cargo.toml" --target-dir "$peers/target" --features "$feature"; then
        cp "$peers/target/release/$feature-run" "$peers/bin/"
    else
        echo "setup.sh: $feature could not be built here and will be skipped" >&2
    fi
done

"$here/c/build.sh"
"$here/simd/build.sh"
