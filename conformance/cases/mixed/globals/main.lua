-- Globals that change on both sides.
local shared = wasm.global("i64", 10, true)
local m = wasm.instantiate("counter.wat", { env = { shared = shared, constant = 1.5 } })
local other = wasm.instantiate("counter.wat", { env = { shared = shared, constant = wasm.global("f64", 2) } })
print(m.count.value, m.next(), m.count.value, other.count.value)
m.count.value = 100
print(m.next(), m.count.type, m.count.mutable, m.pi.mutable, m.pi.value, m.count.other)
m.add(5) other.add(7) shared.value = shared.value * 2 m.add(1)
print(shared.value, m.copied.value, other.copied.value)
m.single.value = 0.1
print(m.single.value)
m.callback.value = print
print(m.callback.value == print)
local function wrong(f, ...) print(select(2, pcall(f, ...))) end
wrong(function() m.pi.value = 3 end)
wrong(function() m.count.value = "x" end)
wrong(function() m.count.value = 1 << 40 end)
wrong(function() m.callback.value = 12 end)
wrong(function() m.count.values = 12 end)
wrong(wasm.global, "i32", "x")
wrong(wasm.global, "i31", 1)
wrong(wasm.instantiate, "counter.wat", { env = { shared = 10, constant = 1 } })
wrong(wasm.instantiate, "counter.wat", { env = { shared = wasm.global("i64", 10), constant = 1 } })
wrong(wasm.instantiate, "counter.wat", { env = { shared = wasm.global("i32", 10, true), constant = 1 } })
wrong(wasm.instantiate, "counter.wat", { env = { shared = shared, constant = "x" } })
print(wasm.instantiate("counter.wat", { env = { shared = m.count and shared, constant = m.pi } }).copied.value)
