-- Integer constants of all sizes as operands, keys and values.
local function show(...) print(...) end
local x, f = 1000000007, 2.5
show(x % 1000003, x // 65536, x * 70000, x + 2147483647, x - 2147483647, x + 2147483648, x - 2147483648)
show(x & 2147483647, x | 65536, x ~ 4294967295, x << 33, x >> 40, x & 0x7fffffff0000, x % -1000003, x // -70000)
show(2147483647 - x, 100000 * x, -2147483648 + x, -2147483649 + x, 4000000000 % x, 1000000 // x)
show(f % 1000003, f * 100000, f + 2147483647, f - 2147483648, f / 65536, 65536 / f, 100000 - f, f // 40000)
show(x < 1000003, x <= 2147483647, x > 2147483648, x == 1000000007, x ~= 1000000007, 1000003 < x, f < 100000, f == 100000)
local big = math.maxinteger
show(big + 32768, big - -32769, big * 65537, big % 32768, math.mininteger // 32768, math.mininteger % 100000)
if x > 32768 and x < 2147483647 and x ~= 40000 and 32769 < x then show("between") end
if x >= 1000000007 and not (x > 1000000007) and x <= 1000000007 then show("equal") end
local t = {}
t[100000] = 100001
t[-40000] = 65536
t[2147483647] = 2147483648
t[2147483648] = -2147483648
t.field = 70000
t.other = -70000
show(t[100000], t[-40000], t[2147483647], t[2147483648], t.field, t.other)
for i = 100000, 100002 do t[i] = i * 100000 end
show(t[100000], t[100001], t[100002])
show(pcall(function() return x % 0 end))
show(pcall(function() local s = "a" return s + 1000003 end))
show("10" + 100000, "0x10" * 70000, 10 .. 70000)
