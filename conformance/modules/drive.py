"""Calls a module's functions as a script of steps says, with what modules of Emscripten expect of JavaScript around them:
`python drive.py STEPS MODULE [GLUE]`, with the package `wasmtime`. drive.lua is the same for MiniVM."""
import re
import struct
import sys
import wasmtime

steps, path = sys.argv[1], sys.argv[2]
real_import, real_export = {}, {}
if len(sys.argv) > 3:
    glue = open(sys.argv[3], encoding="utf-8", errors="replace").read()
    found = re.search(r"(?:wasmImports|asmLibraryArg)=\{([^}]*)\}", glue)
    if found:
        real_import.update(re.findall(r'"([\w$]+)":([\w$]+)', found[1]))
    for pattern in (r'=Module\["_(\w+)"\]=Module\["asm"\]\["([\w$]+)"\]', r"\bc\._(\w+)=b\.([\w$]+)"):
        real_export.update(re.findall(pattern, glue))

config = wasmtime.Config()
config.wasm_exceptions = True
store = wasmtime.Store(wasmtime.Engine(config))
memory = None
exports = None
given = {}


class Longjmp(Exception):
    pass


class Stopped(Exception):
    pass


def export(name):
    return exports[real_export.get(name, name)]


def write(at, text):
    memory.write(store, text if isinstance(text, bytes) else text.encode("latin-1"), at & 0xFFFFFFFF)


def bytes_at(at, length):
    at &= 0xFFFFFFFF
    return bytes(memory.read(store, at, at + length))


def u32(at):
    return struct.unpack("<I", bytes_at(at, 4))[0]


def put(at, number):
    write(at, struct.pack("<I", number & 0xFFFFFFFF))


def out(data):
    sys.stdout.buffer.write(data)


def fd_write(fd, vectors, count, written):
    total = 0
    for i in range(count):
        at, length = u32(vectors + 8 * i), u32(vectors + 8 * i + 4)
        if fd == 1:
            out(bytes_at(at, length))
        total += length
    put(written, total)
    return 0


def environ_sizes_get(count, size):
    put(count, 0)
    put(size, 0)
    return 0


def random_get(at, length):
    write(at, b"\7" * length)
    return 0


def clock_time_get(_id, _precision, at):
    write(at, struct.pack("<q", 10**18))
    return 0


def resize_heap(size):
    pages = ((size & 0xFFFFFFFF) - memory.data_len(store) + 65535) // 65536
    try:
        memory.grow(store, pages)
        return 1
    except wasmtime.WasmtimeError:
        return 0


def fdstat(_fd, at):
    write(at, b"\2" + bytes(23))
    return 0


def copy(to, source, length):
    write(to, bytes_at(source, length))
    return to


def stop(reason):
    raise Stopped(reason)


def longjmp():
    raise Longjmp()


HOST = {
    "fd_write": fd_write,
    "environ_sizes_get": environ_sizes_get,
    "random_get": random_get,
    "clock_time_get": clock_time_get,
    "emscripten_resize_heap": resize_heap,
    "emscripten_memcpy_big": copy,
    "emscripten_memcpy_js": copy,
    "emscripten_get_heap_max": lambda: 1 << 30,
    "emscripten_date_now": lambda: 1.0e12,
    "emscripten_get_now": lambda: 1000.0,
    "emscripten_get_now_is_monotonic": lambda: 1,
    "fd_seek": lambda *_: 70,
    "environ_get": lambda *_: 0,
    "fd_close": lambda *_: 0,
    "fd_prestat_get": lambda *_: 8,
    "fd_fdstat_get": fdstat,
    "fd_fdstat_set_flags": lambda *_: 0,
    "syscall_openat": lambda *_: -44,
    "tzset_js": lambda *_: None,
    "strftime": lambda *_: 0,
    "exit": lambda status: stop(f"exit {status}"),
    "proc_exit": lambda status: stop(f"exit {status}"),
    "abort": lambda: stop("abort"),
    "emscripten_throw_longjmp": longjmp,
}


def invoke_with(has_result):
    def invoke(index, *arguments):
        stack = export("stackSave")(store)
        try:
            return export("__indirect_function_table").get(store, index)(store, *arguments)
        except Longjmp:
            export("stackRestore")(store, stack)
            export("setThrew")(store, 1, 0)
            return 0 if has_result else None

    return invoke


def import_for(needed):
    name = real_import.get(needed.name, needed.name)
    if name.startswith("invoke_"):
        return invoke_with(bool(needed.type.results))
    known = HOST.get(name.lstrip("_")) or (lambda *_: stop(f"not here: {name}"))
    if needed.type.results:
        return known
    return lambda *arguments: (known(*arguments), None)[1]


def memory_is(module, name, pages, most):
    global memory
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(pages, most)))
    given[module, name] = memory


def start():
    global exports, memory
    module = wasmtime.Module.from_file(store.engine, path)
    linked = []
    for needed in module.imports:
        if isinstance(needed.type, wasmtime.FuncType):
            linked.append(wasmtime.Func(store, needed.type, import_for(needed)))
        else:
            linked.append(given[needed.module, needed.name])
    exports = wasmtime.Instance(store, module, linked).exports(store)
    if memory is None:
        memory = next(one for one in exports.values() if isinstance(one, wasmtime.Memory))


def text(at):
    length = 0
    while bytes_at(at + length, 1) != b"\0":
        length += 1
    return bytes_at(at, length)


def show(value):
    if value is None:
        value = "nil"
    if isinstance(value, float):
        value = "%.17g" % value
    out(value if isinstance(value, bytes) else str(value).encode("latin-1"))
    out(b"\n")


names = {
    "import_is": real_import.__setitem__,
    "memory_is": memory_is,
    "start": start,
    "call": lambda name, *arguments: export(name)(store, *arguments),
    "at": lambda base, offset: base + offset,
    "write": write,
    "u32": u32,
    "put": put,
    "put_f32": lambda at, number: write(at, struct.pack("<f", number)),
    "text": text,
    "bytes": bytes_at,
    "hex": lambda at, length: bytes_at(at, length).hex(),
    "show": show,
}
try:
    exec(compile(open(steps, encoding="utf-8").read(), steps, "exec"), names)
except Exception as problem:
    out(f"stopped: {str(problem).splitlines()[0]}\n".encode())
    print(problem, file=sys.stderr)
