-- Sorting what has no order, bad comparators, errors in comparators.
print(pcall(table.sort, { 1, "x" })) print(pcall(table.sort, { {}, {} })) print(pcall(table.sort, { 1, 2, nil, 4 }) ~= nil) print(pcall(table.sort, 5)) print(pcall(table.sort, { 1, 2 }, 5)) print(pcall(table.sort, { 3, 2, 1 }, function(a, b) error("cmp " .. type(a), 0) end))
print(pcall(table.sort, { true, false })) local t = {} for i = 1, 100 do t[i] = i * 37 % 101 end
local ok, m = pcall(table.sort, t, function(a, b) return true end) print(ok, m)
ok = pcall(table.sort, t, function(a, b) return a % 10 <= b % 10 end) print(#t) print(pcall(table.sort, { 1, 2, 3 }, function() return nil end)) print(pcall(table.sort, setmetatable({}, { __len = function() return math.maxinteger end })))
local calls = 0 table.sort({ 5, 4, 3, 2, 1 }, function(a, b) calls = calls + 1 return a < b end) print(calls > 3) print(select("#", table.sort({})))
