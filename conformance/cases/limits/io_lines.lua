-- memory: 64M
-- seconds: 20
-- prints: not enough memory
-- prints: true	read
local n = 0
print(pcall(function() for line in io.lines("/dev/zero") do n = n + 1 end end))
print(pcall(function() for line in io.lines("/dev/zero", 10 << 20) do n = n + #line if n > 400 << 20 then break end end return "read" end))
print(pcall(function() for a, b, c in io.lines("/dev/zero", "L", "a", "n") do end end))
