-- Instructions that do much: long strings joined and compared, long lists of values, chains of metatables.
local rep = string.rep

-- Strings of more than 64 KiB are joined in slices, with numbers and metamethods between them.
local a, b = rep("ab", 40000), rep("xy", 30001)
local joined = a .. 12 .. b .. 1.5 .. "end"
print(#joined, joined:sub(79995, 80010), joined:sub(-8))
local glue = setmetatable({}, { __concat = function(x, y)
  return (type(x) == "string" and #x .. "<" or "glue") .. (type(y) == "string" and ">" .. #y or "glue")
end })
print(a .. glue .. b .. a)
print(#(glue .. a .. a), (glue .. a .. a):sub(1, 12))
local many = a .. a .. a .. a .. a .. "!"
print(#many, many == rep(a, 5) .. "!", many:byte(-1))

-- Comparisons of long strings: as values and in conditions.
local function compare(x, y)
  print(x == y, x ~= y, x < y, x <= y, x > y, x >= y)
  local text = {}
  if x == y then text[#text + 1] = "equal" end
  if x < y then text[#text + 1] = "less" end
  if not (x <= y) then text[#text + 1] = "greater" end
  print(table.concat(text, " "))
end
for _, size in ipairs { 5000, 70000, 3000000 } do
  local x = rep("x", size)
  compare(x, x)
  compare(x, rep("x", size - 1) .. "x")
  compare(x, rep("x", size - 1) .. "y")
  compare(rep("x", size - 1) .. "a", x)
  compare(x, x .. "x")
  compare("y" .. x, x)
end

-- Long strings as keys.
local keyed = {}
keyed[rep("k", 10000)] = 1
keyed[rep("k", 9999) .. "k"] = keyed[rep("k", 10000)] + 1
print(keyed[rep("k", 10000)], next(keyed) == rep("k", 10000), keyed[rep("k", 10001)])

-- Lists of values.
local function list(n, ...) if n == 0 then return ... end return list(n - 1, n, ...) end
local function count(...) return select("#", ...) end
local function pass(...) return ... end
local function twice(...) local first = ... return first, ... end
print(count(list(700)), count(pass(list(700))), count(twice(list(700))), (select(-1, pass(list(700)))))
local packed = { pass(list(700)) }
print(#packed, packed[1], packed[350], packed[700])
local more = { "first", list(100) }
print(#more, more[1], more[2], more[101])
print(count(pcall(pass, list(300))), count(pcall(pcall, pass, list(300))))
print(select("#", table.unpack(packed)), select(699, table.unpack(packed)))
local echo = coroutine.wrap(function(...)
  local n = count(...)
  while true do n = count(coroutine.yield(n, ...)) end
end)
print(count(echo(list(200))), (echo(list(50))), (echo(list(500))))
local tail
function tail(n, ...) if n == 0 then return count(...) end return tail(n - 1, n, ...) end
print(tail(400))

-- Chains.
local chain = { deep = "found" }
for _ = 1, 100 do chain = setmetatable({}, { __index = chain, __newindex = chain }) end
print(chain.deep, chain["de" .. "ep"], chain.missing, rawget(chain, "deep"))
chain.deep = "changed"
print(chain.deep, rawget(chain, "deep"))
local called = print
for _ = 1, 20 do called = setmetatable({}, { __call = called }) end
print(select("#", called == nil))
