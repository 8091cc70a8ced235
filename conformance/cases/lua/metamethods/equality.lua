-- __eq: only for two tables or two userdata, not for raw equals, result to boolean.
local calls = 0
local mt = { __eq = function(a, b) calls = calls + 1 return a.id == b.id and "truthy" end }
local a, b, c = setmetatable({ id = 1 }, mt), setmetatable({ id = 1 }, mt), setmetatable({ id = 2 }, mt)
print(a == b, a ~= b, a == c, a ~= c, a == a, calls)
print(a == 1, 1 == a, a == "x", a == nil, rawequal(a, b), calls)
local plain = { id = 1 }
print(a == plain, plain == a, plain == { id = 1 }, calls)
local other = setmetatable({ id = 1 }, { __eq = function() return "other" end })
print(a == other, other == a, calls)
local list = { a } local found for i, v in ipairs(list) do if v == b then found = i end end print(found)
print(({ [a] = "by identity" })[b], pcall(function() return setmetatable({}, { __eq = function() error("eq", 0) end }) == {} end))
