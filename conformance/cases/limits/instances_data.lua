-- memory: 64M
-- seconds: 60
-- prints: false	not enough memory
local data = ("a"):rep(1 << 20)
local t = {}
print(pcall(function()
  for i = 1, 1e9 do t[i] = wasm.instantiate('(module (memory (export "m") 1) (data "' .. data .. '"))', {}) end
end))
t = {}
print(pcall(function()
  for i = 1, 1e9 do t[i] = wasm.instantiate('(module (memory (export "m") 1000))', {}) end
end))
