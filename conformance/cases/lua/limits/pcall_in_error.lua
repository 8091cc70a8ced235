-- Errors thrown and caught many times, and error values made deep down.
local function thrower(n) if n == 0 then error({ depth = "deep" }) end thrower(n - 1) return 1 end
local ok, e = pcall(thrower, 10000) print(ok, e.depth)
local count = 0 for i = 1, 20000 do if not pcall(error, i) then count = count + 1 end end print(count)
local function nest(n) if n == 0 then return "bottom" end local ok, v = pcall(nest, n - 1) return v end print(nest(150))
