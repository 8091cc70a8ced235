-- The generic for loop with functions, state, closing values and __call.
for i, v in ipairs({ "a", "b", nil, "d" }) do io.write(i, v, " ") end print()
local function range(limit, i) if i < limit then return i + 1, i * i end end
for i, square in range, 4, 0 do io.write(i, ":", square, " ") end print()
for a, b, c, d in function(s, c) if c < 3 then return c + 1, "x" end end, nil, 0 do io.write(a, b, tostring(c), tostring(d), " ") end print()
local callable = setmetatable({}, { __call = function(self, state, i) if i < state then return i + 1 end end })
for i in callable, 3, 0 do io.write(i, " ") end print()
do
  local closing = setmetatable({}, { __close = function(_, e) print("closed", e) end })
  for i in range, 3, 0, closing do io.write(i, " ") end
  for i in range, 3, 0, closing do io.write(i, " ") break end
  print(pcall(function() for i in range, 3, 0, closing do error("inside", 0) end end))
  print((function() for i in range, 3, 0, closing do return "returned " .. i end end)())
end
print(pcall(function() for i in 5 do end end))
print(pcall(function() for i in nil do end end))
print(pcall(function() local t = {} for i in t.x do end end))
for k, v in next, { 10 } do print(k, v) end
for i, v in ipairs(setmetatable({}, { __index = function(_, i) if i < 4 then return i * 2 end end })) do io.write(i, "=", v, " ") end print()
