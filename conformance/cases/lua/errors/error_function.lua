-- error with levels, positions and values of any kind.
print(pcall(error, "message")) print(pcall(error, "message", 0)) print(pcall(error)) print(pcall(error, nil)) print(pcall(error, 42)) print(pcall(error, true)) print(pcall(error, 1.5))
local function one() error("level one") end
local function two() error("level two", 2) end
local function three() error("level three", 3) end
local function call_three() three() end
print(pcall(one)) print(pcall(function() two() end)) print(pcall(function() call_three() end)) print(pcall(function() error("far", 50) end))
local object = setmetatable({ code = 5 }, { __tostring = function(e) return "E" .. e.code end })
local ok, e = pcall(error, object) print(ok, e == object, e.code, tostring(e))
ok, e = pcall(function() error({ 1, 2 }) end) print(#e)
ok, e = pcall(function() error(function() return "called" end) end) print(e())
print(pcall(function() error("with number " .. 5, 1) end)) print(pcall(function() error(12, 1) end)) print(pcall(function() error("", 1) end))
print(pcall(function() local ok, m = pcall(error, "inner", 0) error(m .. " outer", 0) end))
