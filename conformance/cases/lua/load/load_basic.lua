-- load: strings, functions, names, modes, environments, varargs.
print(load("return 1 + 1")()) print(load("x = 5 return x")(), x) print(load("return ...")(1, 2)) print(load("syntax error here") == nil, load("return 1", "name") ~= nil) print(load("return a", "n", "t", { a = "env" })()) print(select("#", load("a = 1; return a, b", "n", "t", {})()))
local parts = { "return ", "1", " + ", "2", nil } local i = 0 print(load(function() i = i + 1 return parts[i] end)()) i = 0 parts = { "return 5", "" , " + error()" } print(load(function() i = i + 1 return parts[i] end)()) print(load(function() return {} end)) print(load(function() error("reader", 0) end))
print(load("return 1", "n", "b")) print(load("\27Lua", "n", "t")) print(pcall(load, 5)) print(type(load("")))
