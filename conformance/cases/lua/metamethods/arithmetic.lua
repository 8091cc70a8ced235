-- Every arithmetic and bit operator through metamethods, with the operand on either side.
local log = {}
local mt = {}
for _, name in ipairs({ "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr" }) do
  mt["__" .. name] = function(a, b)
    return name .. ":" .. (type(a) == "table" and "T" or tostring(a)) .. "," .. (type(b) == "table" and "T" or tostring(b))
  end
end
mt.__unm = function(a, b) return "unm", rawequal(a, b) end
mt.__bnot = function(a, b) return "bnot", rawequal(a, b) end
mt.__len = function(a) return "len" end
local t = setmetatable({}, mt)
print(t + 1, 1 + t, t + t, t - 1.5, 2 - t, t * "x", "x" * t, t / 2, 2 / t, t % 3, 3 % t, t ^ 2, 2 ^ t, t // 2, 2 // t)
print(t & 1, 1 & t, t | 1, 1 | t, t ~ 1, 1 ~ t, t << 1, 1 << t, t >> 1, 1 >> t, t + nil, nil + t)
print(-t) print(~t) print(#t)
