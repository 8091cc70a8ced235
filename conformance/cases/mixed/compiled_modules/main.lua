-- A module is compiled once; its instances share the code, and nothing else.
local module = wasm.compile [[(module
  (import "env" "yield" (func $yield (param i32) (result i32)))
  (import "env" "base" (global $base i32))
  (memory (export "memory") 1)
  (table (export "table") funcref (elem $step $twice))
  (type $change (func (param i32) (result i32)))
  (global $count (mut i32) (i32.const 0))
  (data $text "passive")
  (func $step (type $change) (i32.add (local.get 0) (global.get $base)))
  (func $twice (type $change) (i32.mul (local.get 0) (i32.const 2)))
  (func $never (export "never") (result i32) (call $step (i32.const 1)))
  (func (export "next") (param i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store (i32.const 8) (call $yield (global.get $count)))
    (call_indirect (type $change) (local.get 0) (i32.load (i32.const 8))))
  (func (export "drop") (memory.init $text (i32.const 16) (i32.const 0) (i32.const 7)) (data.drop $text)))]]
local imports = module.imports
for _, import in ipairs(module:imports()) do print(import.module, import.name, import.kind) end
for _, export in ipairs(module:exports()) do print(export.name, export.kind) end
local function make(base)
  return wasm.instantiate(module, { env = { base = base, yield = coroutine.yield } })
end
local first, second = make(10), make(100)
local step = coroutine.wrap(function(instance, n)
  while true do n = instance.next(n) instance, n = second, n end
end)
print(step(first, 1))
print(step(1))
print(pcall(step, 5))
local again = coroutine.wrap(function() return first.next(5), second.next(5) end)
print(again())
print(again(1))
print(again(0))
print(first.table:get(0) == second.table:get(0), first.table:get(0)(1), second.table:get(0)(1))
print(first.never(), second.never())
-- A segment that one has dropped is there for the other.
first.drop()
print(pcall(first.drop))
print(pcall(second.drop), second.memory:string(16, 7), first.memory:string(16, 7))
-- It outlives its instances, and they outlive it.
first, second, step, again = nil, nil, nil, nil
collectgarbage()
local third = make(1000)
module = nil
collectgarbage()
print(third.never(), third.table:get(1)(4))
print(pcall(wasm.compile, "(module (func (result i32)))"))
print(pcall(wasm.compile, "missing.wasm"))
print(pcall(wasm.instantiate, setmetatable({}, {})))
print(pcall(imports, third.memory))
