-- Functions with many parameters, arguments and results.
local function many(n) local t = {} for i = 1, n do t[i] = i end return table.unpack(t) end
print(select("#", many(250)), select(250, many(250)))
print((select("#", many(5000))), #{ many(5000) }, math.max(many(1000)))
local function p(a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15,a16,a17,a18,a19,a20, ...) return a1 + a20, select("#", ...) end
print(p(many(20))) print(p(many(50)))
print(pcall(p))
print(string.char(many(120)):sub(65, 90))
local parts = { "return " } for i = 1, 200 do parts[#parts + 1] = i .. (i < 200 and "," or "") end
print(select("#", load(table.concat(parts))()))
