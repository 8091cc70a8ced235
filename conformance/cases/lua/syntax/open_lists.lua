-- Lists of unknown length as arguments, in constructors, in returns, with fixed values before them.
local function id(...) return ... end
local function pack(...) return { n = select("#", ...), ... } end
local s = 0
for i = 1, 200 do
  local t = pack(i, "x", id(i, i + 1, id(1, 2, 3)))
  s = s + t.n + #table.concat(t, ",")
  local u = { 1, 2, id(3, 4, t.n) }
  s = s + u[5] + select("#", id(), nil, id(nil, nil)) + math.max(1, 2, id(i, 3))
end
print(s)
local function tail(n, ...) if n == 0 then return "end", ... end return tail(n - 1, n, ...) end
print(select("#", tail(100, 5)), tail(5, id(8, 9)))
local co = coroutine.wrap(function(...) local n = 0 while true do n = n + select("#", coroutine.yield(n, "more", ...)) end end)
print(co(1, 2)) print(co(id(3, 4))) print(co()) print(co(1, id(2, 3)))
