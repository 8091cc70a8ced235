-- Sources that are compiled while the run may be stopped; pieces from readers.
local lines = {}
for i = 1, 900 do lines[i] = "local v" .. i % 150 .. " = (...) + " .. i .. " -- a line of some length" end
local source = "do " .. table.concat(lines, "\nend do ") .. "\nend return ..."
print(#source > 16384, load(source)(5), load(source, "=x", "t", {})(6))
local at = 0
local function pieces()
  at = at + 1000
  return source:sub(at - 999, at)
end
print(load(pieces)(7), at)
at = 0
print(load(function() at = at + 1 return source:sub(at, at) end)(8))
print(load(function() end)())
print(load(function() error("no", 0) end), load(function() return {} end))
print(load(source .. " error", "=long"))
print(pcall(load, source, "=x", "b"), load(source, "=x", "b"))
print(load("return 1, ...", "=y", "t", nil)(2))
for i = 1, 3 do assert(load(source)(i) == i) end
