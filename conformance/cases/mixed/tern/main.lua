-- Tern and Lua require each other; all of it in one coroutine and one traceback.
local shapes = require "shapes"
print(shapes.area { width = 3, height = 4 }, shapes.name)
for square in shapes.squares(4) do io.write(square, " ") end
print()
local counter = shapes.counter()
print(counter(), counter(), shapes.counter()())
-- Tern calls Lua, which yields out of both.
local visit = coroutine.wrap(function() shapes.each({ "a", "b" }, coroutine.yield) return "done" end)
print(visit(), visit(), visit())
print(pcall(shapes.fail, 7))
print(pcall(shapes.fail, { code = 7 }))
print(shapes.attempt(function() error("from Lua", 0) end))
print(shapes.sum_of_pairs { x = 1, y = 2, z = 4 })
print(shapes.deep(100000))
print(shapes.join { "a", 1, 2.5 })
print(select(2, xpcall(shapes.walk, debug.traceback, 3)))
print(pcall(require, "broken"))
