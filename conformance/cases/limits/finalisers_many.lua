-- memory: 64M
-- seconds: 60
-- prints: false	
local t = {}
local mt = { __gc = function(o) t[#t + 1] = o end }
print(pcall(function() for i = 1, 1e9 do setmetatable({}, mt) end end))
t = nil
