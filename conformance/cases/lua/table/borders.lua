-- Which border `#` finds where there are several: it follows from how the table came to be.
print(#{"a", nil, "b"}, #{nil, nil, 3}, #{nil, 2}, #{1, nil}, #{nil, nil}, #{1, 2, nil, 4, nil})
print(#table.pack(nil, 2), #table.pack(1, nil), #table.pack(nil, nil, nil))
local function wrap(...) return {...} end
print(table.unpack(wrap(1, nil, 3)))
print(table.unpack(wrap(nil, nil, nil, 4)))
print(#wrap(nil, 2, nil), #wrap(nil), #{0, table.unpack({1, nil, 3}, 1, 3)}, #{wrap(), wrap(), nil})
print(#{n = 3, 1, nil, 3}, #{[1] = 1, [2] = 2, [4] = 4}, #{[1] = 1, 2, 3}, #{[3] = 3, 1, 2, nil})
local function many(...) return #{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
  28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, nil, nil, ...} end
print(many(), many(nil), many(nil, 1), many(nil, nil, nil))

-- The array part grows by powers of two, and is chosen anew when the hash part is full.
local t = {}
for i = 1, 10 do t[i] = i end
t[8] = nil
print(#t)
t[10] = nil
print(#t)
t[8] = 8
print(#t)
t.x = 1
t[4] = nil
print(#t)
local u = {}
for i = 10, 1, -1 do u[i] = i end
print(#u)
u[7] = nil
print(#u)
local v = {1, 2, 3, nil, 5, nil}
v[7] = 7
print(#v)
v.x = 1
print(#v)
local w = {nil, nil, 3}
print(#w)
w.x = 1
print(#w)

-- Pushing and popping.
local stack = {1, nil, 3, nil, 5, nil, 7, nil}
stack[#stack] = nil
print(#stack)
stack[5] = nil
print(#stack)
for i = 1, 5 do stack[#stack + 1] = i end
print(#stack)
local s = {}
for i = 1, 20 do s[#s + 1] = i end
for i = 1, 7 do s[#s] = nil end
s[3] = nil
print(#s)
for i = 1, 9 do table.insert(s, i) end
print(#s, table.remove(s), #s)

-- Random operations.
local state = 7
local function random(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % n + 1
end
local makers = {
  function() return {} end,
  function() return {1, nil, 3} end,
  function() return {nil, 2} end,
  function() return {x = 1, y = 2, z = 3} end,
  function() return wrap(nil, 2, nil, 4) end,
  function() local made = {} for i = 1, random(20) do made[i] = i end return made end,
  function() local made = {} for i = random(20), 1, -1 do made[i] = i end return made end,
}
for round = 1, 60 do
  local made = makers[random(#makers)]()
  local lengths = {}
  for _ = 1, random(12) do
    local what = random(5)
    if what == 1 then made[#made + 1] = what
    elseif what == 2 then made[random(20)] = nil
    elseif what == 3 then made["k" .. random(3)] = what
    elseif what == 4 then table.insert(made, what)
    elseif #made > 0 then made[#made] = nil
    end
    lengths[#lengths + 1] = #made
  end
  print(table.concat(lengths, " "))
end
