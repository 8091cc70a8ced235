-- Each wrong argument and result is an error that names function, parameter, expected and found.
local given
local function give() return given end
package.loaded.env = {
  give_i32 = give, give_i64 = give, give_f32 = give, give_f64 = give,
  give_two = function() return table.unpack(given) end,
}
local t = require "types"
local function wrong(f, ...) print(select(2, pcall(f, ...))) end
for _, name in ipairs { "i32", "i64", "f32", "f64" } do
  for _, value in ipairs { "1", {}, print, 1.5, 2^63, 1e300 } do
    local good, message = pcall(t[name], value)
    if not good then print((message:gsub("0x%x+", "address"))) end
  end
  wrong(t[name])
  wrong(t[name], nil)
end
wrong(t.i32, 1 << 32)
wrong(t.i32, -(1 << 31) - 1)
wrong(t.second, 1, setmetatable({}, { __name = "Point" }))
wrong(t.second, 1)
wrong(function() t.second(1, "in a call") end)
wrong(function() return t.second(1, "in a tail call") end)
for _, name in ipairs { "i32", "i64", "f32", "f64" } do
  for _, value in ipairs { "1", {}, 1.5, 1 << 40 } do
    given = value
    wrong(t["take_" .. name])
  end
  given = nil
  wrong(t["take_" .. name])
end
for _, values in ipairs { {}, { 1 }, { 1, "2" }, { "1", 2 }, { 1, 2, 3 } } do
  given = values
  print(pcall(t.take_two))
end
-- References to functions are checked where they are stored or called.
wrong(t.keep, 12)
wrong(t.run, 0)
t.keep(function() return "no number" end)
wrong(t.run, 0)
t.keep(t.i32)
wrong(t.run, 0)
wrong(t.run, 7)
