-- Yield inside metamethods of every kind.
local y = coroutine.yield
local mt = {
  __add = function(a, b) return y("add") end, __index = function(t, k) return y("index " .. k) end, __newindex = function(t, k, v) y("newindex " .. k) rawset(t, k, v) end,
  __eq = function() return y("eq") end, __lt = function() return y("lt") end, __le = function() return y("le") end, __len = function() return y("len") end,
  __concat = function(a, b) return y("concat") end, __call = function(self, x) return y("call " .. x) end, __unm = function() return y("unm") end,
  __close = function() y("close") end, __tostring = function() return "T" end, __band = function() return y("band") end,
}
local function obj() return setmetatable({}, mt) end
local co = coroutine.wrap(function()
  local t, u = obj(), obj()
  print("add", t + 1) print("index", t.field) t.set = 5 print("set", rawget(t, "set")) print("eq", t == u, t ~= u) print("lt", t < u) print("le", t <= u, not (t <= u))
  print("len", #t) print("concat", "a" .. t .. "b") print("call", t(9)) print("unm", -t) print("band", t & 1)
  if t == u then print("then") else print("else") end
  do local c <close> = obj() print("closing") end
  for i in t, "iter" do print("loop", i) end
  return "finished"
end)
local answers = { add = 1, index = 2, eq = true, lt = false, le = true, len = 7, concat = "joined", unm = -1, band = 8 }
local value = co()
local loops = 0
while value ~= "finished" do
  io.write("<", tostring(value), "> ")
  local answer = answers[value:match("^%a+")]
  if value:match("^call") then loops = loops + 1 answer = loops < 4 and loops or nil end
  value = co(answer)
end
