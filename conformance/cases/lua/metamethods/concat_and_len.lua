-- __concat and __len.
local mt = { __concat = function(a, b) return "(" .. (type(a) == "table" and a.n or a) .. "." .. (type(b) == "table" and b.n or b) .. ")" end,
  __len = function(t) return t.n and #t.n or -1 end }
local x, y = setmetatable({ n = "xx" }, mt), setmetatable({ n = "yyy" }, mt)
print(x .. y, x .. "s", "s" .. x, 1 .. x, x .. 2.5, "a" .. "b" .. x .. "c" .. "d", x .. y .. x)
print(#x, #y, rawlen(x), rawlen({ 1, 2 }), rawlen("abc"), pcall(rawlen, 5))
print(pcall(function() return x .. nil end)) print(pcall(function() return {} .. "a" end))
print(#setmetatable({}, { __len = function() return "not a number" end }))
print(pcall(table.unpack, setmetatable({}, { __len = function() return "x" end })))
print(table.unpack(setmetatable({ 1, 2, 3 }, { __len = function() return 2 end })))
