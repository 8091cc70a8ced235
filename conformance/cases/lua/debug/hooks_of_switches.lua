-- What hooks see of calls that switch to another fiber.
local co = coroutine.create(function(a)
  debug.sethook(function(e) local i=debug.getinfo(2,"nS"); print("  co", e, i.name, i.what) end, "cr")
  local x = coroutine.yield(a+1)
  local y = coroutine.yield(x+1)
  debug.sethook()
  return y
end)
local function f() return 1 end
debug.sethook(function(e) local i=debug.getinfo(2,"nS"); print(e, i.name, i.what) end, "cr")
coroutine.resume(co, 1)
coroutine.resume(co, 2)
coroutine.resume(co, 2)
local w = coroutine.wrap(function() coroutine.yield(1) end)
w() w()
for x in coroutine.wrap(function() coroutine.yield(1) end) do f() end
debug.sethook()
