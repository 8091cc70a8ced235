-- memory: 64M
-- seconds: 60
-- prints: false	
local t, i = {}, 0
print(pcall(function()
  while true do
    i = i + 1
    t[i] = assert(load("return function() return " .. i .. " end"))
  end
end))
