-- Errors in and around closing.
local function closer(name, fails) return setmetatable({}, { __close = function(_, e) print("close", name, e) if fails then error(fails, 0) end end }) end
print(pcall(function() local a <close> = closer("a") local b <close> = closer("b", "from b") local c <close> = closer("c") error("first", 0) end))
print(pcall(function() local a <close> = closer("a", "from a") return "value" end))
print(pcall(function() local a <close> = closer("a", "second") local b <close> = closer("b", "first") end))
print(pcall(function() local bad <close> = {} end))
print(pcall(function() local bad <close> = 5 end))
print(pcall(function() local x <close> = setmetatable({}, { __close = 5 }) end))
print(pcall(function() local t = setmetatable({}, { __close = function() end }) local x <close> = t getmetatable(t).__close = nil end))
print(xpcall(function() local a <close> = closer("a") error({ code = 1 }) end, function(e) return type(e) end))
