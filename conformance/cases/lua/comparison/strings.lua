-- Strings compare byte by byte in the C locale.
print("a" < "b", "a" < "B", "Z" < "a", "" < "a", "a" < "aa", "a\0b" < "a\0c", "a\0" > "a", "10" < "9", "é" > "z")
print("abc" <= "abc", "abc" >= "abd", "abc" == "ab" .. "c", "x" ~= "X")
local list = { "pear", "Apple", "fig", "", "apple", "10", "9", "a\0", "a" }
table.sort(list)
for i, word in ipairs(list) do list[i] = ("%q"):format(word) end
print(table.concat(list, " "))
