-- The numeric for loop: steps, directions, floats, empty loops, copies of the variable.
local function show(a, b, c) local out = {} for i = a, b, c or 1 do out[#out + 1] = tostring(i) if #out > 12 then break end end print(#out, table.concat(out, " ")) end
show(1, 5) show(5, 1, -1) show(1, 0) show(0, 1, -1) show(1, 10, 3) show(10, 1, -4) show(1, 1) show(1.0, 3) show(1, 3.5) show(1, 2, 0.25)
show(0.1, 0.5, 0.1) show(3, 1.5, -1) show(-3, -1) show(1, math.huge) show(1, -math.huge) show(-1, -math.huge, -1) show(1.5, 4)
for i = 1, 3 do local j = i i = i * 10 io.write(j, "/", i, " ") end print()
print(pcall(function() for i = 1, 10, 0 do end end))
print(pcall(function() for i = "a", 2 do end end))
print(pcall(function() for i = 1, {} do end end))
print(pcall(function() for i = 1, 2, nil do end end))
print(pcall(function() for i = 1.0, 2, 0 do end end))
