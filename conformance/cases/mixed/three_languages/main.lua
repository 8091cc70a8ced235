-- Lua, WebAssembly and bytecode made with the builder call one another.
local log = {}
package.loaded.env = {
  seen = function(what, x) log[#log + 1] = what .. ": " .. x end,
  round = function(x) return x // 0.25 * 0.25 end,
}
local kernel = require "kernel"
local shapes = require "shapes"
for i, number in ipairs { 1, 2, 3.5, 4, 0.7, 0.9 } do kernel.memory:set("f64", (i - 1) * 8, number) end
kernel.each(0, 3, "half the area")
print(table.concat(log, "\n"))
print(shapes.area(3, 4), shapes.area(3, 0.5), shapes.half(5), pcall(shapes.half, "x"))
print(shapes.apply(shapes.half, 9), shapes.apply(math.sqrt, 9), shapes.apply(function(x) return x * 10 end, 9))
print(pcall(shapes.apply, nil, 1))
print(pcall(shapes.area, 1, {}))
-- All of them in one coroutine, which stops in the callback.
package.loaded.env.seen = nil
local waiting = wasm.instantiate("kernel.wat", { shapes = shapes, env = { seen = coroutine.yield } })
waiting.memory:write(0, kernel.memory:string(0, 48))
local next_area = coroutine.wrap(waiting.each)
print(next_area(0, 3, "a"))
print(next_area())
print(next_area())
print(next_area())
-- And in one traceback.
local failing = wasm.instantiate("kernel.wat", { shapes = { area = shapes.area, half = function(x) error("no half of " .. x) end }, env = { seen = print } })
failing.memory:write(0, kernel.memory:string(0, 16))
print(xpcall(function() failing.each(0, 1, "b") end, debug.traceback))
