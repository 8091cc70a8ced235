-- The stack overflows in calls of every kind: fixed and variable arguments, tail calls in between, methods, metamethods, `__call`,
-- host functions that call back, coroutines.
local function check(name, f, ...)
  local ok, message = pcall(f, ...)
  print(name, ok, tostring(message):match("stack overflow"))
end

local function one(n) return 1 + one(n + 1) end
check("one", one, 1)
local function two(a, b) local c, d = a + b, a - b return (two(c, d)) end
check("two", two, 1, 2)
local function fewer(a, b, c) return 1 + fewer(a) end
check("fewer", fewer, 1)
local function more(a) return 1 + more(a, a, a, a) end
check("more", more, 1)
local function variable(...) return 1 + variable(...) end
check("variable", variable, 1, 2, 3)
local function open(...) local function inner(a, b) return 1 + open(a, b) end return 1 + inner(...) end
check("open", open, 1, 2)
local function tail(n) return one(n) end
check("tail", tail, 1)
local object = {} function object:method(n) return 1 + self:method(n + 1) end
check("method", object.method, object, 1)
local index = setmetatable({}, { __index = function(t, k) return t[k + 1] + 1 end })
check("index", function() return index[1] end)
local sum = setmetatable({}, { __add = function(a, b) return (a + b) end })
check("add", function() return sum + 1 end)
local called = setmetatable({}, { __call = function(self, n) return 1 + self(n) end })
check("call", called, 1)
local function sort() table.sort({ 3, 1, 2 }, function() return sort() end) end
check("sort", sort)
local function replace() return (string.gsub("a", "a", replace)) end
check("gsub", replace)
check("coroutine", coroutine.wrap(function() return one(1) end))
