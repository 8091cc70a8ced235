-- Globals and _ENV: assignment, replacement, sandboxing.
function global_function(x) return x * 2 end
print(global_function(4), _G.global_function == global_function, _ENV == _G, _G._G == _G)
counter = 0
local function bump() counter = counter + 1 end
bump() bump() print(counter, _G.counter, rawget(_G, "counter"))
do local _ENV = { print = print } x = 5 print(x, _ENV.x) end
print(x)
local function sandbox(_ENV) y = 7 return y end
local env = {} print(sandbox(env), env.y, y)
local f = load("z = 1 return z, print", "=sandbox", "t", { print = "own print" })
print(f()) print(z)
do local print = print local _ENV <const> = setmetatable({}, { __index = function(_, k) return "<" .. k .. ">" end }) print(anything, at_all) end
setmetatable(_G, { __index = function(_, k) return "default " .. k end, __newindex = function(t, k, v) rawset(t, k, v .. "!") end })
print(undefined_thing) fresh = "set" print(fresh) setmetatable(_G, nil)
print(pcall(function() local _ENV = nil return a end))
print(pcall(function() local _ENV = 5 a = 1 end))
