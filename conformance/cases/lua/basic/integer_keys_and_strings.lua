-- Number to string and back in keys and comparisons.
local t = {} t[10] = "n" t["10"] = "s" print(t[10], t["10"], t["10" + 0], t[10 .. ""]) print(10 == "10", tostring(10) == "10", 10 == tonumber("10"), "abc" < "abd", #tostring(12345.5)) print(1e3, 1000, 1e3 == 1000, t[1e1]) print(math.type(10 // 1), math.type(10 / 1), 3 | 0, 3.0 == 3) print(("10"):rep(2) + 1, "0x10" * 1, -"3", "3" * "4")
