-- memory: 64M
-- seconds: 20
-- prints: nil	not enough memory
-- prints: false	not enough memory
package.searchers[2] = nil
package.preload.huge = nil
local path = os.tmpname()
local f = io.open(path, "w")
f:write("return {")
local piece = ("1,"):rep(50000)
for i = 1, 80 do f:write(piece) end
f:write("}")
f:close()
print(loadfile(path))
print(pcall(dofile, path))
os.remove(path)
package.path = ("?"):rep(1000)
print(#select(2, pcall(package.searchpath, "x", ("?"):rep(100000))) > 0)
print(pcall(package.searchpath, ("n"):rep(100000), ("?"):rep(100000)))
print(pcall(package.searchpath, ("n"):rep(10000), ("?;"):rep(100000)))
