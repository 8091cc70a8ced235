-- table.pack and table.unpack with ranges and holes.
print(table.unpack({ 1, 2, 3 })) print(table.unpack({ 1, 2, 3 }, 2)) print(table.unpack({ 1, 2, 3 }, 2, 3)) print(table.unpack({ 1, nil, 3 }, 1, 3)) print(table.unpack({}, 1, 2)) print(select("#", table.unpack({}, 1, 0)), select("#", table.unpack({}, 5, 1)))
print(table.unpack({ [-1] = "m", [0] = "z", "o" }, -1, 1)) local p = table.pack() print(p.n, #p) p = table.pack(nil, nil) print(p.n, p[1]) p = table.pack("a", nil, "c") print(p.n, p[3])
print(pcall(table.unpack, {}, 1, 1e7)) print(pcall(table.unpack, {}, math.mininteger, math.maxinteger)) print(table.unpack({ 1, 2 }, math.maxinteger, math.maxinteger)) print(pcall(table.unpack))
print(table.unpack("abc" and {}, 1, 1)) print((table.unpack({ 1, 2 }))) print(table.unpack(setmetatable({}, { __index = function(_, i) return i * 10 end }), 1, 3))
