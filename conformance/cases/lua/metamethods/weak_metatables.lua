-- Metatables that are weak tables themselves, and weak objects with classes.
for _, mode in ipairs { "k", "v", "kv" } do
  local meta = setmetatable({}, { __mode = mode })
  local class = { greet = function() return "class" end, x = 5 }
  local functions = {
    function(a, b) return "sum" end, function(a) return 7 end, function(o, ...) return "called", ... end, function(a, b) return true end,
    function(a, b) return "joined" end, function() return "text" end,
  }
  meta.__index = class meta.__add = functions[1] meta.__len = functions[2] meta.__call = functions[3]
  meta.__lt = functions[4] meta.__eq = functions[4] meta.__concat = functions[5] meta.__tostring = functions[6] meta.__name = "Kind"
  local a, b = setmetatable({}, meta), setmetatable({}, meta)
  collectgarbage()
  print(mode, a + 1, #a, a(1, 2), a < b, a == b, a .. "x", tostring(a), a.x, a:greet(), a.none)
  print(pcall(function() return a.x.y.z end))
  print(pcall(function() return -a end))
  print(pcall(string.rep, a))
end
-- Methods of a weak object itself come before those of its class, whatever the call met before.
local class = { name = function() return "class" end } class.__index = class class.__mode = "k"
local strong, weak = setmetatable({}, { __index = class }), setmetatable({}, class)
weak.name = function() return "own" end
local other = setmetatable({}, class)
for _, o in ipairs { strong, weak, other, weak, strong } do io.write(o:name(), " ") end print()
-- What is dead in a weak metatable is not called.
local meta = setmetatable({}, { __mode = "v" }) meta.__add = function() return "alive" end
local o = setmetatable({}, meta) print(o + 1) collectgarbage() print(pcall(function() return o + 1 end))
