-- Callbacks yield through WebAssembly.
local function produce(yield)
  local m = wasm.instantiate("produce.wat", { env = { yield = yield, two = coroutine.yield, nothing = coroutine.yield } })
  local co = coroutine.create(m.produce)
  local good, value = coroutine.resume(co, 5)
  while coroutine.status(co) ~= "dead" do
    io.write(value, " ")
    good, value = coroutine.resume(co, value * 10)
  end
  print(good, value)
  return m
end
produce(function(i) return (coroutine.yield(i)) end)
produce(function(i) return coroutine.yield(i) end)
local m = produce(coroutine.yield)
-- Many at once, interleaved, with a deep stack below.
local tasks = {}
for i = 1, 20 do
  local function deep(n) if n == 0 then return m.produce(3) end return (deep(n - 1)) end
  tasks[i] = coroutine.wrap(deep)
  tasks[i](i * 10)
end
for round = 1, 2 do for i = 1, 20 do tasks[i](round) end end
print(tasks[1](5), tasks[20](7))
-- Several values.
local co = coroutine.create(m.both)
local good, i, value = coroutine.resume(co, 1, "in")
print(good, i, value)
print(coroutine.resume(co, 2, "out"))
co = coroutine.create(m.both)
coroutine.resume(co, 1, "in")
print(coroutine.resume(co, "no number"))
co = coroutine.create(m.pause)
print(coroutine.resume(co))
print(coroutine.resume(co, "dropped"))
-- A suspended one is closed or forgotten.
co = coroutine.create(m.produce)
coroutine.resume(co, 3)
print(debug.traceback(co))
print(coroutine.close(co), coroutine.status(co))
for i = 1, 50 do coroutine.wrap(m.produce)(3) end
collectgarbage()
-- Yields inside of a protected call inside of a module inside of a coroutine.
local guarded = wasm.instantiate("produce.wat", { env = {
  yield = function(i) local _, value = pcall(coroutine.yield, i) if value == "stop" then error("stopped at " .. i, 0) end return value end,
  two = print, nothing = print } })
co = coroutine.wrap(guarded.produce)
print(co(3), co(1), pcall(co, "stop"))
print(pcall(m.produce, 1))
