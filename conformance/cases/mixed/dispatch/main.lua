-- Jumps through tables give the same, and stop at the same places, whatever is done at once with them.
local tables = require "tables"
print(tables.run(0))
for index, byte in ipairs { 0, 7, 0, 9, 3, 5 } do tables.set(31 + index, byte) end
print(pcall(tables.run, 32))
print(pcall(tables.run, 65536))
print(pcall(tables.run, -1))
for n = 0, 9 do io.write(tables.masked(n), n < 9 and " " or "\n") end
print(tables.arrays(1), tables.arrays(9), tables.arrays(40))
for _, n in ipairs { 3, 1, 1000, 77, 5000 } do print(tables.again(n)) end
