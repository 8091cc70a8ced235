-- Several results, both ways.
package.loaded.env = {
  three = function(i) return i + 1, i + 0.5, "text " .. i, "dropped" end,
  swap = function(a, b) return b, a end,
}
local m = require "many"
print(m.three(1))
print((m.three(1)))
local a, b, c, d = m.three(2)
print(a, b, c, d)
local q, r = m.divmod(17, 5)
print(q, r, m.divmod(-17, 5))
print(m.swap(m.swap(1, 2)))
print(m.swap(m.divmod(7, 2)))
print(m.twelve())
print(select("#", m.twelve()), (select(12, m.twelve())))
local list = { m.twelve() }
print(#list, ({ m.twelve(), m.twelve() })[13])
print(pcall(m.twelve))
local first = m.twelve()
print(first)
m.three(3)
for _ = 1, 3 do print(coroutine.wrap(m.divmod)(20, 3)) end
package.loaded.env.three = nil
