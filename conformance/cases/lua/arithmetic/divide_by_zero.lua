-- Division and modulo by an integer zero are errors, by a float zero not.
print(pcall(function() return 1 // 0 end))
print(pcall(function() return 1 % 0 end))
print(pcall(function() local a, b = 5, 0 return a // b end))
print(1 // 0.0, -1 // 0.0, 1 / 0, (1 % 0.0) ~= (1 % 0.0))
print(0 / 1, -0.0 // 1, 1 / (0.0 * -1))
