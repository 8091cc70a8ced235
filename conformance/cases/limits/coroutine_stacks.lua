-- memory: 64M
-- seconds: 60
-- prints: false	not enough memory
-- prints: done
-- Stacks that grow, shrink to nothing and grow again.
local function deep(n) if n == 0 then coroutine.yield() return 0 end return 1 + deep(n - 1) end
local t = {}
print(pcall(function()
  for i = 1, 1e9 do
    local co = coroutine.create(deep)
    coroutine.resume(co, 1000 * (i % 30))
    t[i] = co
  end
end))
t = {}
for i = 1, 300 do
  local co = coroutine.wrap(deep)
  co(20000)
end
print "done"
