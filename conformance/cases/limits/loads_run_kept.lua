-- memory: 64M
-- seconds: 60
-- prints: false	
local t = {}
print(pcall(function()
  for i = 1, 1e9 do
    local f = assert(load("local a = ... local function g(x) if x > " .. i .. " then return a[x] end return x * 2 end return g"))
    t[i] = f(i)
    t[i](1)
  end
end))
