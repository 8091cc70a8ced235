-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local t = {}
print(pcall(function()
  for i = 1, 1e9 do
    local co = coroutine.create(function() coroutine.yield() end)
    coroutine.resume(co)
    t[i] = co
  end
end))
