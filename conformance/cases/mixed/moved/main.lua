-- Small, but with all that can be on the way: modules being loaded, callbacks that yield, errors, objects that outlive modules.
package.loaded.env = {
  round = function(x) return x // 0.25 * 0.25 end,
  seen = function(what, x)
    local more = coroutine.yield(what .. x)
    if more == 0 then error("stopped at " .. x) end
    return more * x
  end,
}
local shapes = require "shapes"
local kernel = require "kernel"
local memory, calls, kept = kernel.memory, kernel.calls, kernel.kept
memory:set("f64", 0, 3)
memory:set("f64", 8, 5)
local spare = wasm.memory(1, 2)
spare:write(3, memory:string(64, 4))
local next_half = coroutine.wrap(function(...)
  local sum = kernel.sum(...)
  return shapes.area(sum, 2), pcall(kernel.sum, 8, 1, "again ")
end)
print(next_half(0, 2, "half "))
print(next_half(2))
print(next_half(3))
print(next_half(0))
kernel, package.loaded.kernel = nil, nil
calls.value = calls.value + 10
kept:set(0, spare)
print(calls.value, kept:get(0):get("i32", 3), kept:get(1), memory:get("f64", 8), shapes.apply(math.sqrt, 9))
