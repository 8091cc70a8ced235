-- __pairs, and next and ipairs that respect raw or index access.
local t = setmetatable({}, { __pairs = function(t) return function(_, k) if not k then return 1, "one" elseif k < 3 then return k + 1, "more" end end, t, nil end })
for k, v in pairs(t) do io.write(k, v, " ") end print()
print(select("#", pairs(setmetatable({}, { __pairs = function() return 1, 2, 3, 4, 5 end }))))
for i, v in ipairs(setmetatable({ "raw" }, { __index = function(_, i) if i <= 3 then return "v" .. i end end })) do io.write(i, v, " ") end print()
print(next({}), next({ 10 }), next({ 10 }, 1), type(next), rawequal(next, (pairs({}))))
print(pcall(next, {}, "no such key")) print(pcall(pairs)) print(pcall(ipairs))
local keys = {} for k in pairs({ a = 1, b = 2, 10, 20, [2.5] = 3, [true] = 4 }) do keys[#keys + 1] = tostring(k) end table.sort(keys) print(table.concat(keys, " "))
local seen = 0 local grow = {} for i = 1, 100 do grow[i] = i grow["k" .. i] = i end
for k, v in pairs(grow) do grow[k] = nil seen = seen + 1 end print(seen, next(grow))
for k in pairs(grow) do print("never") end
local change = { a = 1, b = 2, c = 3 } for k, v in pairs(change) do change[k] = v * 2 end print(change.a, change.b, change.c)
