-- __metatable, getmetatable and setmetatable.
local t = setmetatable({}, { __metatable = "locked" })
print(getmetatable(t), pcall(setmetatable, t, {}))
local m = {} print(getmetatable(setmetatable({}, m)) == m, getmetatable({}), getmetatable(5), getmetatable("").__index == string, getmetatable(print))
print(setmetatable(setmetatable({}, m), nil) ~= nil, getmetatable(setmetatable(setmetatable({}, m), nil)))
print(pcall(setmetatable, 1, {})) print(pcall(setmetatable, {})) print(pcall(setmetatable, {}, 5)) print(pcall(getmetatable))
print(getmetatable(setmetatable({}, { __metatable = false })))
