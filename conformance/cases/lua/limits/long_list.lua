-- A list nested a million deep is collected, also when it hangs off closures and metatables.
local list for i = 1, 1000000 do list = { list } end
list = nil collectgarbage() print("tables")
local f = function() end for i = 1, 300000 do local inner = f f = function() return inner end end
f = nil collectgarbage() print("closures")
local m for i = 1, 300000 do m = setmetatable({}, { __index = m }) end
m = nil collectgarbage() print("metatables")
local kept for i = 1, 1000000 do kept = { next = kept } end collectgarbage()
local n = 0 while kept do n = n + 1 kept = kept.next end print(n)
