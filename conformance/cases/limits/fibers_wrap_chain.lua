-- memory: 64M
-- seconds: 20
-- prints: false	
local function chain(n)
  if n == 0 then coroutine.yield(1) return 0 end
  return coroutine.wrap(chain)(n - 1)
end
print(pcall(function() return coroutine.wrap(chain)(1e6) end))
local keep = {}
print(pcall(function()
  for i = 1, 1e9 do keep[i] = coroutine.wrap(chain); keep[i](100) end
end))
