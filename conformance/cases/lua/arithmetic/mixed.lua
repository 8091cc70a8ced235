-- Integers and floats together.
print(1 + 1.0, 2 * 3.0, 10 - 0.0, 3 // 1.0, 7 % 2.5, 2^2, 4 / 2)
print(1 == 1.0, math.type(1), math.type(1.0), math.type("1"), 1 < 1.5, 2^53 == 2^53 + 1)
print(math.maxinteger + 0.0 == math.maxinteger, math.maxinteger + 0.0, math.mininteger + 0.0 == math.mininteger)
print(math.maxinteger < math.maxinteger + 0.0, math.maxinteger <= 2^63, math.maxinteger >= 2^63, math.maxinteger > 2^63)
print(math.mininteger <= -2^63, math.mininteger < -2^63, 1 < math.huge, -math.huge < math.mininteger)
local nan = 0/0
print(1 < nan, 1 > nan, nan < 1, nan == nan, nan ~= nan, math.maxinteger < nan)
print(9007199254740993 < 9007199254740992.0, 9007199254740993 == 9007199254740992.0, 9007199254740993 > 9007199254740992.0)
