-- Malformed patterns are errors with a reason.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
for _, pattern in ipairs({ "%", "[a", "[a%", "(a", "a)", "%b", "%bx", "%1", "(a)%2", "(()%1)", "[]", "[^]", "(a%1)", "%g(" }) do
  print(pattern, pcall(string.find, "aaaa", pattern))
end
try[=[string.gsub("abc", "(b", "x")]=]
try[=[string.gsub("abc", "b", "%2")]=]
try[=[string.gsub("abc", "b", "%x")]=]
try[=[string.gsub("abc", "b", "%")]=]
try[=[string.find("x", string.rep("(", 40))]=]
