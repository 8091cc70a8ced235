-- A function with 200 locals, a table of 10,000 different constants, and a chunk with 5,000 functions.
local parts = {} for i = 1, 190 do parts[i] = ("local v%d = %d"):format(i, i) end parts[#parts + 1] = "return v1 + v190" print(load(table.concat(parts, "\n"))())
parts = {} for i = 1, 10000 do parts[i] = ("'k%d', %d.5"):format(i, i) end local t = load("return {" .. table.concat(parts, ",") .. "}")() print(#t, t[1], t[20000])
parts = {} for i = 1, 5000 do parts[i] = ("t[%d] = function(a) return a + %d end"):format(i, i) end local fs = {} load("local t = ... " .. table.concat(parts, "\n"))(fs) print(fs[5000](1))
parts = {} for i = 1, 20000 do parts[i] = ("if x == %d then y = y + %d end"):format(i, i) end print(load("local x, y = 777, 0 for i = 1, 3 do " .. table.concat(parts, "\n") .. " end return y")())
