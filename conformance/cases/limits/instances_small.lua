-- memory: 64M
-- seconds: 120
-- prints: false	not enough memory
-- prints: done
local t = {}
local bytes = "\0asm\1\0\0\0"
print(pcall(function() for i = 1, 1e9 do t[i] = wasm.instantiate(bytes, {}) end end))
t = {}
local module = "(module (func (export \"f\") (result i32) (i32.const 1)))"
print(pcall(function() for i = 1, 1e9 do t[i] = wasm.instantiate(module, {}) t[i].f() end end))
t = {}
for i = 1, 5000 do wasm.instantiate(module, {}).f() end
print "done"
