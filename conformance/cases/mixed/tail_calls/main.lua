-- Calls in tail position do not pile up, whoever makes them.
local m
package.loaded.env = {
  even = function(n) if n == 0 then return 1 end return m.odd(n - 1) end,
  any = function(n, value) if n == 0 then return value end return m.turn(n - 1, value) end,
  wider = function(n) return m.odd(n) end,
}
m = require "loop"
print(m.odd(100001), m.odd(100000))
print(m.turn(50000, "value"))
print(m.narrow(1001))
local function count(n) if n == 0 then return debug.traceback("at the bottom") end return m.turn(0, count(n - 1)) end
print(count(1))
local function bottom(n) if n == 0 then error("deep down") end return m.odd(n) end
package.loaded.env.even = nil
print(select("#", m.turn(3, nil)))
