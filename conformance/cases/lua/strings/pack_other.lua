-- string.pack of floats, strings, padding and alignment.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
print(hex(string.pack("<f", 1.5)), hex(string.pack(">d", 1.5)), hex(string.pack("<n", -2)), string.unpack("<d", string.pack("<d", math.pi)))
print(string.unpack("<f", string.pack("<f", 0.1)) == 0.1, string.unpack("<f", string.pack("<f", 0.5)))
print(hex(string.pack("z", "hi")), hex(string.pack("s1", "hi")), hex(string.pack("<s2", "hi")), hex(string.pack("c5", "hi")), hex(string.pack(">s4", "")))
print(string.unpack("z", "hi\0rest"), string.unpack("s1", "\2hi!"), string.unpack("c3", "abcdef"), string.unpack("zz", "a\0b\0"))
print(hex(string.pack("bxb", 1, 2)), hex(string.pack("<!4 b i4", 1, 2)), hex(string.pack("<!8 b Xi8 b", 1, 2)), hex(string.pack(">!4 i2 i4 =", 1, 2)))
print(string.packsize("i4"), string.packsize("<!4 b i4"), string.packsize("c10"), string.packsize("bhilj"), string.packsize("dfn"), string.packsize("!8 b d"))
try[=[string.packsize("s")]=]
try[=[string.packsize("z")]=]
try[=[string.pack("z", "a\0b")]=]
try[=[string.pack("c2", "abc")]=]
try[=[string.pack("s1", ("x"):rep(300))]=]
try[=[string.pack("y", 1)]=]
try[=[string.pack("c", "x")]=]
try[=[string.unpack("z", "no end")]=]
try[=[string.unpack("c5", "abc")]=]
try[=[string.pack("!3 i4", 1)]=]
try[=[string.pack("Xz")]=]
print(string.unpack("<I2 >I2 =I1", "\1\0\0\1\5"), string.pack(" < i1 i1 ", 1, 2) == "\1\2")
