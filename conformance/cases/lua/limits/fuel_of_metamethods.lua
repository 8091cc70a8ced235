-- Calls of metamethods inside of one another, without any branch or call instruction, stop when the fuel is used up.
local t = setmetatable({ [0] = 0 }, { __index = function(t, k)
  local a = k * 2 local b = a - k local c = b * b local d = c - a local e = d + b local f = e * 3 local g = f // 7
  a = g ~ b b = a & 255 c = b | 1 d = c << 3 e = d + g f = e - c g = f * f a = g % 1001 b = a + k c = b * 2 d = c - 5
  return t[k - 1] + d % 10
end })
for i = 1, 4 do print(t[150]) end
