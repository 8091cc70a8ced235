-- Fields and methods behind several `__index` tables: found, absent, hidden by others, gone again, and where a chain ends in a function.
local function class(parent)
  local new = {}
  new.__index = new
  return parent and setmetatable(new, parent) or new
end
local A = class()
local B = class(A)
local C = class(B)
local D = class(C)
function A:name() return "A", self.id end
function A:base() return "base", self.id end
A.shared = "of A"
local object = setmetatable({ id = 7 }, D)

local function look(o) return o.shared, o.missing, o.id, (o:name()) end
print(look(object))
print(look(object))
B.shared = "of B"
function C:name() return "C", self.id end
print(look(object))
object.shared = "own"
object.name = function() return "own method" end
print(look(object))
object.shared, object.name = nil, nil
print(look(object))
B.shared, C.name = nil, nil
print(look(object))
A.shared = nil
print(look(object))
A.shared = false
print(look(object))

-- One place, many classes.
local kinds = { A, B, C, D, class(B), class(D) }
for round = 1, 2 do
  local out = {}
  for index, kind in ipairs(kinds) do
    local o = setmetatable({ id = index }, kind)
    if index % 2 == 0 then kind.name = function(self) return "kind" .. index, self.id end end
    local name, id = o:name()
    out[#out + 1] = name .. ":" .. id .. ":" .. tostring(o.missing) .. ":" .. select(2, o:base())
  end
  print(table.concat(out, " "))
end

-- A chain that ends in a function, one that gains `__index` later, a weak table, and one without metamethods.
local calls = 0
local root = setmetatable({}, { __index = function(t, key) calls = calls + 1; return "made " .. key end })
local leaf = setmetatable({}, { __index = setmetatable({}, { __index = root }) })
local late_metatable = {}
local late = setmetatable({}, late_metatable)
local weak = setmetatable({}, { __index = setmetatable({ at = "weak" }, { __mode = "k", __index = { behind = "strong" } }) })
for round = 1, 3 do
  print(leaf.x, leaf.at, late.at, weak.at, weak.behind, weak.missing, calls)
  if round == 2 then late_metatable.__index = { at = "late" } end
end

-- Chains longer than what is gone through at once, a loop, and what has no fields.
local link = { deep = "found", say = function(self) return self.mine end }
for level = 1, 40 do link = setmetatable({ mine = level }, { __index = link }) end
print(link.deep, link.missing, link:say(), link.mine)
local loop = {}
setmetatable(loop, { __index = loop })
print(pcall(function() return loop.x end))
print(pcall(function() return loop:x() end))
print(pcall(function() return object:missing() end))
print(pcall(function() return object.missing.x end))
print(pcall(function() local n = 1; return n.x.y end))
print(("text"):upper(), pcall(function() return ("text"):missing() end))
local long = string.rep("k", 60)
A[long] = "long key"
print(object[long], object.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk)

-- Storing nil where there is nothing, with and without `__newindex`.
local noted = {}
local watched = setmetatable({}, { __newindex = function(_, key, value) noted[#noted + 1] = key .. "=" .. tostring(value) end })
local function clear(o) o.first = nil; o.second = nil; o.first = 1; o.first = nil; o.first = nil end
clear(object) clear(watched) clear({}) clear(setmetatable({}, D))
print(rawget(object, "first"), table.concat(noted, " "))
watched = setmetatable({}, {})
clear(watched)
getmetatable(watched).__newindex = function(_, key) print("later", key) end
clear(watched)
