-- Strings that are longer than the library makes at once: every byte is where it belongs.
local function marks(s, step)
  local out = {}
  for i = 1, #s, step do out[#out + 1] = s:byte(i) end
  out[#out + 1] = s:byte(-1)
  return #s .. ":" .. table.concat(out, ",")
end
local period = ""
for i = 32, 126 do period = period .. string.char(i) end
local long = period:rep(12000)
print("rep", marks(long, 77777), #("x"):rep(600000), #(""):rep(600000), ("ab"):rep(600000) == ("abab"):rep(300000))
print("separator", marks(("abc"):rep(150001, "--"), 99991), #(""):rep(600001, "xy"))
local wide = long .. "|" .. period
print("wide", marks(wide:rep(2, long:sub(1, 600000)), 123457))
print("reverse", marks(long:reverse(), 77777), long:reverse():reverse() == long)
print("case", marks(long:upper(), 77777), marks(long:lower(), 77777), long:upper():lower() == long:lower())
print("sub", marks(long:sub(3, -3), 77777), long:sub(1) == long, #long:sub(-600000), #long:sub(2, 600001))
print("rawequal", rawequal(long, period:rep(12000)), rawequal(long, long:sub(1, -2) .. "!"), rawequal(long, long .. "x"))
local t = { [long] = "found" }
print("key", rawget(t, period:rep(12000)), rawget(t, long:sub(2)), t[long], rawset(t, long:sub(2), 1)[long:sub(2)])
local codes = { long:byte(1, 40000) }
print("byte", #codes, codes[1], codes[95], codes[96], codes[40000], select("#", long:byte(-20000, -1)))
print("char", string.char(table.unpack(codes)) == long:sub(1, 40000))
print("tostring", tostring(long) == long, #tostring(setmetatable({}, { __tostring = function() return long end })))
