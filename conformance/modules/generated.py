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
INTEGERS = [0, 1, -1, 7, 100, -2147483648, 2147483647, 65536]
FLOATS = [0.0, -0.0, 1.5, -3.25, 1e10, math.inf, math.nan, 0.1]


def shown(kind, value):
    if kind in ("i32", "i64"):
        return str(value)
    if kind == "f32":
        return "nan" if math.isnan(value) else struct.pack("<f", value).hex()
    return "nan" if math.isnan(value) else struct.pack("<d", value).hex()


def named(digits):
    return bytes.fromhex(digits[1:]).decode()


def run(number, calls, expected):
    path = os.path.join(folder, f"{number}.wasm")
    try:
        module = wasmtime.Module.from_file(engine, path)
    except wasmtime.WasmtimeError as problem:
        print(f"{number}: wasmtime does not take it: {str(problem).splitlines()[-1]}", file=sys.stderr)
        return
    store = wasmtime.Store(engine)
    # Small enough that MiniVM has room for them in 256 MiB.
    store.set_limits(memory_size=1 << 26)
    head, failed = f"module {number}\n", False
    try:
        exports = wasmtime.Instance(store, module, []).exports(store)
    except wasmtime.Trap:
        failed = True
    except wasmtime.WasmtimeError:
        # It is too large for the limits.
        return
    calls.write(head)
    expected.write(head + "fails\n" * failed)
    if failed:
        return
    seed = number
    # Of the package itself a type that is no number ends the process.
    with open(os.path.join(folder, f"{number}.exports"), encoding="utf-8") as lines:
        listed = [line.rstrip("\n").split("\t") for line in lines]
    for what, name, params, results in listed:
        if what == "call":
            results = results.split(",") if results else []
            for _ in range(2):
                arguments, texts = [], []
                for kind in params.split(",") if params else []:
                    seed = (seed * 1103515245 + 12345) % 2**31
                    pick = seed >> 8
                    value = FLOATS[pick % 8] if kind[0] == "f" else INTEGERS[pick % 8]
                    if kind == "f32":
                        value = struct.unpack("<f", struct.pack("<f", value))[0]
                    arguments.append(value)
                    texts.append("(-(0/0))" if value != value else "(1/0)" if value == math.inf else repr(value))
                traps = False
                try:
                    values = exports[named(name)](store, *arguments)
                except (wasmtime.Trap, wasmtime.WasmtimeError) as problem:
                    # It traps where a 64-bit table is to grow by more than there is, which the specification lets fail.
                    if "out of memory" in str(problem):
                        return
                    traps = True
                calls.write(f"call {name} {','.join(results)} {' '.join(texts)}\n")
                if traps:
                    expected.write(f"{name} traps\n")
                    continue
                values = [] if not results else [values] if len(results) == 1 else list(values)
                expected.write(f"{name} {' '.join(map(shown, results, values))}\n")
    for what, name, kind, _ in listed:
        if what == "global":
            calls.write(f"global {name} {kind}\n")
            expected.write(f"{name} {shown(kind, exports[named(name)].value(store))}\n")
        if what == "memory":
            memory = exports[named(name)]
            size = memory.data_len(store)
            calls.write(f"memory {name}\n")
            expected.write(f"{name} {size} {zlib.crc32(bytes(memory.read(store, 0, size)))}\n")


with open(calls_file, "w", encoding="utf-8") as calls, open(expected_file, "w", encoding="utf-8") as expected:
    for number in sorted(int(name[:-5]) for name in os.listdir(folder) if name.endswith(".wasm")):
        run(number, calls, expected)
