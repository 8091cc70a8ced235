-- Finalisers that run while the program works: all of them, never nested, their errors go nowhere, and nothing is disturbed.
local runs, nested, depth = 0, 0, 0
local function finalised(make)
  return setmetatable({}, { __gc = function() depth = depth + 1 if depth > 1 then nested = nested + 1 end make() runs = runs + 1 depth = depth - 1 end })
end
local function wait(wanted, work) local turns = 0 while runs < wanted and turns < 1e6 do turns = turns + 1 work(turns) end return runs end
for i = 1, 50 do finalised(function() local t = {} for k = 1, 20 do t[k] = { k } end end) end
print(wait(50, function() local t = { {}, {} } end), nested)
-- In calls of library functions.
runs = 0 for i = 1, 50 do finalised(function() string.rep("x", 50) end) end
print(wait(50, function(i) local s = string.rep("y", 200 + i % 7) assert(#s == 200 + i % 7) end), nested)
-- Errors are dropped, also of finalisers that cannot be called.
local failed = 0
for i = 1, 10 do setmetatable({}, { __gc = function() failed = failed + 1 error("lost") end }) setmetatable({}, { __gc = 5 }) end
local ok = pcall(function() local turns = 0 while failed < 10 and turns < 1e6 do turns = turns + 1 local t = {} end end) print(ok, failed)
failed = 0 for i = 1, 10 do setmetatable({}, { __gc = function() failed = failed + 1 error({}) end }) end print(pcall(collectgarbage), failed)
-- An error inside of a handler, in a coroutine, with results under way.
local seen = 0
local co = coroutine.wrap(function()
  for i = 1, 20 do setmetatable({}, { __gc = function() seen = seen + 1 error("x") end }) end
  local function many(n) local t = {} if n == 0 then return "end" end return n, many(n - 1) end
  local turns = 0
  while seen < 20 and turns < 1e5 do turns = turns + 1 local n = select("#", many(10)) assert(n == 11) local t = { many(5) } assert(#t == 6) end
  coroutine.yield(seen)
  return "done"
end)
print(co(), co())
-- A finaliser does not yield, and does not collect.
local message, answer
co = coroutine.wrap(function()
  setmetatable({}, { __gc = function() message = select(2, pcall(coroutine.yield, 1)) answer = collectgarbage() == 0 end })
  collectgarbage() return "returned"
end)
print(co(), message, answer)
-- Callable objects are finalisers too.
local called setmetatable({}, { __gc = setmetatable({}, { __call = function(self, o) called = type(o) end }) }) collectgarbage() print(called)
