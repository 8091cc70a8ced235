-- table.move within and between tables, overlapping both ways.
local function show(t, n) local out = {} for i = 1, n or #t do out[i] = tostring(t[i]) end print(table.concat(out, " ")) end
show(table.move({ 1, 2, 3 }, 1, 3, 2)) show(table.move({ 1, 2, 3 }, 2, 3, 1)) show(table.move({ 1, 2, 3 }, 1, 3, 1)) show(table.move({ 1, 2, 3 }, 1, 3, 1, {})) show(table.move({ 1, 2, 3 }, 1, 0, 5)) show(table.move({ 1, 2, 3 }, 2, 3, 5, { 9 }), 6)
show(table.move({ 1, 2, 3, 4, 5 }, 1, 4, 2)) show(table.move({ 1, 2, 3, 4, 5 }, 2, 5, 1)) print(pcall(table.move, { 1 }, 1, math.maxinteger, 2)) print(pcall(table.move, {}, 1, 2)) print(pcall(table.move, 1, 1, 1, 1)) print(pcall(table.move, {}, -1, math.maxinteger, 2))
local log = {} local p = setmetatable({}, { __index = function(_, k) log[#log + 1] = "r" .. k return k end, __newindex = function(_, k, v) log[#log + 1] = "w" .. k .. "=" .. v end }) table.move(p, 1, 2, 3) print(table.concat(log, " "))
