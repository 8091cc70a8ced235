-- string.byte and string.char.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("A"):byte(), ("ABC"):byte(2), ("ABC"):byte(-1), ("ABC"):byte(1, -1), ("ABC"):byte(10), (""):byte())
print(("ABC"):byte(0), ("ABC"):byte(2, 1), ("ABC"):byte(-10, 2))
print(string.char(72, 105), string.char(), #string.char(0, 255), string.char(0x41))
try[=[string.char(256)]=]
try[=[string.char(-1)]=]
try[=[string.char(65, "x")]=]
try[=[string.char(65.5)]=]
print(string.char("65"), string.char(66.0))
