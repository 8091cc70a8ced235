-- Yield inside pcall, xpcall and their handlers' bodies.
local co = coroutine.wrap(function()
  local ok, v = pcall(function() local x = coroutine.yield("in pcall") if x == "fail" then error("failed", 0) end return x end)
  coroutine.yield(ok, v)
  print(xpcall(function() coroutine.yield("in xpcall") error("after yield", 0) end, function(m) return "handled " .. m end))
  print(pcall(pcall, pcall, function() return coroutine.yield("nested") end))
  return "end"
end)
print(co()) print(co("fail")) print(co()) print(co()) print(co("result"))
co = coroutine.wrap(function() return pcall(function() return coroutine.yield(1) end) end) print(co()) print(co("x", "y"))
co = coroutine.wrap(function() for i = 1, 3 do pcall(coroutine.yield, i) end return "done" end) print(co(), co(), co(), co())
co = coroutine.wrap(function() local ok, e = pcall(function() local ok2, e2 = pcall(function() coroutine.yield("deep") error("one", 0) end) error(e2 .. " two", 0) end) return ok, e end) print(co()) print(co())
