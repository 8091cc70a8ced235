-- A message handler runs where the error happens, before variables are closed, and again for errors of closing.
local function closing(name, fails) return setmetatable({}, { __close = function(_, e) print("close", name, e) if fails then error(fails, 0) end end }) end
local function handler(m) print("handler", m) return m .. "!" end
print(xpcall(function() local a <close> = closing("a") error("one", 0) end, handler))
print(xpcall(function() local a <close> = closing("a") local b <close> = closing("b", "two") error("one", 0) end, handler))
print(xpcall(function() local a <close> = closing("a", "end") end, handler))
print(xpcall(function() return pcall(function() local a <close> = closing("inner", "lost") error("x", 0) end) end, handler))
local calls = 0
print(xpcall(error, function(m) calls = calls + 1 if calls < 100 then error(m, 0) end return "mapped in call " .. calls end, "again"))
print(xpcall(function() error("x", 0) end, function() error("y", 0) end))
local function deep() return 1 + deep() end
print(xpcall(deep, function(m) local ok, inner = pcall(deep) return m:match("stack overflow") .. " / " .. inner .. " / " .. math.abs(-1) end))
print(pcall(deep)) print(xpcall(deep, function(m) return #m > 10 and "handled" end))
