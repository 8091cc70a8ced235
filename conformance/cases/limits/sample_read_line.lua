-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local f = io.open("/dev/zero", "rb")
print(pcall(f.read, f, "l"))
print(pcall(f.read, f, "a"))
print(pcall(f.read, f, 1 << 40))
