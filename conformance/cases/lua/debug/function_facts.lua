-- What debug.getinfo tells of functions: sources, lines, names, tail calls.
local function source(f) local info = debug.getinfo(f, "S") return info.source, info.short_src, info.what, info.linedefined, info.lastlinedefined end
print(source(load("return 1", "=named"))) print(source(load("return\n1", "@some/file.lua"))) print(source(load("return 1"))) print(source(load("x = 1\ny = 2")))
print(source(load(function() return nil end))) print(source(function() end)) print(source(print))
local function lines(f) local list = {} for line in pairs(debug.getinfo(f, "L").activelines) do list[#list + 1] = line end table.sort(list) return table.concat(list, " ") end
print(lines(function()
  local a = 1

  return a
end), lines(load("\n\nreturn 1")), debug.getinfo(print, "L").activelines)
local function named() local info = debug.getinfo(1, "nt") return info.name, info.namewhat, info.istailcall end
print(named()) print((function() return named() end)()) print(pcall(named)) local t = { named } print(t[1]()) t.f = named print(t.f()) print(t:f())
local gmatch = debug.getinfo(string.gmatch("", ""), "u") print(gmatch.nups > 0, gmatch.nparams, gmatch.isvararg)
local op = setmetatable({}, { __add = named, __index = function() return (named()) end }) print(op + 1, op.x) for a in named do print(a) break end
