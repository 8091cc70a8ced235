-- Numbers in strings count as floats in some functions; of two arguments the second is looked at first.
print(math.abs("10"), math.abs("-2.5"), math.abs(-3), math.fmod("7", 4), math.fmod(7, "4"), math.fmod(7, 4), math.floor("3.7"), math.sqrt("16"))
print(pcall(math.fmod, "x", "y")) print(pcall(math.fmod, "x")) print(pcall(math.fmod, 1)) print(pcall(math.fmod, "x", 1))
print(3.0000000000000004, 2.9999999999999996, 100000000000000.02, -3.0000000000000004, 3.0000000000000004 .. "")
