-- memory: 500M
-- seconds: 20
-- prints: true	table
local bytes = [[(module (memory 16) (data (i32.const 0) "x") (func $s unreachable) (start $s))]]
for i = 1, 3000 do pcall(wasm.instantiate, bytes, {}) end
local good = [[(module (memory 16) (data (i32.const 0) "x"))]]
print(pcall(wasm.instantiate, good, {}))
