-- string.find, plain and with positions.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("hello world"):find("wor"), ("hello world"):find("l"), ("hello"):find("xyz"), ("hello"):find(""))
print(("hello"):find("l", 4), ("hello"):find("l", -2), ("hello"):find("h", -100), ("hello"):find("", 6), ("hello"):find("", 7), ("hello"):find("h", 100))
print(("a.b"):find(".", 1, true), ("a.b"):find("."), ("a+b"):find("+", 1, true), ("a%b"):find("%", 1, true))
print(("a\0b"):find("\0"), ("a\0b"):find("b"), (""):find(""), (""):find("x"), (""):find("", 2))
print(("abc"):find("b", nil, true), ("abc"):find("b", 2.0))
try[=[string.find("abc")]=]
try[=[string.find(nil, "x")]=]
