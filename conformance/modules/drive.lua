-- Calls a module's functions as a script of steps says, with what modules of Emscripten expect of JavaScript around them:
-- `minivm drive.lua STEPS MODULE [GLUE]`. Each file of steps is Lua and Python at once; drive.py is the same for wasmtime.
local steps, path, glue = arg[1], arg[2], arg[3]

local longjmp = {}
local imports, exports, real_import, real_export = {}, nil, {}, {}
local memory

local function export(name) return exports[real_export[name] or name] or error("no export " .. name) end

-- What the glue calls imports and exports whose names were made short.
if glue then
    local file = assert(io.open(glue, "rb"))
    local text = file:read("a")
    file:close()
    local table_of_imports = text:match("wasmImports=(%b{})") or text:match("asmLibraryArg=(%b{})") or ""
    for short, name in table_of_imports:gmatch('"([%w_$]+)":([%w_$]+)') do real_import[short] = name end
    for name, short in text:gmatch('=Module%["_([%w_]+)"%]=Module%["asm"%]%["([%w_$]+)"%]') do real_export[name] = short end
    for name, short in text:gmatch('%f[%w]c%._([%w_]+)=b%.([%w_$]+)') do real_export[name] = short end
end

local host = {}
function host.fd_write(fd, vectors, count, written)
    local total = 0
    for i = 0, count - 1 do
        local at, length = memory:get("u32", vectors + 8 * i), memory:get("u32", vectors + 8 * i + 4)
        if fd == 1 then io.write(memory:string(at, length)) end
        total = total + length
    end
    memory:set("u32", written, total)
    return 0
end
function host.environ_sizes_get(count, bytes)
    memory:set("u32", count, 0)
    memory:set("u32", bytes, 0)
    return 0
end
function host.random_get(at, length) memory:fill(at, 7, length) return 0 end
function host.clock_time_get(_, _, at) memory:set("i64", at, 10 ^ 18 // 1) return 0 end
function host.emscripten_resize_heap(bytes)
    return memory:grow((bytes % 2 ^ 32 - memory:size() + 65535) // 65536) and 1 or 0
end
-- Some versions give the address back.
function host.emscripten_memcpy_big(to, from, length) memory:write(to, memory:string(from, length)) return to end
host.emscripten_memcpy_js = host.emscripten_memcpy_big
function host.emscripten_get_heap_max() return 1 << 30 end
function host.emscripten_date_now() return 1.0e12 end
function host.emscripten_get_now() return 1000.0 end
function host.emscripten_get_now_is_monotonic() return 1 end
function host.fd_seek() return 70 end
function host.environ_get() return 0 end
function host.fd_close() return 0 end
function host.fd_prestat_get() return 8 end
function host.fd_fdstat_get(_, at) memory:fill(at, 0, 24) memory:fill(at, 2, 1) return 0 end
function host.fd_fdstat_set_flags() return 0 end
-- There are no files.
function host.syscall_openat() return -44 end
function host.tzset_js() end
function host.strftime() return 0 end
function host.exit(status) error("exit " .. status, 0) end
host.proc_exit = host.exit
function host.abort() error("abort", 0) end
function host.emscripten_throw_longjmp() error(longjmp, 0) end

local function invoke(index, ...)
    local stack = export "stackSave"()
    local results = table.pack(pcall(export "__indirect_function_table":get(index), ...))
    if results[1] then return table.unpack(results, 2, results.n) end
    if results[2] ~= longjmp then error(results[2], 0) end
    export "stackRestore"(stack)
    export "setThrew"(1, 0)
    return 0
end

local function import(short)
    local name = real_import[short] or short
    if name:find "^invoke_" then return invoke end
    return host[name:match "^_*(.*)$"] or function() error("not here: " .. name, 0) end
end

local env = {}
-- Where the module is renamed by no glue: what its import stands for.
function env.import_is(short, name) real_import[short] = name end
function env.memory_is(module, name, pages, most)
    memory = wasm.memory(pages, most)
    imports[module] = imports[module] or {}
    imports[module][name] = memory
end
function env.start()
    local module = wasm.compile(path)
    for _, needed in ipairs(module:imports()) do
        imports[needed.module] = imports[needed.module] or {}
        if needed.kind == "function" then imports[needed.module][needed.name] = import(needed.name) end
    end
    exports = wasm.instantiate(module, imports)
    for _, one in pairs(exports) do
        if not memory and type(one) ~= "function" and type(one) ~= "number" and one.pages then memory = one end
    end
end
function env.call(name, ...) return export(name)(...) end
function env.at(base, offset) return base + offset end
function env.write(at, text) memory:write(at, text) end
function env.u32(at) return memory:get("u32", at) end
function env.put(at, number) memory:set("u32", at, number) end
function env.put_f32(at, number) memory:set("f32", at, number) end
function env.text(at)
    local length = 0
    while memory:get("u8", at + length) ~= 0 do length = length + 1 end
    return memory:string(at, length)
end
function env.bytes(at, length) return memory:string(at, length) end
function env.hex(at, length)
    return (memory:string(at, length):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end
function env.show(value) io.write(math.type(value) == "float" and ("%.17g"):format(value) or tostring(value), "\n") end

local run = assert(loadfile(steps, "t", env))
local good, problem = pcall(run)
if not good then
    io.write("stopped: ", tostring(problem):match "^[^\n]*", "\n")
    io.stderr:write(tostring(problem), "\n")
end
