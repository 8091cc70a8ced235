-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local m = wasm.instantiate("m60.wat", {})
m.touch()
local t = {}
local ok, e = pcall(function() for i = 1, 1e9 do t[i] = string.rep("x", 10000) .. i end end)
print(ok, e)
