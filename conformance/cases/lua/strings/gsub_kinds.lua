-- string.gsub with strings, tables, functions, limits.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("hello world"):gsub("o", "0"), ("hello"):gsub("", "-"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub("%w", "%%"))
print(("hello world"):gsub("(%w+) (%w+)", "%2 %1"), ("abc"):gsub("b", "%0", 0), ("aaa"):gsub("a", "b", 2), ("aaa"):gsub("a", "b", -1))
print(("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 42 }), ("$x"):gsub("%$(%w+)", {}), ("$x"):gsub("%$(%w+)", { x = false }))
print(("abc"):gsub("%w", function(c) if c == "b" then return nil end return c:upper() end), ("abc"):gsub("%w", function() return false end))
print(("abc"):gsub("(a)(b)(c)", function(...) return select("#", ...) .. ... end), ("x"):gsub("()", function(p) return p end))
print(("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"), ("abc"):gsub("$", "x"), ("abc"):gsub(".", { a = 1, b = 2.5 }))
try[=[string.gsub("abc", "b", function() return {} end)]=]
try[=[string.gsub("abc", "b", { b = true })]=]
try[=[string.gsub("abc", "b")]=]
try[=[string.gsub("abc", "b", true)]=]
print(("abc"):gsub("b", 5), ("a b c"):gsub(" ", ""), ("abc"):gsub("[bc]", { b = "[%1]" }))
print(string.gsub("abc", "%w", setmetatable({}, { __index = function(_, k) return k .. k end })))
