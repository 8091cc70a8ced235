-- A closure over an imported function is what was linked, with what that captured.
local a, b, t = 41, "captured", {}
local env = {
  f = function(x) return x + 1 end,
  g = function() a = a + 1 t.x = a b = b .. "!" return a, b, t end,
}
package.loaded.env = env
local m = require "leak"
print(m.leak())
local d = m.dyn()
local spray = {} for i = 1, 1000 do spray[i] = { i, i } end
print(d == env.g, select("#", d()), a, b, t.x)
-- A program whose `main` is imported from another one.
local again = require "imported_main"
print(again.main())
print(again.main())
