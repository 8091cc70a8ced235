-- A call pair in Lua: the base of callback_wasm.lua.
local n = tonumber(arg and arg[1]) or 10000000
local function f(i) return i + 1 end
local function g(i) return (f(i)) end
local x = 0
for i = 1, n do x = g(x) end
print(x)
