-- A function is named also when its arguments are evaluated in several steps; a value that may come from two places is not.
local t = { f = false }
local yes, no = not t.f, t.f
local function try(f) print(select(2, pcall(f))) end
try(function() missing(yes and no) end) try(function() t.g(yes or no, no and yes) end) try(function() t:m(yes and no) end)
try(function() return t.a.b(yes and 1 or 2) end) try(function() t.x.y = yes and no end)
try(function(p) (p or t.f)() end) try(function() return (yes and t.f).x end) try(function() return (t.f or t.n)() end)
try(function() local l = t.n or t.f l() end) try(function() return t.f + (yes and 1 or 2) end)
try(function() return 1.5 & 1 end) try(function() local half = 2.5 return 1 | half end) try(function() return "x" | 1 end)
local function itself() return itself.field.other end try(itself)
local function itself_called() itself_called.nope() end try(itself_called)
