-- Under a limit of 64 MiB: programs of WebAssembly whose start fails, or whose segment does not fit, go as soon as nothing uses them.
local failing = [[(module (memory 16) (data (i32.const 0) "x") (func $s unreachable) (start $s))]]
local outside = [[(module (memory 16) (data (i32.const 2000000) "x"))]]
local ok, message
for i = 1, 300 do
  ok, message = pcall(wasm.instantiate, failing, {})
  if i % 50 == 0 then collectgarbage() end
end
print(ok, message)
for i = 1, 300 do
  ok, message = pcall(wasm.instantiate, outside, {})
  if i % 50 == 0 then collectgarbage() end
end
print(ok, message)
-- What such a program has given to others before it failed goes on to work.
local given
local giving = [[(module (import "env" "take" (func $take (param funcref)))
  (memory 1) (data (i32.const 3) "*") (table funcref (elem $f))
  (func $f (result i32) (i32.load8_u (i32.const 3)))
  (func $s (call $take (ref.func $f)) unreachable) (start $s))]]
print(pcall(wasm.instantiate, giving, { env = { take = function(f) given = f end } }))
collectgarbage() collectgarbage()
print(given())
local m = wasm.instantiate([[(module (memory (export "memory") 16) (data (i32.const 0) "x"))]], {})
print(m.memory:string(0, 1))
