-- Proxies that track access, default values, read-only views.
local function track(t)
  local log = {}
  return setmetatable({}, {
    __index = function(_, k) log[#log + 1] = "get " .. tostring(k) return t[k] end,
    __newindex = function(_, k, v) log[#log + 1] = "set " .. tostring(k) t[k] = v end,
    __len = function() return #t end, __pairs = function() return function(_, k) return next(t, k) end end,
  }), log
end
local p, log = track({ "a", "b" })
p[3] = p[1] .. p[2] p.x = #p p.x = p.x + 1
print(table.concat(log, ", "), p.x, #p) local n = 0 for _ in pairs(p) do n = n + 1 end print(n)
local defaults = setmetatable({}, { __index = function() return 0 end }) defaults.hits = defaults.hits + 1 print(defaults.hits, defaults.other)
