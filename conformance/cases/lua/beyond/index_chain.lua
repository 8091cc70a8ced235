-- A chain of 100,000 tables through __index is followed or refused, never a crash.
local t = { value = "found" } for i = 1, 100000 do t = setmetatable({}, { __index = t }) end
local ok, m = pcall(function() return t.value end) print(ok and m == "found" or not ok and type(m) == "string")
