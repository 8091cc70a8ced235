-- __newindex as function and table; only for absent fields.
local log = {}
local t = setmetatable({ present = 1 }, { __newindex = function(t, k, v) log[#log + 1] = tostring(k) .. "=" .. tostring(v) rawset(t, k, v) end })
t.present = 2 t.fresh = 3 t.fresh = 4 t[1] = "a" t[1] = "b" t.fresh = nil t.fresh = 5
print(table.concat(log, " "), t.present, t.fresh, t[1])
local store = {}
local forward = setmetatable({}, { __newindex = store })
forward.a = 1 forward[1] = 2
print(rawget(forward, "a"), store.a, store[1])
local chained = setmetatable({}, { __newindex = forward }) chained.b = 3 print(store.b, rawget(chained, "b"))
local readonly = setmetatable({}, { __newindex = function(_, k) error("read-only field " .. k, 2) end })
print(pcall(function() readonly.x = 1 end))
print(pcall(function() setmetatable({}, { __newindex = 5 }).x = 1 end))
print(pcall(rawset, forward, "raw", 1), rawget(forward, "raw"))
print(pcall(function() local t = setmetatable({}, { __newindex = function() end }) t[nil] = 1 return "ok" end))
print(pcall(function() local t = {} t[nil] = 1 end)) print(pcall(function() local t = {} t[0 / 0] = 1 end))
print(pcall(rawset, {}, nil, 1)) print(({})[nil])
