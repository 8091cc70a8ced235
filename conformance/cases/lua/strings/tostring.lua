-- tostring of every kind, __tostring and __name.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(tostring(nil), tostring(true), tostring(12), tostring(12.0), tostring("s"), tostring(-0.0))
print(tostring({}):match("^table: ") ~= nil, tostring(print):match("^builtin: ") or tostring(print):match("^function: "), tostring(function() end):match("^function: "))
print(tostring(coroutine.create(print)):match("^thread: "), tostring(io.stdout):match("^file %("))
print(tostring(setmetatable({}, { __tostring = function(t) return "T" end })), pcall(tostring, setmetatable({}, { __tostring = function() return {} end })))
print(tostring(setmetatable({}, { __name = "Point" })):match("^Point: "), tostring(setmetatable({}, { __name = 5 })):match("^table: "))
try[=[tostring()]=]
print(setmetatable({}, { __tostring = function() return "printed" end }))
try[=[tostring(setmetatable({}, { __tostring = function() error("in tostring", 0) end }))]=]
