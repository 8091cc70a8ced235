-- upper, lower, rep, reverse.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("Hello World 123"):upper(), ("Hello World 123"):lower(), ("äÖ"):upper() == "äÖ")
print(("ab"):rep(3), ("ab"):rep(3, "-"), ("ab"):rep(1, "-"), ("ab"):rep(0), ("ab"):rep(-5), (""):rep(100), ("x"):rep(0, "y"))
print(("abc"):reverse(), (""):reverse(), ("a"):reverse(), ("ab\0c"):reverse() == "c\0ba")
try[=[string.rep("x", 1 << 62)]=]
try[=[string.rep()]=]
try[=[string.rep("x")]=]
try[=[string.rep("x", 1.5)]=]
try[=[string.upper({})]=]
print(string.rep(7, 3), string.upper(1.5), string.reverse(120))
