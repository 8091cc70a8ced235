-- Rethrowing keeps the value; errors through several borders.
local e1 = {} local ok, e = pcall(function() local ok, e = pcall(error, e1) error(e) end) print(e == e1)
print(pcall(function() local ok, m = pcall(error, "pos") error(m) end)) print(pcall(function() local ok, m = pcall(error, "pos") error(m, 0) end))
local co = coroutine.create(function() error(e1) end) ok, e = coroutine.resume(co) print(e == e1)
print(pcall(function() for _ in coroutine.wrap(function() error("iter", 0) end) do end end)) print(pcall(string.gsub, "x", "x", function() error("callback", 0) end)) print(pcall(table.sort, { 2, 1 }, function() error("compare", 0) end))
print(pcall(function() return setmetatable({}, { __index = function() error("index", 0) end }).x end)) print(pcall(tostring, setmetatable({}, { __tostring = function() error("tostring", 0) end })))
print(pcall(load, function() error("reader", 0) end)) print(pcall(require, "no.such.module") == false)
