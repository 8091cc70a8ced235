-- Comparing what has no order.
local function try(f) print(select(2, pcall(f))) end
try(function() return 1 < "2" end)
try(function() return "1" < 2 end)
try(function() return {} < {} end)
try(function() return {} < 1 end)
try(function() return nil < 1 end)
try(function() return nil > nil end)
try(function() return true <= false end)
try(function() return print < print end)
try(function() local a, b = 1 return a >= b end)
try(function() return setmetatable({}, { __name = "My.Type" }) < 1 end)
