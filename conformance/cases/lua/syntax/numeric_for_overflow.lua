-- Integer loops stop at the limits of 64 bits without wrapping round.
local count = 0
for i = math.maxinteger - 2, math.maxinteger do count = count + 1 io.write(i, " ") end print(count)
count = 0
for i = math.mininteger + 2, math.mininteger, -1 do count = count + 1 io.write(i, " ") end print(count)
for i = math.maxinteger - 1, math.huge do io.write(i, " ") end print()
for i = math.mininteger, math.mininteger + 10, math.maxinteger do io.write(i, " ") end print()
for i = math.maxinteger, 1, math.mininteger do io.write(i, " ") end print()
for i = 1, math.maxinteger, math.maxinteger do io.write(i, " ") end print()
for i = -1, math.mininteger, math.mininteger do io.write(i, " ") end print()
for i = 3, 2^53 do io.write(i, " ") if i > 5 then break end end print()
for i = math.mininteger, -2^70 do print("never") end
for i = 1, 0x7fffffffffffffff, 0x4000000000000000 do io.write(i, " ") end print()
