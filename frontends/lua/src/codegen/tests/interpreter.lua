-- Runs generated code on the reference implementation: an interpreter of portable functions, written in Lua itself.
-- `lua5.4 interpreter.lua PROGRAM [ARG…]`; PROGRAM returns the table that `execution.rs` writes. All values are Lua
-- values, so that libraries and metamethods are the real ones.
local program = dofile(arg[1])
local unpack, pack = table.unpack, table.pack

local imports = {
    check_close = function(value, name)
        local meta = getmetatable(value)
        if value and not (meta and meta.__close) then
            error("variable '" .. name .. "' got a non-closable value", 0)
        end
    end,
    __close = function(value, message) if value then getmetatable(value).__close(value, message) end end,
    pack = pack,
    unpack = function(packed) return unpack(packed, 1, packed.n) end,
}

-- Registers are numbers, constants are tables `{v}`.
local function get(registers, operand)
    if math.type(operand) then return registers[operand] end
    return operand[1]
end

local function list(frame, operands, open)
    local values = { n = #operands }
    for index, operand in ipairs(operands) do values[index] = get(frame.r, operand) end
    if open then
        for index = 1, frame.open.n do values[#operands + index] = frame.open[index] end
        values.n = #operands + frame.open.n
        frame.open = nil
    end
    return values
end

local function spread(values) return unpack(values, 1, values.n) end

local function store(frame, registers, values)
    for index, register in ipairs(registers) do frame.r[register] = values[index] end
end

local ops, ends = {}, {}
local function binary(name, compute)
    ops[name] = function(f, dst, lhs, rhs) f.r[dst] = compute(get(f.r, lhs), get(f.r, rhs)) end
end
binary("add", function(a, b) return a + b end)
binary("sub", function(a, b) return a - b end)
binary("mul", function(a, b) return a * b end)
binary("div", function(a, b) return a / b end)
binary("modulo", function(a, b) return a % b end)
binary("pow", function(a, b) return a ^ b end)
binary("floor_div", function(a, b) return a // b end)
binary("bit_and", function(a, b) return a & b end)
binary("bit_or", function(a, b) return a | b end)
binary("bit_xor", function(a, b) return a ~ b end)
binary("shift_left", function(a, b) return a << b end)
binary("shift_right", function(a, b) return a >> b end)
binary("equal", function(a, b) return a == b end)
binary("less", function(a, b) return a < b end)
binary("less_equal", function(a, b) return a <= b end)
binary("get", function(a, b) return a[b] end)
local function unary(name, compute)
    ops[name] = function(f, dst, src) f.r[dst] = compute(get(f.r, src)) end
end
unary("copy", function(a) return a end)
unary("negate", function(a) return -a end)
unary("bit_not", function(a) return ~a end)
unary("length", function(a) return #a end)
unary("not", function(a) return not a end)
unary("cell_new", function(a) return { a } end)
unary("cell_get", function(a) return a[1] end)
function ops.cell_set(f, cell, src) get(f.r, cell)[1] = get(f.r, src) end
function ops.concat(f, dst, operands)
    local values = list(f, operands)
    local result = values[values.n]
    for index = values.n - 1, 1, -1 do result = values[index] .. result end
    f.r[dst] = result
end
function ops.table_new(f, dst) f.r[dst] = {} end
function ops.set(f, object, key, value) get(f.r, object)[get(f.r, key)] = get(f.r, value) end
function ops.get_method(f, callee, self, object, key)
    object = get(f.r, object)
    f.r[callee], f.r[self] = object[get(f.r, key)], object
end
local function append(f, object, first, values)
    object = get(f.r, object)
    for index = 1, values.n do rawset(object, first + index - 1, values[index]) end
end
function ops.append(f, object, first, operands) append(f, object, first, list(f, operands)) end
function ops.append_open(f, object, first, operands) append(f, object, first, list(f, operands, true)) end
function ops.capture_get(f, dst, index) f.r[dst] = f.captures[index + 1] end
function ops.capture_cell_get(f, dst, index) f.r[dst] = f.captures[index + 1][1] end
function ops.capture_cell_set(f, index, src) f.captures[index + 1][1] = get(f.r, src) end
function ops.current_function(f, dst) f.r[dst] = f.closure end
function ops.call_any(f, results, callee, operands) store(f, results, pack(get(f.r, callee)(spread(list(f, operands))))) end
function ops.call_any_open(f, results, callee, operands)
    store(f, results, pack(get(f.r, callee)(spread(list(f, operands, true)))))
end
function ops.call_any_to_open(f, callee, operands) f.open = pack(get(f.r, callee)(spread(list(f, operands)))) end
function ops.call_any_open_to_open(f, callee, operands)
    f.open = pack(get(f.r, callee)(spread(list(f, operands, true))))
end
function ops.varargs(f, results) store(f, results, f.varargs) end
function ops.varargs_to_open(f) f.open = f.varargs end

-- Ends of blocks return the next block, or nothing and what is returned: a callee with its arguments, or false and values.
function ends.jump(_, target) return target end
function ends.branch_truthy(f, cond, yes, no) if get(f.r, cond) then return yes end return no end
function ends.branch_equal(f, a, b, yes, no) if get(f.r, a) == get(f.r, b) then return yes end return no end
function ends.branch_less(f, a, b, yes, no) if get(f.r, a) < get(f.r, b) then return yes end return no end
function ends.branch_less_equal(f, a, b, yes, no) if get(f.r, a) <= get(f.r, b) then return yes end return no end
function ends.for_prepare(f, index, limit, step, variable, body, done)
    local r = f.r
    local values = {}
    if r[step] == 0 then error("'for' step is zero", 0) end
    if not (math.type(r[index]) == "integer" and math.type(r[step]) == "integer") then
        r[index], r[step] = r[index] + 0.0, r[step] + 0.0
    end
    -- The loop of the machine underneath knows all the rules; its values are taken one by one.
    f.loops[index] = coroutine.wrap(function() for value = r[index], r[limit], r[step] do coroutine.yield(value) end end)
    return ends.for_loop(f, index, limit, step, variable, body, done)
end
function ends.for_loop(f, index, _, _, variable, body, done)
    local value = f.loops[index]()
    f.r[variable] = value
    if value == nil then return done end
    return body
end
function ends.for_each(f, results, iterator, state, control, body, done)
    local r = f.r
    store(f, results, pack(get(r, iterator)(get(r, state), get(r, control))))
    if r[results[1]] ~= nil then return body end
    return done
end
function ends.return_values(f, operands) return nil, false, list(f, operands) end
function ends.return_open(f, operands) return nil, false, list(f, operands, true) end
function ends.tail_call_any(f, callee, operands) return nil, get(f.r, callee), list(f, operands) end
function ends.tail_call_any_open(f, callee, operands) return nil, get(f.r, callee), list(f, operands, true) end
function ends.throw(f, value) error(get(f.r, value), 0) end

local closures
-- Runs blocks of `frame` from `block` on while they are within the regions entered so far, `depth` many.
local function run(frame, block, depth)
    local fn = frame.fn
    while true do
        local around = fn.around[block]
        if #around < depth or (depth > 0 and around[depth] ~= frame.regions[depth]) then return block end
        if #around > depth then
            local region = around[depth + 1]
            frame.regions[depth + 1] = region
            local ok, next_block, callee, values = pcall(run, frame, block, depth + 1)
            if not ok then
                frame.r[region.error], block = next_block, region.handler
            elseif next_block then
                block = next_block
            else
                return nil, callee, values
            end
        else
            local code = fn.blocks[block]
            for index = 1, #code - 1 do
                local instruction = code[index]
                local op = ops[instruction[1]] or closures[instruction[1]]
                op(frame, unpack(instruction, 2))
            end
            local last = code[#code]
            local next_block, callee, values = ends[last[1]](frame, unpack(last, 2))
            if not next_block then return nil, callee, values end
            block = next_block
        end
    end
end

local function make(number, captures)
    local fn = program[number]
    if fn.import then return imports[fn.import] end
    local closure
    function closure(...)
        local arguments = pack(...)
        local frame = { fn = fn, r = {}, captures = captures, closure = closure, regions = {}, loops = {} }
        for index = 1, fn.params do frame.r[index - 1] = arguments[index] end
        frame.varargs = pack(select(fn.params + 1, ...))
        local _, callee, values = run(frame, 0, 0)
        if callee then return callee(spread(values)) end
        return spread(values)
    end
    return closure
end
closures = {
    closure = function(f, dst, number, operands) f.r[dst] = make(number, list(f, operands)) end,
    ref_func = function(f, dst, number) f.r[dst] = make(number, {}) end,
}
for _, fn in pairs(program) do
    if type(fn) == "table" and fn.blocks then
        fn.around = {}
        for block in pairs(fn.blocks) do
            local around = {}
            -- Inner regions stand before outer ones.
            for index = #fn.regions, 1, -1 do
                local region = fn.regions[index]
                if region.first <= block and block < region.past then around[#around + 1] = region end
            end
            fn.around[block] = around
        end
    end
end
local main = make(program.main, { program.boxed and { _ENV } or _ENV })
arg = { [0] = arg[0], unpack(arg, 2) }
local results = pack(pcall(main, unpack(arg)))
if not results[1] then print("error:", results[2]) end
