-- Programs go when nothing of them is in use, also when they hold one another.
local text = [[(module
  (import "env" "yield" (func $yield (result externref)))
  (memory (export "memory") 1)
  (table (export "objects") 1 externref)
  (global $kept (mut externref) (ref.null extern))
  (func (export "put") (param externref)
    (table.set 0 (i32.const 0) (local.get 0))
    (global.set $kept (local.get 0)))
  (func (export "get") (result externref) (global.get $kept))
  (func (export "wait") (result externref) (drop (call $yield)) (global.get $kept)))]]
local alive = setmetatable({}, { __mode = "k" })
local function make(name)
  local module = wasm.instantiate(text, { env = { yield = coroutine.yield } })
  local object = { name = name, module = module }
  alive[object] = true
  module.put(object)
  return module
end
local function count() collectgarbage() local n = 0 for _ in pairs(alive) do n = n + 1 end return n end
local first = make "the first has the machine's main memory"
print(count())
local function dropped() make "dropped" end
dropped()
print(count())
-- A function is enough to keep all of it; so is a suspended coroutine.
local get = make "kept by a function".get
print(count(), get().name)
get = nil
print(count())
local co = coroutine.wrap(make "kept by a coroutine".wait)
co()
print(count(), co().name)
co = nil
print(count())
-- A table or a memory keeps itself only.
local memory = make "a memory".memory
memory:set("i32", 0, 42)
print(count(), memory:get("i32", 0))
local objects = make "a table".objects
print(count(), objects:get(0).name)
objects = nil
print(count())
-- One that another imports from.
local function import(exporter)
  return wasm.instantiate([[(module (import "m" "get" (func $get (result externref))) (import "m" "objects" (table 1 externref))
    (func (export "get") (result externref) (call $get)))]], { m = exporter })
end
local user = import(make "imported")
print(count(), user.get().name)
user = nil
print(count())
-- An object keeps what knows its type.
local point = [[(module (type $point (struct (field i32) (field (ref null any))))
  (func (export "make") (param i32) (result (ref $point)) (struct.new $point (local.get 0) (ref.null any)))
  (func (export "get") (param (ref null $point)) (result i32) (struct.get $point 0 (local.get 0))))]]
local made = wasm.instantiate(point, {}).make(7)
collectgarbage()
for i = 1, 20 do wasm.instantiate("(module (type (struct (field i64 i32))) (func (param i32 i64 f32)))", {}) end
collectgarbage()
print(wasm.instantiate(point, {}).get(made))
-- Many, also of Lua.
for i = 1, 700 do make(i) end
local loaded = 0
for i = 1, 700 do
  local f = load("local t = setmetatable({}, ...) t.f = function() return t end return t")
  f { __gc = function() loaded = loaded + 1 end }
end
print(count() <= 1, loaded >= 690)
print(first.get().name)
