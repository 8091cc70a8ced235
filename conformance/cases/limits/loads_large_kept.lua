-- memory: 64M
-- seconds: 60
-- prints: false	
local t = {}
local body = ("a.b.c = d(e, 1, 'x') if a then for i = 1, 10 do f(i) end end "):rep(500)
print(pcall(function()
  for i = 1, 1e9 do
    t[i] = assert(load("local x = " .. i .. " local a = setmetatable({}, {__index = function(t) return t end}) if x then return 1 end " .. body))
    t[i]()
  end
end))
