-- string.format: %d %i %u-like flags, %x %o %c.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("%d %5d %-5d| %05d %+d % d"):format(42, 42, 42, 42, 42, 42), ("%i"):format(-7))
print(("%x %X %#x %o %#o %c%c"):format(255, 255, 255, 8, 8, 72, 105), ("%x"):format(-1))
print(("%.3d %8.3d %-8.3d|"):format(5, 5, 5), ("%d"):format(3.0), ("%d"):format("10"), ("%5.0d|"):format(0))
try[=[string.format("%d", 3.5)]=]
try[=[string.format("%d", "3.5")]=]
try[=[string.format("%d", "x")]=]
try[=[string.format("%d")]=]
try[=[string.format("%d", 2^63)]=]
print(("%d%%"):format(50), ("%5c|%-5c|"):format(65, 66))
print(("%20d|%-20d|%020d"):format(math.mininteger, math.maxinteger, -1))
