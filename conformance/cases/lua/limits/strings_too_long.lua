-- Strings that cannot be made are refused, and memory is not touched.
print(pcall(string.rep, "x", 1 << 50) == false) print(pcall(string.rep, "abc", math.maxinteger) == false) print(#string.rep("a", 10000000))
print(pcall(string.format, "%99999d", 1) == false) local ok = pcall(function() return ("x"):rep(100, ("y"):rep(1 << 40)) end) print(ok)
