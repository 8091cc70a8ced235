-- Bounds of a numeric loop may be strings that spell numbers. A start or step in a string makes it a loop over floats.
for i = "1", 3 do io.write(i, " ") end print()
for i = 1, "3" do io.write(i, " ") end print()
for i = 3, 1, "-1" do io.write(i, " ") end print()
for i = "0x10", "17.5", " 1 " do io.write(i, " ") end print()
for i = 1, "2.9" do io.write(i, " ") end print()
print(pcall(function() for i = "x", 2 do end end)) print(pcall(function() for i = 1, "" do end end)) print(pcall(function() for i = 1, 2, "0" do end end))
print(pcall(function() for i = 1, 2, {} do end end)) print(pcall(function() for i = "1", {} do end end))
local s = "2" for i = s, s do print(i, s) end
