-- Recursion without end through library functions and other metamethods ends in an error, also inside of coroutines.
local turn = 0
local function check(name, f)
  turn = turn + 1
  local call = turn % 2 == 0 and pcall or function(f) return coroutine.resume(coroutine.create(f)) end
  local ok, m = call(f) print(name, ok, type(m) == "string" and (m:match("stack overflow") or m))
end
local t
t = setmetatable({}, { __tostring = function(self) return ("%s"):format(self) end }) check("format", function() return ("%s"):format(t) end)
t = setmetatable({}, { __pairs = function(self) return pairs(self) end }) check("pairs", function() for k in pairs(t) do end end)
t = setmetatable({}, { __index = function(self) return table.concat(self, "", 1, 1) end }) check("concat", function() return table.concat(t, "", 1, 1) end)
t = setmetatable({}, { __index = function(self) return table.unpack(self, 1, 1) end }) check("unpack", function() return table.unpack(t, 1, 1) end)
t = setmetatable({}, { __newindex = function(self, _, v) table.insert(self, v) end }) check("insert", function() table.insert(t, 1) end)
t = setmetatable({}, { __index = function(self, i) return table.move(self, 1, 1, 2, {})[2] end }) check("move", function() return t[1] end)
t = setmetatable({}, { __lt = function(a, b) table.sort { a, b } return false end }) check("sort", function() table.sort { t, t } end)
local function iterate() for x in iterate do end return true end check("iterator", iterate)
local function closing() local x <close> = setmetatable({}, { __close = function() closing() end }) end check("close", closing)
local function replace() return (("x"):gsub("x", setmetatable({}, { __index = replace }))) end check("gsub", replace)
local function generate() return coroutine.wrap(function() return generate() end)() end check("wrap", generate)
local function resumer() local co = coroutine.create(resumer) local ok, m = coroutine.resume(co) if not ok then error(m, 0) end end check("resume", resumer)
