-- Joining a range that has no elements ends at the first index, however far the range goes.
local proxy = setmetatable({}, { __index = function(_, i) if i == 1 or i == 2 then return "e" .. i end end, __len = function() return 2 end })
print(table.concat(proxy, "-"), pcall(table.concat, proxy, "-", 1, 3)) print(pcall(table.concat, proxy, "", math.mininteger, math.maxinteger))
print(pcall(table.concat, proxy, "", 1, math.maxinteger)) print(pcall(table.concat, {}, "", math.mininteger)) print(table.concat(proxy, "", 3, 2) == "")
print(table.concat(setmetatable({}, { __index = function(_, i) return i end, __len = function() return 0 end }), ",", math.maxinteger - 2, math.maxinteger))
print(pcall(table.unpack, {}, "x", "y")) print(pcall(table.unpack, {}, 1.5)) print(pcall(table.concat, setmetatable({}, { __index = function() return {} end, __len = function() return 1 end })))
