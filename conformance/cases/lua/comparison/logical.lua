-- and, or and not give operands, and evaluate only what they need.
local function noisy(value) io.write("<", tostring(value), ">") return value end
print(noisy(1) and noisy(2), noisy(nil) and noisy(2), noisy(false) or noisy(3), noisy(4) or noisy(5))
print(not nil, not 0, not "", nil == false, (nil and 1) == nil)
print(noisy(nil) or noisy(false) or noisy("last"), noisy(1) and noisy(2) and noisy(3))
local x = nil
print(x and x.field or "default", x == nil and "absent", not x)
if noisy(0) and noisy("") then print("zero and the empty string are true") end
local t = { a = false }
print(t.a == nil, t.a or "replaced", t.b == nil)
while noisy(true) and not (x and true) do x = true end
print(x)
