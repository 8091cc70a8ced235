-- Functions of Lua called from WebAssembly: as imports, through tables, back and forth.
local calls = 0
local module
package.loaded.env = {
  f = function(i) if module.deep then return module.nested(i - 1) + 1 end return i * i end,
  g = function(x, value, extra) assert(extra == nil) return { x = x, value = value } end,
  h = function(...) calls = calls + 1 + select("#", ...) end,
}
module = require "walk"
print(module.sum(10), module.sum(1000))
local made = module.pass(1.5, "value")
print(made.x, made.value)
module.twice()
print(calls)
module.register(0, function(i) return i + 0.0 end)
module.register(1, module.nested)
print(module.run(0, 41), module.run(2, 3), pcall(module.run, 3, 1))
module.register(3, math.abs)
print(module.run(3, -5))
print(module.functions:get(2)(4), module.functions:get(0)(4), #module.functions)
module.functions:set(0, function(i) return -i end)
print(module.run(0, 41))
module.deep = true
print(module.nested(3000))
module.deep = nil
print(module.imported()(12))
-- A host function, a function with other parameters, and one of another module.
local text = '(module (import "m" "f" (func $f (param i32 i32) (result i32))) (func (export "f") (result i32) (call $f (i32.const 7) (i32.const 2))))'
for _, f in ipairs { math.max, math.min, function() return 1 end, function(a, b, c) return c and 1 or a - b end, function(...) return select("#", ...) end } do
  print(wasm.instantiate(text, { m = { f = f } }).f())
end
local adder = wasm.instantiate '(module (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
print(wasm.instantiate(text, { m = adder }).f())
print(pcall(wasm.instantiate, text, { m = { f = module.nested } }))
-- As a comparator, an iterator, a metamethod.
local less = wasm.instantiate '(module (func (export "less") (param f64 f64) (result i32) (f64.lt (local.get 0) (local.get 1))))'.less
local list = { 3, 1, 2, 5, 4 }
table.sort(list, function(a, b) return less(a, b) ~= 0 end)
print(table.concat(list, " "))
local object = setmetatable({}, { __index = adder.f, __add = less, __call = adder.f })
print(pcall(function() return object + 1 end))
print(select(2, pcall(function() return object.x end)))
for i in less, 1, 2 do print("iterated", i) break end
