-- Names, field names that look odd, and soft words.
local _, _1, aB, AND, End, goto_ = 1, 2, 3, 4, 5, 6
print(_, _1, aB, AND, End, goto_)
local t = { ["and"] = 1, ["end"] = 2, x = 3, [1] = 4, [-1] = 5, [1.5] = 6, [true] = 7, ["with space"] = 8 }
print(t["and"], t["end"], t.x, t[1], t[-1], t[1.5], t[true], t["with space"])
for _, word in ipairs({ "and", "goto", "nil", "not", "until", "while" }) do
  print(word, (load("local " .. word .. " = 1", "=k")))
end
local type, print_ = type, print
print_(type(type))
