-- Where a constant decides an `and` or `or`, what is on the right stands for the whole: with its name in messages, and what is called
-- keeps its own.
local function try(source)
  print(select(2, pcall(assert(load(source, "=c")))))
end

-- Operands with a name behind a constant.
try "local b = 2.5 return (1 and b) >> 1"
try "local b = 2.5 return (nil or b) >> 1"
try "local b = 2.5 return (false or b) >> 1"
try "local b = {} return ('x' and b) + 1"
try "return (true and b) + 1"
try "local t = {} return (true and t.x) + 1"
try "local t = {} return (1 and t.x)()"
try "(nil or foo)()"
try "local b; local x = (1 and b).y"
try "local t = {} return t[('' and '10')] ^ 2"
try "return (nil or 'abc') | 1"
try "return -('x' and y)"
try "return (2 and 3)()"
-- Those behind something else have none.
try "local b = {} return ({} and b) + 1"
try "local b = {} return (1 == 1 and b) + 1"
try "local b return (b or foo)()"
try "local b = 1 return (b and foo)()"
-- What is called, before arguments that are chosen.
try "string.rep('' and '')"
try "local d; string.find('x', d or true)"
try "local c, d = 1; print(string.find(c, (d or true)))"
try "local b = 1; math.fmod(b and nil, 1)"
try "local b; math.floor(b or {})"
try "local b; foo(b or {})"
try "local b; local x = {} x.floor(b or {})"
try "local b; local x = {} x:floor(b or {})"
try "for i = 1, utf8.char('' and '') do end"

-- Values, and how many there are.
local function two() return 1, 2 end
print(true and two(), (true and two()), nil or two())
print((function() return true and two() end)())
print((function(...) return 1 and ... end)(7, 8))
print(select("#", true and two()), select("#", false or two()), #{1 and two()}, #{two()})
local x <const> = 5
print(x and 6, x and two(), (1 and 2) + 3, nil or "a" .. "b", "z" .. (1 and "a" .. "b"))
