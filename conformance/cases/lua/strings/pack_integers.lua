-- string.pack and unpack of integers with sizes and byte order.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
print(hex(string.pack("<i4", 1)), hex(string.pack(">i4", 1)), hex(string.pack("<i2", -2)), hex(string.pack("b", -1)), hex(string.pack("B", 255)))
print(hex(string.pack("<h", 258)), hex(string.pack("<H", 65535)), hex(string.pack("<l", 1)), hex(string.pack("<j", -1)), hex(string.pack("<J", 5)), hex(string.pack("<T", 5)))
print(hex(string.pack("<i3", 70000)), hex(string.pack(">I7", 1)), hex(string.pack("<i16", -3)), hex(string.pack(">i16", 3)))
print(string.unpack("<i4", "\1\0\0\0"), string.unpack(">i4", "\0\0\0\1"), string.unpack("<i2", "\xfe\xff"), string.unpack("b", "\xff"), string.unpack("B", "\xff"))
print(string.unpack("<i16", ("\xff"):rep(16)), string.unpack("<I3", "\1\2\3"), string.unpack("<i3", "\xff\xff\xff"))
print(string.unpack("<i2i2i2", "\1\0\2\0\3\0"), string.unpack("<i2", "\1\0\2\0", 3), string.unpack("<i2", "\1\0\2\0", -2))
try[=[string.pack("i1", 200)]=]
try[=[string.pack("I1", -1)]=]
try[=[string.pack("I2", 65536)]=]
try[=[string.pack("i17", 1)]=]
try[=[string.pack("i0", 1)]=]
try[=[string.unpack("<i4", "\1\2")]=]
try[=[string.unpack("<i9", ("\xff"):rep(8) .. "\1")]=]
try[=[string.unpack("<i4", "\1\2\3\4", 9)]=]
