-- Slots after the last one of an array part: what fills them, and what is in the way.
local function fill(t, first, last, value)
  for i = first, last do
    t[i] = value
  end
  return #t
end

local function report(name, t, ...)
  local sum, nils = 0, 0
  for i = 1, 300 do
    local value = rawget(t, i)
    if value == nil then nils = nils + 1 elseif math.type(value) then sum = sum + value end
  end
  print(name, sum, nils, ...)
end

-- Hot with tables of all sizes, small ones with their slots in their own cell.
for size = 1, 40 do
  local t = {}
  fill(t, 1, size, size)
  if size % 13 == 0 then report("size " .. size, t, #t) end
end

local grown = {}
for i = 1, 6 do fill(grown, (i - 1) * 50 + 1, i * 50, i) end
report("grown", grown, #grown)

-- Nothing is stored by nil, and borders are found behind it.
local holes = {}
fill(holes, 1, 20, 1)
print("nil", fill(holes, 21, 40, nil), rawlen(holes))
holes[22] = 1
print("hole", fill(holes, 21, 21, 2))

-- Keys that wait in the hash part move over, and are not made twice.
local ahead = {}
fill(ahead, 30, 40, 3)
report("ahead", ahead)
print("joined", fill(ahead, 1, 29, 4))
report("joined", ahead, next(ahead))

-- Not the next one: before, behind, far away.
local other = {}
fill(other, 1, 20, 5)
fill(other, 25, 30, 6)
fill(other, -3, 0, 7)
report("other", other, other[0], other[-3])

-- A metatable that is set on the way, with and without something to ask.
local asked = {}
fill(asked, 1, 20, 8)
setmetatable(asked, { __newindex = function(t, k, v) rawset(t, k, v * 10) end })
fill(asked, 19, 30, 8)
report("asked", asked)
setmetatable(asked, {})
fill(asked, 31, 40, 9)
report("asked no more", asked)
setmetatable(asked, nil)
fill(asked, 41, 50, 9)
report("bare", asked, #asked)

-- Weak tables have their slots elsewhere.
local weak = setmetatable({}, { __mode = "v" })
fill(weak, 1, 20, 10)
report("weak", weak)
local late = {}
fill(late, 1, 20, 11)
setmetatable(late, { __mode = "k" })
fill(late, 21, 40, 12)
setmetatable(late, nil)
fill(late, 41, 60, 13)
report("late", late)

-- Values that only the table holds, while the collector is at work.
local kept = {}
local function keep(first, last)
  for i = first, last do
    kept[i] = { i }
    if i % 16 == 0 then collectgarbage("step") end
  end
end
for i = 0, 5 do keep(i * 50 + 1, i * 50 + 50) end
local sum = 0
for i = 1, #kept do sum = sum + kept[i][1] end
print("kept", #kept, sum)

-- From the end to the front and up again.
for i = 300, 101, -1 do kept[i] = nil end
collectgarbage()
keep(101, 150)
print("again", #kept, kept[150][1], kept[151])
