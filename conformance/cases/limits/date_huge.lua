-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
print(pcall(os.date, ("%c"):rep(4 << 20), 0))
print(pcall(os.date, ("%A%B%c%x%X%p%Z"):rep(2 << 20), 0))
print(pcall(os.date, "!" .. ("x"):rep(30 << 20), 0))
