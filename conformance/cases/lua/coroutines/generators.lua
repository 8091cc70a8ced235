-- Recursive generators: permutations, tree walks, primes.
local function permgen(a, n) n = n or #a if n <= 1 then coroutine.yield(a) else for i = 1, n do a[n], a[i] = a[i], a[n] permgen(a, n - 1) a[n], a[i] = a[i], a[n] end end end
for p in coroutine.wrap(function() permgen({ 1, 2, 3 }) end) do io.write(table.concat(p), " ") end print()
local function walk(t) if t then walk(t[1]) coroutine.yield(t[2]) walk(t[3]) end end
for v in coroutine.wrap(function() walk({ { nil, 1 }, 2, { { nil, 3 }, 4, { nil, 5 } } }) end) do io.write(v, " ") end print()
local function numbers() return coroutine.wrap(function() for i = 2, 30 do coroutine.yield(i) end end) end
local function filter(p, g) return coroutine.wrap(function() for n in g do if n % p ~= 0 then coroutine.yield(n) end end end) end
local g = numbers() while true do local p = g() if not p then break end io.write(p, " ") g = filter(p, g) end print()
