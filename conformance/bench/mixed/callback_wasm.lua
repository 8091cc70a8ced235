-- A round trip from Lua to WebAssembly to Lua: the same calls as in callback_lua.lua, over two borders and back.
local n = tonumber(arg and arg[1]) or 10000000
package.path = "conformance/bench/mixed/?.wat;" .. package.path
package.loaded.env = { f = function(i) return i + 1 end }
local g = require "callback".g
local x = 0
for i = 1, n do x = g(x) end
print(x)
