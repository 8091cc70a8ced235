-- A function imported with a record or an array as its result: nil is null, an object of that layout is itself, all else is refused.
local m
package.loaded.env = { f = function(...) return ... end }
m = require "records"
local record, array, other = m.record(), m.array(), m.other()
for _, try in ipairs { "record_of", "array_of", "both_of" } do
  for _, value in ipairs { 5, 0.5, true, false, "text", {}, print, record, array, other } do
    print(try, (type(value) == "userdata" or type(value) == "table") and type(value) or tostring(value):match("^%w+"), pcall(m[try], value))
  end
  print(try, "nil", pcall(m[try], nil))
  print(try, "nothing", pcall(m[try]))
end
print(m.record_of(record) == record, m.array_of(array) == array)
