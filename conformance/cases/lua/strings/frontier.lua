-- The frontier pattern %f.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("THE (quick) fox"):gsub("%f[%a]%a+", string.lower))
print(("hello world"):find("%f[%w]%w+%f[%W]", 2))
print(("foo.bar"):match("%f[%w]%w+$"), ("[[x]]"):gsub("%f[x]", "-"), (""):find("%f[%a]"), ("a"):find("%f[%z]"), ("a"):find("%f[\0]"))
try[=[string.find("a", "%f")]=]
try[=[string.find("a", "%fa")]=]
