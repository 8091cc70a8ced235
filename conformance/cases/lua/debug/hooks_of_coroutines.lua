-- Each coroutine has a hook of its own.
local function body(x)
  local y = coroutine.yield(x)
  coroutine.yield(y + 1)
  return 20
end
local co = coroutine.create(body)
local seen = {}
local function hook(event, line) seen[#seen + 1] = line and event .. ":" .. line or event end
debug.sethook(co, hook, "crl")
print(debug.gethook(co) == hook, debug.gethook())
print(coroutine.resume(co, 1))
print(coroutine.resume(co, 2))
print(coroutine.resume(co))
print(coroutine.resume(co))
print(table.concat(seen, " "))

-- A hook that is set inside stays inside.
local inner = 0
local wrapped = coroutine.wrap(function()
  debug.sethook(function() inner = inner + 1 end, "l")
  local a = 1
  coroutine.yield()
  a = 2
  a = 3
end)
wrapped()
local before = inner
local b = 4
local c = 5
print(before == inner, before > 0)
wrapped()
print(inner > before, debug.gethook())

-- Many of them, with garbage in between.
local total = 0
for i = 1, 50 do
  local co = coroutine.create(function() for j = 1, 3 do coroutine.yield({}) end end)
  debug.sethook(co, function() total = total + 1 end, "r")
  for j = 1, 4 do coroutine.resume(co) end
  if i % 10 == 0 then collectgarbage() end
end
print(total)
