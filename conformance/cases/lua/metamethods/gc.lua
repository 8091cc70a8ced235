-- Finalisers run once, in reverse order of marking, and may bring objects back.
local order = {}
do
  for i = 1, 3 do setmetatable({ i }, { __gc = function(o) order[#order + 1] = o[1] end }) end
end
collectgarbage() collectgarbage()
print(table.concat(order, " "))
local kept
do local o = setmetatable({ name = "phoenix" }, { __gc = function(o) kept = o end }) o = nil end
collectgarbage() collectgarbage()
print(kept and kept.name) kept = nil collectgarbage() print(kept)
local mt = {} local late = setmetatable({}, mt) mt.__gc = function() print("not called: the field came after setmetatable") end late = nil collectgarbage()
local nothing = setmetatable({}, { __gc = true }) nothing = nil collectgarbage() print("ok")
do local e = setmetatable({}, { __gc = function() order = "finalised in a cycle" end }) local f = { e } e.f = f end
collectgarbage() print(order)
