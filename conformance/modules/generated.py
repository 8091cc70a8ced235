"""Calls the functions of modules that have numbers as parameters and results in wasmtime, and writes what they do, and what
generated.lua has to call: `python generated.py FOLDER CALLS EXPECTED`."""
import math
import os
import struct
import sys
import zlib
import wasmtime

folder, calls_file, expected_file = sys.argv[1:]
config = wasmtime.Config()
for feature in "gc function_references exceptions tail_call memory64 wide_arithmetic multi_memory extended_const".split():
    if hasattr(type(config), f"wasm_{feature}"):
        setattr(config, f"wasm_{feature}", True)
engine = wasmtime.Engine(config)
NUMBERS = {"i32", "i64", "f32", "f64"}
INTEGERS = [0, 1, -1, 7, 100, -2147483648, 2147483647, 65536]
FLOATS = [0.0, -0.0, 1.5, -3.25, 1e10, math.inf, math.nan, 0.1]


def shown(kind, value):
    if kind in ("i32", "i64"):
        return str(value)
    if kind == "f32":
        return "nan" if math.isnan(value) else struct.pack("<f", value).hex()
    return "nan" if math.isnan(value) else struct.pack("<d", value).hex()


def run(number, calls, expected):
    path = os.path.join(folder, f"{number}.wasm")
    try:
        module = wasmtime.Module.from_file(engine, path)
    except wasmtime.WasmtimeError as problem:
        print(f"{number}: wasmtime does not take it: {str(problem).splitlines()[-1]}", file=sys.stderr)
        return
    calls.write(f"module {number}\n")
    expected.write(f"module {number}\n")
    store = wasmtime.Store(engine)
    try:
        exports = wasmtime.Instance(store, module, []).exports(store)
    except (wasmtime.Trap, wasmtime.WasmtimeError):
        expected.write("fails\n")
        return
    seed = number
    for export in module.exports:
        if isinstance(export.type, wasmtime.FuncType):
            params = [str(kind) for kind in export.type.params]
            results = [str(kind) for kind in export.type.results]
            if not NUMBERS.issuperset(params + results):
                continue
            for _ in range(2):
                arguments, texts = [], []
                for kind in params:
                    seed = (seed * 1103515245 + 12345) % 2**31
                    pick = seed >> 8
                    value = FLOATS[pick % 8] if kind[0] == "f" else INTEGERS[pick % 8]
                    if kind == "f32":
                        value = struct.unpack("<f", struct.pack("<f", value))[0]
                    arguments.append(value)
                    texts.append("(0/0)" if value != value else "(1/0)" if value == math.inf else repr(value))
                calls.write(f"call {export.name} {','.join(results)} {' '.join(texts)}\n")
                try:
                    values = exports[export.name](store, *arguments)
                except (wasmtime.Trap, wasmtime.WasmtimeError):
                    expected.write(f"{export.name} traps\n")
                    continue
                values = [] if not results else [values] if len(results) == 1 else list(values)
                expected.write(f"{export.name} {' '.join(map(shown, results, values))}\n")
    for export in module.exports:
        if isinstance(export.type, wasmtime.GlobalType) and str(export.type.content) in NUMBERS:
            kind = str(export.type.content)
            calls.write(f"global {export.name} {kind}\n")
            expected.write(f"{export.name} {shown(kind, exports[export.name].value(store))}\n")
        if isinstance(export.type, wasmtime.MemoryType):
            memory = exports[export.name]
            size = memory.data_len(store)
            calls.write(f"memory {export.name}\n")
            expected.write(f"{export.name} {size} {zlib.crc32(bytes(memory.read(store, 0, size)))}\n")


with open(calls_file, "w", encoding="utf-8") as calls, open(expected_file, "w", encoding="utf-8") as expected:
    for number in sorted(int(name[:-5]) for name in os.listdir(folder) if name.endswith(".wasm")):
        run(number, calls, expected)
