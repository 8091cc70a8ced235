-- Operator precedence and associativity.
print(2 + 3 * 4 ^ 2 / 2, 2 ^ 3 ^ 2, -2 ^ 2, not nil == true, not (nil == true))
print(1 .. 2 .. 3, 1 + 1 .. "", 2 * 3 .. 4 + 5)
print(1 or error("not reached"), nil and error("not reached"), false or nil, nil or false, 1 and 2, nil and 1)
print(1 < 2 == true, "a" < "b" and "b" < "c", 5 - 3 - 1, 100 / 10 / 2, 7 // 2 * 2 + 7 % 2)
print(1 | 2 ~ 3 & 4, 1 << 2 + 1, (1 << 2) + 1, 5 & 6 == 4, 3 | 4 == 7, #"abc" + 1, -#"abc", - -3, not not 5)
print(2 ^ -1, -3 ^ 2, 2 ^ - 2, -2 // 3, ~1 + 1, ~(1 + 1))
print(1 .. -1, "a" .. 1 + 2 .. "b", 1 == 1.0 and "eq" or "ne")
