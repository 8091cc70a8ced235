-- Formats, packed data and UTF-8 that are longer than the library treats at once.
local long = ("0123456789"):rep(60000)
local function marks(s)
  local out = {}
  for i = 1, #s, 99991 do out[#out + 1] = s:sub(i, i + 3) end
  return #s, table.concat(out, "/"), s:sub(-9)
end
print("s", marks(("<%s|%s>"):format(long, long)), marks(("%.3s|%20s|%s"):format(long, "x", long)))
print("literal", marks((long .. "%d" .. long .. "%%"):format(42)))
print("q", marks(("%q"):format(("a\n\"\0001"):rep(30000))), load("return " .. ("%q"):format(("a\n\"\0001"):rep(30000)))() == ("a\n\"\0001"):rep(30000))
print("zeros", pcall(string.format, "%5s", long .. "\0"))
local object = setmetatable({}, { __tostring = function() return "object" end })
local numbers, objects = {}, {}
for i = 1, 2000 do numbers[i], objects[i] = i, object end
print("many", marks(("%d,"):rep(2000):format(table.unpack(numbers))), marks(("%g %x %s;"):rep(600):format(table.unpack(numbers))))
print("objects", marks(("%s-%10s."):rep(300):format(table.unpack(objects))))
print("pack", marks(string.pack("s4z", long, long)), marks(("i4"):rep(2000):pack(table.unpack(numbers))), pcall(string.pack, "z", long .. "\0"))
print("pack", marks(string.pack("c700000!8 Xd d", long, 1.5)), #string.pack((" "):rep(40000) .. "<i4" .. ("="):rep(40000), 7))
print("size", string.packsize(("i4"):rep(20000)), string.packsize("c100000 " .. ("b "):rep(20000)), pcall(string.packsize, ("i4"):rep(20000) .. "s"))
local data = string.pack("s4z", long, long)
local one, two, at = string.unpack("s4z", data)
print("unpack", one == long, two == long, at, #string.unpack("c600001", data), pcall(string.unpack, "z", long))
local packed = ("i4"):rep(9000):pack(table.unpack((function() local t = {} for i = 1, 9000 do t[i] = i * i end return t end)()))
local values = { string.unpack(("i4"):rep(9000), packed) }
print("unpack", #values, values[1], values[8999], values[9000], values[9001])
local text = ("aä汉😀"):rep(30000)
print("len", utf8.len(text), utf8.len(text, 2), utf8.len(text, -4), utf8.len(text .. "\xff"), utf8.len(("\x80"):rep(200000)))
print("offset", utf8.offset(text, 100000), utf8.offset(text, -100000), utf8.offset(("\x80"):rep(200000), 0, 200000), utf8.offset(text, 200000))
local codes = { utf8.codepoint(text, 1, 200000) }
print("codepoint", #codes, codes[1], codes[#codes], utf8.char(table.unpack(codes)) == text:sub(1, 200000))
local sum = 0
for at, code in utf8.codes(text:sub(1, 20000)) do sum = (sum + at * code) % 1000003 end
print("codes", sum, pcall(function() for _ in utf8.codes("a" .. ("\x80"):rep(200000)) do end end))
print("date", #os.date("!" .. ("%Y-%m-%d "):rep(9000), 0), os.date("!%c", 0), #os.date("!" .. long, 0), pcall(os.date, "!" .. ("%d"):rep(3000) .. "%Ez", 0))
print("error", #select(2, pcall(error, long)), #select(2, pcall(error, long, 1)), #select(2, pcall(error, long, 0)), #select(2, pcall(assert, false, long)), #select(2, pcall(error, ("x"):rep(600000), 2)))
print("tonumber", tonumber((" "):rep(5000) .. "12"), tonumber(("0"):rep(90000) .. "1"), tonumber(long), tonumber(("1"):rep(70), 2), tonumber("z" .. long), ("7" .. (" "):rep(9000)) + 1)
