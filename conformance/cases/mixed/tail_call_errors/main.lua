-- Tail calls that cannot enter their callee: the error is raised where the stack is whole, while message handlers collect garbage.
local function handler(message)
  local t = {} for i = 1, 100 do t[i] = { i } end
  collectgarbage()
  return "handled: " .. tostring(message):gsub("^[^:]*:%d+: ", "")
end

-- A callee that no machine can load, by name, by reference, through a table.
local locals = ("externref "):rep(30500)
local large = [[(module (type $t (func (param i64 externref)))
  (func $g (type $t) (local ]] .. locals .. [[))
  (func (export "large") (param externref) (local ]] .. locals .. [[))
  (table funcref (elem $g))
  (func (export "direct") (param externref i64) (return_call $g (local.get 1) (local.get 0)))
  (func (export "through_table") (param externref i64)
    (return_call_indirect (type $t) (local.get 1) (local.get 0) (i32.const 0))))]]
local m = wasm.instantiate(large, {})
for _, name in ipairs { "direct", "through_table" } do
  print(name, xpcall(m[name], handler, 6, 0x4141414141414141))
end

-- A stack that is full, in each kind of tail call.
local deep = wasm.instantiate([[(module
  (import "env" "f" (func $f (param i64 externref) (result i64)))
  (table (export "t") 1 funcref)
  (type $t (func (param i64 externref) (result i64)))
  (func $down (export "down") (param i64 externref) (result i64) (local i64 i64 i64)
    (i64.add (i64.const 1) (call $f (local.get 0) (local.get 1))))
  (func (export "turn") (param i64 externref) (result i64) (return_call $down (local.get 0) (local.get 1)))
  (func (export "import") (param i64 externref) (result i64) (return_call $f (local.get 0) (local.get 1)))
  (func (export "through") (param i64 externref) (result i64)
    (return_call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0))))]],
  { env = { f = function(n, value) return deep_turn(n, value) end } })
deep.t:set(0, function(n, value) return (deep_turn(n, value)) end)
for _, name in ipairs { "turn", "import", "through" } do
  deep_turn = deep[name]
  print(name, xpcall(deep_turn, handler, 0x4242424242424242, {}))
end

-- Arguments that do not convert, and results that have no form here, back where the caller's window is no longer its own.
package.loaded.env = m
local odd = require "odd"
for _, name in ipairs { "wide_result", "wide_tail", "large_tail", "argument_tail" } do
  print(name, xpcall(odd[name], handler))
end
