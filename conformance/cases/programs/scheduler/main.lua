-- A cooperative scheduler on coroutines: sleeping, channels, joining, cancelling, time-outs and errors, in virtual time.
local Scheduler = {}
Scheduler.__index = Scheduler

function Scheduler.new() return setmetatable({ now = 0, ready = {}, sleeping = {}, tasks = {}, next_id = 1, log = {} }, Scheduler) end

function Scheduler:note(text, ...) self.log[#self.log + 1] = ("[%4d] "):format(self.now) .. text:format(...) end

function Scheduler:spawn(name, body, ...)
  local task = { id = self.next_id, name = name, thread = coroutine.create(body), waiters = {}, arguments = table.pack(...) }
  self.next_id = self.next_id + 1
  self.tasks[task.id] = task
  self.ready[#self.ready + 1] = task
  return task
end

function Scheduler:finish(task, ok, ...)
  task.done, task.ok, task.results = true, ok, table.pack(...)
  self.tasks[task.id] = nil
  for _, waiter in ipairs(task.waiters) do
    waiter.arguments = table.pack(ok, ...)
    self.ready[#self.ready + 1] = waiter
  end
end

function Scheduler:step(task)
  if task.cancelled then
    local ok, problem = coroutine.close(task.thread)
    self:note("%s cancelled%s", task.name, ok and "" or " with " .. tostring(problem))
    return self:finish(task, false, "cancelled")
  end
  local arguments = task.arguments
  task.arguments = table.pack()
  self.current = task
  local results = table.pack(coroutine.resume(task.thread, table.unpack(arguments, 1, arguments.n)))
  self.current = nil
  if not results[1] then
    self:note("%s failed: %s", task.name, tostring(results[2]))
    return self:finish(task, false, results[2])
  end
  if coroutine.status(task.thread) == "dead" then return self:finish(task, table.unpack(results, 1, results.n)) end
  local request, value = results[2], results[3]
  if request == "sleep" then
    task.wake = self.now + value
    table.insert(self.sleeping, task)
    table.sort(self.sleeping, function(a, b) if a.wake ~= b.wake then return a.wake < b.wake end return a.id < b.id end)
  elseif request == "join" then
    if value.done then
      task.arguments = table.pack(value.ok, table.unpack(value.results, 1, value.results.n))
      self.ready[#self.ready + 1] = task
    else
      table.insert(value.waiters, task)
    end
  elseif request == "pass" then
    self.ready[#self.ready + 1] = task
  end -- "park": somebody else makes it ready
end

function Scheduler:run()
  while true do
    while #self.ready > 0 do self:step(table.remove(self.ready, 1)) end
    local task = table.remove(self.sleeping, 1)
    if not task then break end
    self.now = math.max(self.now, task.wake)
    self.ready[1] = task
  end
  local stuck = {}
  for _, task in pairs(self.tasks) do stuck[#stuck + 1] = task.name end
  table.sort(stuck)
  return stuck
end

local scheduler = Scheduler.new()
local function sleep(time) coroutine.yield("sleep", time) end
local function join(task) return coroutine.yield("join", task) end
local function pass() coroutine.yield("pass") end

local Channel = {}
Channel.__index = Channel
function Channel.new(size) return setmetatable({ size = size, items = {}, readers = {}, writers = {}, closed = false }, Channel) end
function Channel:send(value)
  while #self.items >= self.size and not self.closed do
    table.insert(self.writers, scheduler.current)
    coroutine.yield("park")
  end
  if self.closed then error("send on a closed channel", 2) end
  table.insert(self.items, value)
  if #self.readers > 0 then table.insert(scheduler.ready, table.remove(self.readers, 1)) end
end
function Channel:receive()
  while #self.items == 0 do
    if self.closed then return nil end
    table.insert(self.readers, scheduler.current)
    coroutine.yield("park")
  end
  local value = table.remove(self.items, 1)
  if #self.writers > 0 then table.insert(scheduler.ready, table.remove(self.writers, 1)) end
  return value
end
function Channel:close()
  self.closed = true
  for _, task in ipairs(self.readers) do table.insert(scheduler.ready, task) end
  for _, task in ipairs(self.writers) do table.insert(scheduler.ready, task) end
end

local channel = Channel.new(2)
local producer = scheduler:spawn("producer", function()
  for i = 1, 6 do
    channel:send(i * i)
    scheduler:note("sent %d", i * i)
    if i % 3 == 0 then sleep(50) end
  end
  channel:close()
  return "produced", 6
end)
for id = 1, 2 do
  scheduler:spawn("consumer " .. id, function(pause)
    local sum = 0
    for value in channel.receive, channel do
      sum = sum + value
      scheduler:note("consumer %d got %d", id, value)
      sleep(pause)
    end
    scheduler:note("consumer %d sum %d", id, sum)
    return sum
  end, id * 15)
end
scheduler:spawn("joiner", function() scheduler:note("producer gave %s", table.concat({ tostring(select(1, join(producer))), select(2, join(producer)) }, " ")) end)
local failing = scheduler:spawn("failing", function()
  sleep(30)
  local ok, problem = pcall(function() pass() error({ reason = "inner" }) end)
  scheduler:note("caught %s after a yield in pcall", problem.reason)
  error("outer problem", 0)
end)
scheduler:spawn("watcher", function() local ok, problem = join(failing) scheduler:note("failing ended: %s %s", ok, problem) end)
local sleeper = scheduler:spawn("sleeper", function()
  local guard <close> = setmetatable({}, { __close = function(_, e) scheduler:note("guard closed %s", tostring(e)) end })
  sleep(1000)
end)
scheduler:spawn("killer", function() sleep(60) sleeper.cancelled = true for i, task in ipairs(scheduler.sleeping) do if task == sleeper then table.remove(scheduler.sleeping, i) break end end table.insert(scheduler.ready, sleeper) end)
scheduler:spawn("nested", function()
  local inner = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
  for i in inner do scheduler:note("nested %d", i) pass() end
  local child = scheduler:spawn("child", function(a, b) sleep(5) return a * b end, 6, 7)
  scheduler:note("child says %d", select(2, join(child)))
end)
scheduler:spawn("stuck forever", function() Channel.new(1):receive() end)
for i = 1, 200 do scheduler:spawn("worker " .. i, function() local t = 0 for k = 1, 10 do t = t + k pass() end if i % 50 == 0 then scheduler:note("worker %d: %d", i, t) end end) end
local stuck = scheduler:run()
print(table.concat(scheduler.log, "\n"))
print("time " .. scheduler.now .. ", stuck: " .. table.concat(stuck, ", "))
