#!/bin/sh
# Random modules with garbage collection, exceptions, vectors, 64-bit memories and the rest do in MiniVM what they do in wasmtime:
# `conformance/generated.sh FROM TO [MINIVM]`. $PYTHON has the package `wasmtime`. Prints the modules that differ.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
from="${1:?say the first number}" to="${2:?say the number after the last one}"
minivm="${3:-minivm}"
python="${PYTHON:-python3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/modules"
if [ -n "${GENERATED_MODULES:-}" ]; then
    "$GENERATED_MODULES" "$work/modules" "$from" "$to"
else
    cargo run -q --manifest-path "$here/Cargo.toml" --example generated_modules -- "$work/modules" "$from" "$to"
fi
"$python" "$here/modules/generated.py" "$work/modules" "$work/calls" "$work/expected"
# Some make arrays as large as there is memory for.
"$minivm" --memory-max 256M "$here/modules/generated.lua" "$work/modules" "$work/calls" > "$work/found"
awk '
    FNR == 1 { file++ }
    $1 == "module" { number = $2 }
    file == 1 { expected[FNR] = $0; next }
    $0 == "open" { open[number]; next }
    expected[FNR] != $0 && !(number in differs) { differs[number]; print number ": " $0 ", not " expected[FNR] }
    END {
        for (number in differs) count++
        for (number in open) opened++
        print FNR " lines, " count + 0 " modules differ, " opened + 0 " lack memory"
        exit count > 0
    }
' "$work/expected" "$work/found"
