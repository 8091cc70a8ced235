-- table.sort: kinds of data, comparators, stability not assumed.
local function show(t) local o = {} for i, v in ipairs(t) do o[i] = tostring(v) end print(table.concat(o, " ")) end
local function sorted(t, f) table.sort(t, f) show(t) end
sorted { 3, 1, 2 } sorted {} sorted { 1 } sorted { 2, 1 } sorted { "b", "a", "C" } sorted { 3.5, 1, 2.25, -1 } sorted({ 1, 2, 3, 4, 5 }, function(a, b) return a > b end) sorted { 5, 5, 5, 1, 1 }
sorted({ "ccc", "a", "bb" }, function(a, b) return #a < #b end) sorted { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } sorted { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 }
local big, seed = {}, 1 for i = 1, 5000 do seed = seed * 16807 % 2147483647 big[i] = seed end table.sort(big) for i = 2, #big do assert(big[i - 1] <= big[i]) end print(#big, big[1], big[5000])
table.sort(big, function(a, b) return a > b end) for i = 2, #big do assert(big[i - 1] >= big[i]) end print(big[1]) local same = {} for i = 1, 1000 do same[i] = i % 3 end table.sort(same) print(same[1], same[400], same[1000])
local records = {} for i = 1, 20 do records[i] = { k = i * 7 % 10, i = i } end table.sort(records, function(a, b) if a.k ~= b.k then return a.k < b.k end return a.i < b.i end) local o = {} for i, r in ipairs(records) do o[i] = r.k .. ":" .. r.i end print(table.concat(o, " "))
local p = setmetatable({}, { __len = function() return 3 end, __index = function(t, k) return rawget(t, "_" .. k) end, __newindex = function(t, k, v) rawset(t, "_" .. k, v) end }) p[1], p[2], p[3] = 3, 1, 2 table.sort(p) print(p[1], p[2], p[3])
