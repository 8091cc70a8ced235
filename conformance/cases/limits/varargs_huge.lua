-- memory: 64M
-- seconds: 20
local t = {}
for i = 1, 1 << 20 do t[i] = i end
print(pcall(function() return select("#", table.unpack(t)) end))
print(pcall(function() return #table.pack(table.unpack(t)) end))
print(pcall(function(...) return #{...} end, table.unpack(t)))
print(pcall(function() return #string.char(table.unpack({1, 2, 3})) end))
print(pcall(function() local function f(...) return f(1, ...) end return f(table.unpack(t)) end))
print(pcall(function() return coroutine.wrap(function(...) return select("#", coroutine.yield(...)) end)(table.unpack(t)) end))
print(select("#", table.unpack(t, 1, 100000)))
