-- __lt and __le, mixed kinds, results to boolean.
local mt = {}
mt.__lt = function(a, b) return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) end
mt.__le = function(a, b) return (type(a) == "table" and a.v or a) <= (type(b) == "table" and b.v or b) and 1 or nil end
local one, two = setmetatable({ v = 1 }, mt), setmetatable({ v = 2 }, mt)
print(one < two, one > two, one <= two, one >= two, one < 2, 2 < one, 1 <= one, one >= 1, not (one < two))
local list = { two, one, setmetatable({ v = 0 }, mt) }
table.sort(list) print(list[1].v, list[2].v, list[3].v)
print(pcall(function() return one < {} end)) print(pcall(function() return one < "x" end)) print(pcall(function() return {} < one end))
if one < two then print("branch taken") end
while two <= one do print("never") end
