-- Imports come from `require`, module by module, or from a table; what is missing is told.
local function try(...) print(select(2, pcall(...))) end
package.preload["other.name"] = function(name) return { value = 1 << 40 } end
local m = require "needs_helper"
print(m.f(21), m.value(), package.loaded.needs_helper == m, require "needs_helper" == m)
try(require, "needs_nothing_there")
try(require, "broken")
try(require, "not_there_at_all")
local env = {}
package.loaded.env = env
try(require, "needs")
env.f = 12
try(require, "needs")
env.f = m.f
try(require, "needs")
env.f = function() end
try(require, "needs")
env.limit = "text"
try(require, "needs")
env.limit = 1.5
try(require, "needs")
env.limit = 100
try(require, "needs")
env.memory = wasm.table(1)
try(require, "needs")
env.memory = wasm.memory(1)
env.table = wasm.table(0)
try(require, "needs")
env.table = wasm.table(1, nil, "externref")
try(require, "needs")
env.table = wasm.table(1)
print(require "needs".limit.value)
package.loaded.env = "no table"
package.loaded.needs = nil
try(require, "needs")
-- Given explicitly, nothing else counts.
package.loaded.env = env
try(wasm.instantiate, "needs.wat", {})
try(wasm.instantiate, "needs.wat", { env = {} })
try(wasm.instantiate, "needs.wat", 12)
try(wasm.instantiate, "no_such_file.wasm")
try(wasm.instantiate, "broken.wat")
try(wasm.instantiate, 12)
print(wasm.instantiate("needs.wat", { env = env }).limit.value)
print(wasm.instantiate("needs.wat").limit.value)
try(wasm.instantiate, '(module (memory 1) (data (i32.const 65536) "x"))')
try(wasm.instantiate, '(module (import "m" "f" (func $f)) (start $f))', { m = { f = function() error("in the start function") end } })
local order = {}
local started = wasm.instantiate('(module (import "m" "f" (func $f (param i32))) (func $start (call $f (i32.const 1))) (func (export "_initialize") (call $f (i32.const 2))) (start $start))',
  { m = { f = function(i) order[#order + 1] = i end } })
print(table.concat(order, " "), require "wasm" == wasm)
