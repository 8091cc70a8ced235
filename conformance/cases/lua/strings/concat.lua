-- Concatenation of many kinds.
print("a" .. "b" .. "c", 1 .. "", 1.0 .. "", -1 .. "|", "x" .. 2^31)
local parts = ""
for i = 1, 5 do parts = parts .. i .. "," end
print(parts)
print(pcall(function() return "a" .. nil end))
print(pcall(function() return "a" .. {} end))
print(pcall(function() local t = {} return "a" .. t.x .. "b" end))
print(pcall(function() local up = true return "a" .. up end))
print(pcall(function() return 1 .. print end))
local mt = { __concat = function(a, b)
  return (type(a) == "table" and a.name or tostring(a)) .. "+" .. (type(b) == "table" and b.name or tostring(b))
end }
local x, y = setmetatable({ name = "x" }, mt), setmetatable({ name = "y" }, mt)
print(x .. y, x .. "s", "s" .. x, 1 .. x, "a" .. "b" .. x, x .. "a" .. "b", x .. y .. "end")
