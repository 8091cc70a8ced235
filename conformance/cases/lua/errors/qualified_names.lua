-- Called by pcall directly, library functions have no call site and are named with their table.
print(pcall(string.rep)) print(pcall(table.concat, 5)) print(pcall(math.floor, "x")) print(pcall(setmetatable, 1)) print(pcall(utf8.char, -1)) print(pcall(coroutine.wrap)) print(pcall(os.time, {})) print(pcall(io.open))
