-- What tracebacks call functions.
local function trace() print((debug.traceback("here"):gsub("\n%s*traceback_names.lua:%d+: in main chunk.*", ""))) end
function known() trace() end
local t = { field = function() trace() end, sub = { deep = function() trace() end } }
function t:method() trace() end
known() t.field() t.sub.deep() t:method() pcall(known) pcall(t.field)
local function tail() return known() end tail()
local function tail_local() return trace() end tail_local()
local function recursive(n) if n == 0 then trace() else recursive(n - 1) end end recursive(2)
local function long(n) if n == 0 then trace() else long(n - 1) end end for depth = 17, 21 do coroutine.wrap(long)(depth) end
t[1] = trace t[1]() t[1000] = function() trace() end t[1000]() local key = "field" t[key]()
local meta = { __index = trace, __add = trace, __concat = trace, __unm = trace, __len = trace, __eq = trace, __lt = trace, __newindex = trace, __call = trace, __tostring = function() trace() return "" end }
for name, f in pairs(meta) do meta[name] = function(...) return f(...), 1 end end
local a, b = setmetatable({}, meta), setmetatable({}, meta)
local _ = a.x, a + 1, a .. "", -a, #a, a == b, a < b a.x = 1 a()
for _ in function() trace() end do end
table.sort({ 2, 1 }, function(x, y) trace() return x < y end) string.gsub("a", "a", function() trace() end)
table.concat(setmetatable({}, { __len = function() return 1 end, __index = function() trace() return "" end }))
local chunk = load("known()", "=chunk") chunk() load("known()", "@file")()
local env = setmetatable({}, { __index = _G }) do local _ENV = env function own() trace() end own() end
