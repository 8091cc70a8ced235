-- When locals are read that a call in the same expression assigns: operands of operators and of indexing when the operation
-- happens, values of lists at their turn; upvalues at their turn.
do
  local a = 1
  local function f() a = a + 10 return 1 end
  print(a + f(), f() + a) a = 1
  print(a < f(), a <= f(), a > f(), a == f(), a ~= f(), a >= 0 + f()) a = 1
  print(a .. f(), a, f(), a) a = 1
  print((a) * f(), -a + f(), a * 2 + f(), (a + f()) - a) a = 1
  a = a + f() print(a) a = 1
  local b = a - f() print(b) a = 1
  if a < f() then print "less" else print "not less" end a = 1
  while a > f() do print "once" break end a = 1
  print(a and f(), a or f(), not a == f()) a = 1
  print(a // f(), a % f(), a ^ f(), a / f(), a & f(), a | f(), a ~ f(), a << f(), a >> f()) a = 1
  local t = {a, f(), a, [a] = f()}
  print(t[1], t[2], t[3], t[33], a) a = 1
  local x, y, z = a, f(), a
  print(x, y, z) a = 1
  print((function() return a, f(), a end)())
end
do
  local q, p = {7}, {8}
  local function f() q, p = {99}, {98} return 1 end
  local before, other = q, p
  print(q[f()], q[1] + p[f()])
  q, p = before, other
  q[1] = f() + 4
  print(q[1], before[1])
  q, p = before, other
  q[f()] = 5
  print(q[1], before[1])
  q = before
  q.x, p.y = f(), 2
  print(q.x, p.y, before.x, other.y)
  q, p = before, other
  q, q.z = {}, f()
  print(q.z, before.z)
  local i, list = 1, {}
  local function step() i = i + 1 return i end
  list[i] = step()
  list[i], list[i + 1] = step(), step()
  i, list[i] = 20, step()
  print(list[1], list[2], list[4], list[5], list[6], i)
  local function object() return setmetatable({}, {__index = function(_, k) i = i + 1 return i end}) end
  i = 1
  print(i + object().x, i - object()[1], object().x < i)
end
do
  local u = {1}
  local function replace(v) u = {v} return v end
  local function inside()
    local old = u
    u.x = replace(2)
    print(u.x, old.x)
    old = u
    u["x" .. ""] = replace(3)
    print(u.x, old.x)
    old = u
    u[1] = replace(4)
    print(u[1], old[1])
    print(#u + #replace("abc")) u = {5}
    print(u[1] + replace(6))
  end
  inside()
end
do
  local g = setmetatable({}, {__index = _G})
  local _ENV = g
  local function swap() _ENV = setmetatable({name = "new"}, {__index = g}) return 1 end
  y = swap()
  print(y, rawget(g, "y"))
end
for i = 0 / 0, 2 do print(i ~= i) end
for i = 1.0, 0 / 0 do print(i) end
for i = 1, 0 / 0 do print(i) end
for i = 1, -3, 0 / 0 do print(i) end
for i = 1, 3, 0 / 0 do print(i) end
