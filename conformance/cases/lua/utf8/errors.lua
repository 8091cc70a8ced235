-- Invalid encodings, surrogates, overlong forms, lax mode, bounds.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=u")))) end
try [=[utf8.codepoint("\xff")]=] try [=[utf8.codepoint("abc", 4)]=] try [=[utf8.codepoint("abc", 1, 9)]=] try [=[utf8.char(-1)]=] try [=[utf8.char(0x80000000)]=] try [=[utf8.len("abc", 6)]=] try [=[utf8.len("abc", 1, 9)]=] try [=[utf8.offset("ä", 1, 2)]=] try [=[utf8.offset("abc", 1, 9)]=]
print(utf8.len("\u{D7FF}"), utf8.len("\xED\xA0\x80"), utf8.len("\xED\xA0\x80", 1, -1, true), utf8.len("\xC0\x80"), utf8.len("\xF4\x8F\xBF\xBF"), utf8.len("\xF4\x90\x80\x80"), utf8.len("\xF4\x90\x80\x80", 1, -1, true), utf8.len("\xFD\xBF\xBF\xBF\xBF\xBF", 1, -1, true), utf8.len("\xE0\x80\x80"), utf8.len("\x80"), utf8.len("ab\x80"))
print(pcall(function() for p, c in utf8.codes("a\xffb") do io.write(p, " ") end end)) print(pcall(function() for p, c in utf8.codes("ab\xE4") do io.write(p, " ") end end)) for p, c in utf8.codes("\u{7FFFFFFF}x", true) do io.write(p, ":", c, " ") end print() print(pcall(utf8.codepoint, "\u{7FFFFFFF}")) print(utf8.codepoint("\u{7FFFFFFF}", 1, 1, true))
