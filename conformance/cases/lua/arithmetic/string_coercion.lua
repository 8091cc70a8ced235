-- Strings in arithmetic become numbers, and numbers in concatenation strings.
print("10" + 5, "10" * "2", "3.0" + 1, "0x1F" + 0, "10" / 2, "7" // 2, "7" % "4", "2" ^ "3", -"2", -"2.5")
print(10 .. 20, 1.5 .. "x", 2^63 .. "", -0.0 .. "", 1e100 .. "")
print("10" + 0 == 10, math.type("10" + 0), math.type("10.0" + 0), math.type("1e1" + 0))
print(pcall(function() return "abc" + 1 end))
print(pcall(function() return {} + 1 end))
local text = "5"
print(pcall(function() return text | 0 end))
print("9223372036854775808" + 0, "-9223372036854775809" + 0, "9223372036854775807" + 0)
