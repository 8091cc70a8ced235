-- Escapes, long brackets and continued lines in string literals.
print("a\tb\\n\"q\" 'single'", 'it\'s', "\65\066\x41\x7A\u{48}\u{20AC}\u{7FFFFFFF}" == "ABAzH€\xFD\xBF\xBF\xBF\xBF\xBF")
print("tab\9end", "nul:\0:end", #"nul:\0:end", "\z
       skipped", "line\
break")
print([[long
string]], [==[with ]] and ]=] inside]==], [[
first newline dropped]], #[[

]])
print("\a\b\f\v" == "\7\8\12\11", "\u{0}" == "\0", "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}" == "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80")
print(#"\r\n", ("%q"):format("a\nb\0c\"\\\r\1272"))
