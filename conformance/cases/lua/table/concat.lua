-- table.concat: separators, ranges, numbers, errors.
print(table.concat({ 1, 2, 3 }), table.concat({ 1, 2.5, "x" }, ", "), table.concat({}, ","), table.concat({ "a", "b", "c" }, "-", 2), table.concat({ "a", "b", "c" }, "-", 2, 2), table.concat({ "a" }, "-", 3), table.concat({ 1, 2, 3 }, 0))
print(pcall(table.concat, { 1, {}, 3 })) print(pcall(table.concat, { 1, nil, 3 }, ",", 1, 3)) print(pcall(table.concat, { true })) print(pcall(table.concat, {}, {})) print(table.concat({ [5] = "five", [6] = "six" }, "/", 5, 6))
print(table.concat(setmetatable({}, { __index = function(_, i) return i * i end, __len = function() return 4 end }), " ")) print(#table.concat({ ("x"):rep(1000), ("y"):rep(1000) }, ("z"):rep(10)))
print(table.concat({ [math.maxinteger] = "last" }, "-", math.maxinteger, math.maxinteger), table.concat({ "x" }, ",", 1, 0), table.concat({ -0.0, 2^63, 1e15 }, " "))
