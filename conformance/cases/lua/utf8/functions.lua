-- utf8.char, codepoint, len, offset, codes, charpattern.
print(utf8.char(72, 228, 8364, 128512), utf8.char(), #utf8.char(0x7FFFFFFF), utf8.char(0) == "\0", utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
local s = "aä€😀z" print(#s, utf8.len(s), utf8.len(""), utf8.len(s, 2), utf8.len(s, 4), utf8.len(s, -1), utf8.len("\xff"), utf8.len("abc\xE4"), utf8.len(s, 3), utf8.len(s, 1, 3), utf8.len(s, #s + 1))
print(utf8.codepoint(s, 1, -1)) print(utf8.codepoint(s), utf8.codepoint(s, 2), utf8.codepoint(s, -1), select("#", utf8.codepoint(s, 3, 2))) print(utf8.offset(s, 1), utf8.offset(s, 2), utf8.offset(s, 3), utf8.offset(s, 5), utf8.offset(s, 6), utf8.offset(s, 7), utf8.offset(s, -1), utf8.offset(s, -2), utf8.offset(s, 0, 3), utf8.offset(s, 1, 4), utf8.offset(s, -1, 4))
for p, c in utf8.codes(s) do io.write(p, ":", c, " ") end print() for c in s:gmatch(utf8.charpattern) do io.write("<", c, ">") end print() for p, c in utf8.codes("") do print("never") end
