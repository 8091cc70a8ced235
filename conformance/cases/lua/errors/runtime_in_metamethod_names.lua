-- Where the error arises inside a metamethod, the message is that of the inner operation.
local t = setmetatable({}, { __add = function(a, b) return a.x.y end, __index = function(t, k) return nil end, __call = function(self, a) return a.b.c end })
print(pcall(function() return t + 1 end)) print(pcall(function() return t(nil) end)) print(pcall(function() return t.a.b end)) print(pcall(t, {}))
