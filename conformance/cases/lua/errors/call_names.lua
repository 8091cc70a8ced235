-- Calling what cannot be called names it.
local function try(f) print(select(2, pcall(f))) end
local t, up = { a = { n = 1 } }, 5
try(function() local l = {} l() end) try(function() up() end) try(function() glob() end) try(function() t.b() end) try(function() t.a.n() end)
try(function() t:b() end) try(function() t.a:b(1, 2) end) try(function() t[1]() end) try(function() local k = "key" t[k]() end) try(function() (function() end)()() end)
try(function() ("str")() end) try(function() return glob() end) try(function() return t.b() end) try(function() return t:b() end) try(function() print(glob()) end)
try(function() string.nope("x") end) try(function() ("x"):nope() end) try(function() math.sin.x() end) try(function() glob.field.func() end)
