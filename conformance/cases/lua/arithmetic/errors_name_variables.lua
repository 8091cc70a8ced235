-- Arithmetic errors name the variable that was at fault.
local function try(f) print(select(2, pcall(f))) end
local t = { field = true, sub = {} }
local up = {}
try(function() local a = {} ; return a + 1 end)
try(function() local a = "x" ; return 1 - a end)
try(function() return up * 2 end)
try(function() return t.field / 2 end)
try(function() return t.sub.deep // 2 end)
try(function() return missing % 2 end)
try(function() return t[1] ^ 2 end)
try(function() return -t end)
try(function() return -up.x end)
try(function() local a, b = 1, nil ; return a + b end)
try(function() return 2 + print end)
try(function() return ("x") + {} end)
