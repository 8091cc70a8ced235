-- Coroutines that close one another when they are closed: a long chain ends in an error. The expected output is written by hand.
local last
for i = 1, 10000 do
  local previous = last
  last = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() if previous then local ok, m = coroutine.close(previous) if not ok then error(m, 0) end end end })
    coroutine.yield()
  end)
  coroutine.resume(last)
end
local ok, m = coroutine.close(last) print(ok, tostring(m):match("stack overflow"))
local short
for i = 1, 100 do
  local previous = short
  short = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() if previous then assert(coroutine.close(previous)) end end })
    coroutine.yield()
  end)
  coroutine.resume(short)
end
print(coroutine.close(short))
