-- table.insert and table.remove at every position.
local t = {}
table.insert(t, "a") table.insert(t, "c") table.insert(t, 2, "b") table.insert(t, 1, "z") table.insert(t, #t + 1, "end") print(table.concat(t, " "))
print(table.remove(t), table.remove(t, 1), table.concat(t, " ")) print(table.remove(t, 2), table.concat(t, " ")) print(table.remove(t, #t + 1), #t)
print(table.remove({}), table.remove({}, 0), table.remove({}, nil), #t, select("#", table.remove({})))
print(table.remove({ [0] = "zero" }, 0), table.remove({ 1, 2, 3 }, 3), pcall(table.remove, { 1, 2, 3 }, 5) == false, pcall(table.insert, { 1 }, 3, "x") == false, pcall(table.insert, { 1 }, 0, "x") == false)
local big = {} for i = 1, 1000 do table.insert(big, 1, i) end print(#big, big[1], big[1000]) for i = 1, 999 do table.remove(big, 1) end print(#big, big[1])
local holes = { 1, 2, nil, 4 } table.insert(holes, 2, "x") print(holes[1], holes[2], holes[3])
local log = {} local proxy = setmetatable({}, { __len = function() return 2 end, __index = function(_, k) return "v" .. k end, __newindex = function(_, k, v) log[#log + 1] = k .. "=" .. tostring(v) end })
table.insert(proxy, 1, "new") print(table.concat(log, " ")) log = {} print(table.remove(proxy, 1), table.concat(log, " "))
