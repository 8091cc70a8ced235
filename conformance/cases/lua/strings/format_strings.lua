-- string.format: %s and %q, and errors in the format.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("%s %10s|%-10s|%.2s|%5.1s|"):format("abc", "abc", "abc", "abc", "abc"), ("%s %s %s"):format(nil, true, 12.0))
print(("%s"):format(setmetatable({}, { __tostring = function() return "custom" end })), pcall(string.format, "%s", setmetatable({}, { __tostring = function() return 5 end })))
print(("%s"):format(setmetatable({}, { __name = "My.Type" })):match("^My.Type: ") ~= nil)
print(("%q"):format("line\nbreak \"quoted\" back\\slash \0 nul \0011 \r tab\t"), ("%q %q %q"):format(1, 1.5, true), ("%q"):format(nil))
print(("%q %q %q"):format(math.mininteger, 1e100, 1 / 3), ("%q"):format(1 / 0), ("%q"):format(-1 / 0), ("%q"):format(0 / 0))
try[=[string.format("%q", {})]=]
try[=[string.format("%10q", "x")]=]
try[=[string.format("%s")]=]
try[=[string.format("%y", 1)]=]
try[=[string.format("%", 1)]=]
try[=[string.format("%123d", 1)]=]
try[=[string.format("%.123d", 1)]=]
try[=[string.format("%0-+ #5d", 1)]=]
try[=[string.format("%#s", "x")]=]
print(("%%"):format(), ("%s\0%s"):format("a", "b") == "a\0b", #("%s"):format(("x"):rep(1000)), #("%.10s"):format(("x"):rep(1000)))
