-- pcall nested 100,000 deep, where PUC Lua stops at about 200. The expected output is written by hand.
local function nest(n) if n == 0 then return "bottom" end local ok, v = pcall(nest, n - 1) return v end
print(nest(100000))
local function failing(n) if n == 0 then error("thrown", 0) end local ok, m = pcall(failing, n - 1) error(m, 0) end
print(pcall(failing, 100000))
