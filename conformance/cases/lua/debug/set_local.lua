-- Variables that are set from outside, whatever the code takes them for.
local function set(level, name, value)
  for i = 1, 100 do
    local found = debug.getlocal(level + 1, i)
    if not found then return "none" end
    if found == name then return debug.setlocal(level + 1, i, value) end
  end
end

local function sum(n)
  local total = 0
  for i = 1, n do
    if i == 3 then print(set(2, "total", "10")) end
    if i == 5 then print(set(2, "total", setmetatable({}, { __add = function(_, b) return b * 1000 end }))) end
    total = total + i
  end
  return total
end
print(sum(6))

local function known()
  local x = 5
  local y = x + 1
  set(2, "x", "text")
  set(2, "y", 1.5)
  return x, y, x .. y
end
print(known())

local function captured()
  local x = 1
  local function get() return x end
  set(2, "x", 2)
  return x, get()
end
print(captured())

local function rest(a, ...)
  print(debug.getlocal(1, -1))
  print(debug.getlocal(1, -3))
  print(debug.setlocal(1, -2, "changed"))
  print(debug.setlocal(1, -4, "none"))
  print(debug.setlocal(1, 1, a and nil))
  return a, ...
end
print(rest(1, 2, 3, 4))

-- What has no name.
local function two() return select(2, debug.getlocal(2, 3)), debug.setlocal(2, 3, 10) end
local function add(a, b) return (a + 1) * two() end
print(add(1, 2))
print(debug.getlocal(0, 1))
print(debug.getlocal(0, 3))
for i in (function() return function(_, c) if not c then return 1 end end end)() do
  local names = {}
  for n = 1, 20 do
    local name = debug.getlocal(1, n)
    if not name then break end
    if name == "(for state)" or name == "i" then names[#names + 1] = name end
  end
  print(table.concat(names, " "))
end
for i = 1, 1 do
  local states = 0
  for n = 1, 20 do if debug.getlocal(1, n) == "(for state)" then states = states + 1 end end
  print(states)
end

-- Of a coroutine that waits.
local co = coroutine.create(function(x)
  local y = 2
  coroutine.yield()
  return x, y, x + y
end)
coroutine.resume(co, 1)
print(debug.getlocal(co, 1, 1))
print(debug.setlocal(co, 1, 1, 1.5))
print(debug.setlocal(co, 1, 2, "7"))
print(debug.setlocal(co, 1, 9, 0))
print(coroutine.resume(co))
print(pcall(debug.setlocal, 100, 1, 1))
print(pcall(debug.getlocal, 100, 1))
print(pcall(debug.setlocal, 1, 1))
