-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
-- prints: nil
local t = setmetatable({}, { __mode = "k" })
local keys = {}
print(pcall(function() for i = 1, 1e9 do local k = {} keys[i] = k t[k] = { k } end end))
keys = nil
collectgarbage()
print(next(t))
