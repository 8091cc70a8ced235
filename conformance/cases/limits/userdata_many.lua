-- memory: 64M
-- seconds: 60
-- prints: false	not enough memory
local t = {}
print(pcall(function() for i = 1, 1e9 do t[i] = wasm.global("i32", i) end end))
t = {}
print(pcall(function() for i = 1, 1e9 do t[i] = wasm.memory(0) end end))
t = {}
print(pcall(function() for i = 1, 1e9 do t[i] = wasm.table(0) end end))
t = {}
print(pcall(function() for i = 1, 1e9 do t[i] = wasm.memory(1) end end))
