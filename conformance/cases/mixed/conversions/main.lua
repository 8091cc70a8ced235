-- What each type takes and gives.
local t = require "types"
local function show(...)
  local list = table.pack(...)
  for i = 1, list.n do
    local v = list[i]
    list[i] = (math.type(v) or type(v)) .. " " .. tostring(type(v) == "number" and v or type(v) == "string" and v or "")
  end
  print(table.concat(list, ", "))
end
show(t.i32(-1), t.i32(0xffffffff), t.i32(0x7fffffff), t.i32(-0x80000000), t.i32(3.0))
show(t.i32(true), t.i32(false), t.i64(true), t.i64(false))
show(t.i64(math.maxinteger), t.i64(math.mininteger), t.i64(-2.0^60))
show(t.f32(0.1), t.f32(1), t.f32(16777217), t.f32(1/0))
show(t.f64(0.1), t.f64(1), t.f64(-0.0), t.f64(2^53 + 1))
print(t.f64(0/0) ~= t.f64(0/0), t.f32(0/0) ~= t.f32(0/0))
for _, v in ipairs { {}, "text", 12, 1.5, true, false, print, coroutine.create(print), io.stdout } do
  assert(rawequal(t.extern(v), v), type(v))
end
print(t.extern(nil), t.extern(), t.is_null(nil), t.is_null(false), t.is_null({}))
print(t.func(print) == print, t.func(t.i32) == t.i32, t.func(nil))
print(select("#", t.nothing()), select("#", t.i32(1)), (t.nothing()))
-- Further arguments are dropped, in all kinds of calls.
print(t.i32(1, 2, 3), t.extern("a", "b"))
print((t.mixed(1, "two", 3, 4, 5)))
print(t.mixed(1, "two", 3, 4, 5.5))
local packed = { t.mixed(true, nil, 0.5, 4.0, 2) }
print(#packed, packed[1], packed[2], packed[3], packed[4], packed[5])
print(t.many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
print(pcall(t.i32, 7))
print(select(2, pcall(t.mixed, 1, 2, 3, 4, 5)))
print(table.unpack { t.i32(5), t.f64(5) })
print(type(t.i32), t.i32 == t.i32, getmetatable(t))
