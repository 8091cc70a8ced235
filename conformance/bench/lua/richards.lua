-- An operating-system task scheduler in the manner of Richards: classes, inheritance, linked packets, method dispatch.
local n = tonumber(arg and arg[1]) or 35

local IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = 1, 2, 3, 4, 5, 6
local KIND_DEVICE, KIND_WORK = 1, 2
local PACKET_SIZE = 4

local function class(parent)
  local new = {}
  new.__index = new
  if parent then setmetatable(new, parent) end
  return new
end

local Packet = class()
function Packet.new(link, owner, kind)
  local packet = setmetatable({ link = link, owner = owner, kind = kind, datum = 0, data = {} }, Packet)
  for i = 1, PACKET_SIZE do packet.data[i] = 0 end
  return packet
end

function Packet:append_to(queue)
  self.link = nil
  if not queue then return self end
  local last = queue
  while last.link do last = last.link end
  last.link = self
  return queue
end

local Task = class()
function Task.init(self, scheduler, id, priority, queue)
  self.scheduler = scheduler
  self.id = id
  self.priority = priority
  self.queue = queue
  self.held = false
  self.waiting = false
  self.ready = queue ~= nil
  self.next = scheduler.list
  scheduler.list = self
  scheduler.tasks[id] = self
  return self
end

function Task:runnable()
  return not self.held and (not self.waiting or self.queue ~= nil) and (self.ready or self.queue ~= nil)
end

function Task:take()
  local packet = self.queue
  if packet and self.waiting then self.waiting = false end
  if packet then
    self.queue = packet.link
    self.ready = true
  end
  return packet
end

function Task:receive(packet, sender)
  if not self.queue then
    self.queue = packet
    packet.link = nil
    if self.priority > sender.priority then return self end
  else
    packet:append_to(self.queue)
  end
  return sender
end

local Scheduler = class()
function Scheduler.new()
  return setmetatable({ tasks = {}, list = nil, current = nil, queued = 0, held = 0, steps = 0 }, Scheduler)
end

function Scheduler:wait()
  self.current.waiting = true
  self.current.ready = false
  return self.current
end

function Scheduler:hold()
  self.held = self.held + 1
  self.current.held = true
  return self.current.next
end

function Scheduler:release(id)
  local task = self.tasks[id]
  task.held = false
  task.ready = true
  if task.priority > self.current.priority then return task end
  return self.current
end

function Scheduler:send(packet, id)
  local target = self.tasks[id]
  self.queued = self.queued + 1
  packet.link = nil
  packet.owner = self.current.id
  return target:receive(packet, self.current)
end

function Scheduler:run()
  local task = self.list
  while task do
    self.steps = self.steps + 1
    if task:runnable() then
      self.current = task
      task = task:step(task:take())
    else
      task = task.next
    end
  end
end

local Idle = class(Task)
function Idle.new(scheduler, count)
  local self = setmetatable({ control = 1, count = count }, Idle)
  Task.init(self, scheduler, IDLE, 0, nil)
  self.ready = true
  return self
end

function Idle:step()
  self.count = self.count - 1
  if self.count == 0 then return self.scheduler:hold() end
  if self.control % 2 == 0 then
    self.control = self.control / 2
    return self.scheduler:release(DEVICE_A)
  end
  self.control = (self.control - 1) / 2 + 26624
  return self.scheduler:release(DEVICE_B)
end

local Worker = class(Task)
function Worker.new(scheduler, priority, queue)
  local self = setmetatable({ target = HANDLER_A, letter = 0 }, Worker)
  return Task.init(self, scheduler, WORKER, priority, queue)
end

function Worker:step(packet)
  if not packet then return self.scheduler:wait() end
  self.target = self.target == HANDLER_A and HANDLER_B or HANDLER_A
  packet.datum = 1
  for i = 1, PACKET_SIZE do
    self.letter = self.letter % 26 + 1
    packet.data[i] = self.letter
  end
  return self.scheduler:send(packet, self.target)
end

local Handler = class(Task)
function Handler.new(scheduler, id, priority, queue, device)
  local self = setmetatable({ device = device, work = nil, done = nil }, Handler)
  return Task.init(self, scheduler, id, priority, queue)
end

function Handler:step(packet)
  if packet then
    if packet.kind == KIND_WORK then
      self.work = packet:append_to(self.work)
    else
      self.done = packet:append_to(self.done)
    end
  end
  local work = self.work
  if work then
    local datum = work.datum
    if datum > PACKET_SIZE then
      self.work = work.link
      return self.scheduler:send(work, WORKER)
    end
    local free = self.done
    if free then
      self.done = free.link
      free.datum = work.data[datum]
      work.datum = datum + 1
      return self.scheduler:send(free, self.device)
    end
  end
  return self.scheduler:wait()
end

local Device = class(Task)
function Device.new(scheduler, id, priority)
  local self = setmetatable({ pending = nil, served = 0 }, Device)
  Task.init(self, scheduler, id, priority, nil)
  self.waiting = true
  return self
end

function Device:step(packet)
  if packet then
    self.pending = packet
    self.served = self.served + 1
    return self.scheduler:hold()
  end
  local pending = self.pending
  if not pending then return self.scheduler:wait() end
  self.pending = nil
  return self.scheduler:send(pending, pending.owner)
end

local function queue_of(owner, kind, count)
  local queue
  for _ = 1, count do queue = Packet.new(queue, owner, kind) end
  return queue
end

local function simulate(count)
  local scheduler = Scheduler.new()
  Idle.new(scheduler, count)
  Worker.new(scheduler, 1000, queue_of(nil, KIND_WORK, 2))
  Handler.new(scheduler, HANDLER_A, 2000, queue_of(DEVICE_A, KIND_DEVICE, 3), DEVICE_A)
  Handler.new(scheduler, HANDLER_B, 3000, queue_of(DEVICE_B, KIND_DEVICE, 3), DEVICE_B)
  Device.new(scheduler, DEVICE_A, 4000)
  Device.new(scheduler, DEVICE_B, 5000)
  scheduler:run()
  local served = scheduler.tasks[DEVICE_A].served * 3 + scheduler.tasks[DEVICE_B].served
  return scheduler.queued * 7 + scheduler.held * 5 + scheduler.steps + served
end

local checksum = 0
for round = 1, n do
  checksum = (checksum + simulate(10000 + round)) % 1000000007
end
print(string.format("richards checksum %d", checksum))
