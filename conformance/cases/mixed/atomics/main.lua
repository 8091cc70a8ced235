-- Atomic accesses of a shared memory: coroutines and snapshots come between, never inside.
local module = wasm.compile [[(module
  (import "env" "yield" (func $yield))
  (memory (export "memory") 1 2 shared)
  (func (export "count") (param i32 i32) (result i32)
    (loop $again
      (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1)))
      (call $yield)
      (br_if $again (i32.lt_u (i32.atomic.load (local.get 0)) (local.get 1))))
    (i32.atomic.rmw16.xchg_u (local.get 0) (i32.const -1)))
  (func (export "lock") (param i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get 0) (i32.const 0) (i32.const 0x101)))
  (func (export "wide") (param i32 i64) (result i64 i64)
    (i64.atomic.rmw32.sub_u offset=4 (local.get 0) (local.get 1))
    (i64.atomic.rmw.or (local.get 0) (i64.const 1)))
  (func (export "store") (param i32 i32) (i32.atomic.store16 offset=2 (local.get 0) (local.get 1)) (atomic.fence))
  (func (export "wait") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (i64.const 0)))
  (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1))))]]
local m = wasm.instantiate(module, { env = { yield = coroutine.yield } })
local one, two = coroutine.wrap(m.count), coroutine.wrap(m.count)
one(8, 5) two(8, 5) one() two()
print(m.memory:get("i32", 8), one())
print(two(), m.memory:get("i32", 8))
print(m.lock(20), m.lock(20), m.memory:get("i32", 20))
m.memory:set("i64", 32, 0x700000005)
print(m.wide(32, 9))
print(string.format("%x", m.memory:get("i64", 32)))
m.store(32, 0x12345)
print(string.format("%x", m.memory:get("u32", 32)))
-- Alignment is checked, before bounds.
print(pcall(m.store, 33, 0))
print(pcall(m.store, 65535, 0))
print(pcall(m.store, 65534, 0))
print(pcall(m.count, 65538, 1))
-- A wait for another number does not begin, one without time is over at once; nobody is there to be notified.
print(m.wait(32, 1, -1), m.wait(40, 0, 0), m.notify(40, 1))
print(m.wait64(40, 0), m.wait64(40, 1), pcall(m.wait64, 44, 0))
-- Memories that are not shared: all but waiting.
local plain = wasm.instantiate [[(module (memory 1)
  (func (export "add") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 7)))
  (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 7)))
  (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 14) (i64.const 0))))]]
print(plain.add(), plain.add(), plain.notify(), pcall(plain.wait))
-- Whether a memory is shared is part of its type.
local importer = '(module (import "env" "memory" (memory 1 2 %s)))'
print((pcall(wasm.instantiate, importer:format("shared"), { env = m })))
print(pcall(wasm.instantiate, importer:format(""), { env = m }))
