-- A memory with pages of one byte ends where it says; coroutines and snapshots come between its growing.
local module = wasm.compile [[(module
  (import "env" "yield" (func $yield (param i32)))
  (memory (export "memory") 3 70000 (pagesize 1))
  (memory $wide i64 5 (pagesize 1))
  (data (i32.const 1) "\01\02")
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "wide") (param i64) (result i64 i64) (memory.grow $wide (local.get 0)) (memory.size $wide))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "word") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "climb") (param $to i32)
    (loop $again
      (call $yield (memory.size))
      (i32.store8 (memory.size) (i32.add (memory.grow (i32.const 997)) (i32.const 7)))
      (br_if $again (i32.lt_u (memory.size) (local.get $to))))))]]
local m = wasm.instantiate(module, { env = { yield = coroutine.yield } })
print(m.size(), m.byte(2), pcall(m.byte, 3))
print(pcall(m.word, 0))
print(m.grow(1), m.word(0), pcall(m.word, 1))
print(m.grow(-1), m.grow(69997), m.size())
print(m.wide(2), m.wide(-1))
print(pcall(m.fill, 2, 9, 3))
print(m.memory:pages(), m.memory:size(), m.memory:grow(4), m.memory:grow(69993), m.memory:grow(1))
print(m.grow(69991), m.size())
m.fill(69990, 5, 10)
print(m.byte(69999), pcall(m.byte, 70000))
-- The byte behind the end is refused, also when the host has more there.
local other = wasm.instantiate(module, { env = { yield = coroutine.yield } })
local climb = coroutine.create(other.climb)
print(coroutine.resume(climb, 4000))
print(coroutine.resume(climb))
-- The size of pages is part of a memory's type.
local importer = '(module (import "env" "memory" (memory 1 %s)))'
print((pcall(wasm.instantiate, importer:format("70000 (pagesize 1)"), { env = m })))
print(pcall(wasm.instantiate, importer:format(""), { env = m }))
