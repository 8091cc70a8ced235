-- Hooks: calls, returns and lines, what they see, and how they end.
local function traced(mask, f, ...)
  local seen = {}
  debug.sethook(function(event, line) seen[#seen + 1] = line and event .. ":" .. line or event end, mask)
  f(...)
  debug.sethook()
  return table.concat(seen, " ")
end

local function twice(x)
  local y = x + x
  return y
end

local function calls()
  twice(1)
  math.max(1, 2)
  pcall(twice, 3)
  return select("#", twice(2), 1)
end
print(traced("cr", calls))
print(traced("l", calls))
print(traced("crl", twice, 5))

local function loops()
  for i = 1, 3 do
    twice(i)
  end
  for i = 1, 3 do local x = i end
  local i = 0
  while i < 2 do
    i = i + 1
  end
  repeat i = i - 1 until i == 0
  for _, v in ipairs({ 1, 2 }) do
    i = v
  end
  if i == 1 then
    i = 2
  elseif i
  then
    i = 3
  end
  goto out
  do i = 9 end
  ::out::
  return
end
print(traced("l", loops))

local function tail(n)
  if n == 0 then return twice(n) end
  return (function(m) return tail(m) end)(n - 1)
end
print(traced("cr", tail, 1))
print(traced("c", function() return math.max(1, 2) end))

-- Arguments over several lines, with values in between that wait for the call.
local function list(...) return ... end
print(traced("l", function()
  list(
    list(1, 2),
    list(3, list(4, 5)))
end))

-- What a hook sees of the function.
debug.sethook(function(event)
  local info = debug.getinfo(2, "nSlrut")
  local values = {}
  for i = info.ftransfer, info.ftransfer + info.ntransfer - 1 do
    values[#values + 1] = tostring(select(2, debug.getlocal(2, i)))
  end
  print(event, info.name, info.what, info.currentline, info.istailcall, table.concat(values, ","))
  local me = debug.getinfo(1, "n")
  assert(me.namewhat == "hook" and me.name == "?")
end, "cr")
local r = { list(10, nil, 30), math.min(7, 8), (twice(4)) }
debug.sethook()
print(#r, r[1], r[2], r[3])

-- Every so many instructions; errors end what runs.
local count = 0
debug.sethook(function(event) assert(event == "count") count = count + 1 end, "", 100)
for i = 1, 10000 do end
debug.sethook()
print(count >= 100 and count < 110)
print(pcall(function()
  debug.sethook(function() error("too long", 0) end, "", 1000)
  while true do end
end))
print(debug.gethook() ~= nil)
debug.sethook()
print(debug.gethook())

-- A hook that was left by an error is told of what comes after.
local seen = 0
debug.sethook(function() seen = seen + 1 if seen == 4 then error("left") end end, "l")
local ok = pcall(function()
  local a = 1
  local b = 2
end)
local c = 3
local d = 4
debug.sethook()
print(ok, seen > 3)

-- Masks, as they are told.
local function nothing() end
for _, mask in ipairs({ "", "c", "rl", "xcy", "lrc" }) do
  debug.sethook(nothing, mask, 7)
  local f, m, n = debug.gethook()
  debug.sethook()
  print(mask, f == nothing, m, n)
end
debug.sethook(nothing, "")
print(debug.gethook())
print(pcall(debug.sethook, 1, "c"))
print(pcall(debug.sethook, nothing))
