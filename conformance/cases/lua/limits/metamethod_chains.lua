-- Endless chains through metamethods of every kind end in an error.
local function check(name, f) local ok, m = pcall(f) print(name, ok, type(m) == "string" and (m:match("stack overflow") or m:match("loop") or m)) end
local t
t = setmetatable({}, { __index = function(_, k) return t[k + 1] end }) check("index function", function() return t[1] end)
t = setmetatable({}, { __newindex = function(_, k, v) t[k + 1] = v end }) check("newindex function", function() t[1] = 1 end)
t = setmetatable({}, { __add = function(a, b) return a + b end }) check("add", function() return t + 1 end)
t = setmetatable({}, { __concat = function(a, b) return a .. b end }) check("concat", function() return t .. "x" end)
t = setmetatable({}, { __eq = function(a, b) return a == b end }) local u = setmetatable({}, getmetatable(t)) check("eq", function() return t == u end)
t = setmetatable({}, { __lt = function(a, b) return a < b end }) check("lt", function() return t < t end)
t = setmetatable({}, { __len = function(a) return #a end }) check("len", function() return #t end)
t = setmetatable({}, { __unm = function(a) return -a end }) check("unm", function() return -t end)
t = setmetatable({}, { __call = function(self, n) return 1 + self(n + 1) end }) check("call", function() return t(1) end)
t = setmetatable({}, { __tostring = function(self) return tostring(self) end }) check("tostring", function() return tostring(t) end)
local self_index = {} setmetatable(self_index, { __index = self_index }) check("index cycle", function() return self_index.x end)
local self_new = {} setmetatable(self_new, { __newindex = self_new }) check("newindex cycle", function() self_new.x = 1 end)
