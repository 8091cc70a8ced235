-- Indexing what cannot be indexed names the variable and how it was reached.
local function try(f) print(select(2, pcall(f))) end
local t, up, s = { a = {} }, nil, "text"
try(function() local l l.x = 1 end) try(function() local l return l.x end) try(function() return up.x end) try(function() up.x = 1 end)
try(function() return glob.x end) try(function() glob.x = 1 end) try(function() return t.b.c end) try(function() t.b.c = 1 end)
try(function() return t.a.b.c end) try(function() return t[1].x end) try(function() local k = "key" return t[k].x end) try(function() return t[true].x end)
try(function() return t.a["x y"].z end) try(function() return (nil).x end) try(function() return (5).x end) try(function() return t.f().x end)
try(function() return t:m().x end) try(function() return s.x.y end) try(function() local n = 5 n[1] = 2 end) try(function() return up[t] end)
try(function() return up[1] end) try(function() local a = {} a.b.c.d = 1 end) try(function() return #up end) try(function() return #glob end) try(function() return #t.b end)
