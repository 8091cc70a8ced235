-- A class library: inheritance, mixins, properties, events, type checks, string forms, and a small application on top.

local Class = {}

local function instance_of(object, class)
  local current = getmetatable(object)
  while current do
    if current == class then return true end
    current = rawget(current, "parent")
  end
  return false
end

local function lookup(class)
  return function(self, key)
    local getter = class.getters[key]
    if getter then return getter(self) end
    return class[key]
  end
end

local function assign(class)
  return function(self, key, value)
    local setter = class.setters[key]
    if setter then return setter(self, value) end
    if class.getters[key] then error("property '" .. key .. "' of " .. class.name .. " is read-only", 2) end
    rawset(self, key, value)
  end
end

function Class.define(name, parent, ...)
  local class = { name = name, parent = parent }
  class.getters = setmetatable({}, { __index = parent and parent.getters })
  class.setters = setmetatable({}, { __index = parent and parent.setters })
  class.__index = lookup(class)
  class.__newindex = assign(class)
  for _, event in ipairs({ "__tostring", "__eq", "__lt", "__le", "__add", "__sub", "__mul", "__unm", "__len", "__call", "__concat", "__close" }) do
    class[event] = parent and parent[event]
  end
  for _, mixin in ipairs({ ... }) do
    for key, value in pairs(mixin) do class[key] = value end
  end
  return setmetatable(class, {
    __index = parent,
    __call = function(self, ...)
      local object = setmetatable({}, self)
      if object.init then object:init(...) end
      return object
    end,
    __tostring = function(self) return "class " .. self.name end,
  })
end

local Events = {}
function Events:on(event, handler)
  local handlers = rawget(self, "handlers") or {}
  rawset(self, "handlers", handlers)
  handlers[event] = handlers[event] or {}
  table.insert(handlers[event], handler)
  return self
end
function Events:emit(event, ...)
  local count = 0
  for _, handler in ipairs((rawget(self, "handlers") or {})[event] or {}) do
    handler(self, ...)
    count = count + 1
  end
  return count
end

local Account = Class.define("Account", nil, Events)
function Account:init(owner, balance)
  rawset(self, "owner", owner)
  rawset(self, "cents", math.floor((balance or 0) * 100))
end
Account.getters.balance = function(self) return self.cents / 100 end
Account.__tostring = function(self) return ("%s(%s: %.2f)"):format(self.name, self.owner, self.balance) end
Account.__lt = function(a, b) return a.cents < b.cents end
Account.__le = function(a, b) return a.cents <= b.cents end
Account.__eq = function(a, b) return a.owner == b.owner and a.cents == b.cents end
Account.__add = function(a, b) return Account(a.owner .. "&" .. b.owner, a.balance + b.balance) end
Account.__len = function(self) return #self.owner end
Account.__concat = function(a, b) return tostring(a) .. " / " .. tostring(b) end
Account.__call = function(self, amount) return self:deposit(amount) end
function Account:deposit(amount)
  if amount <= 0 then error({ code = "amount", message = "amount must be positive, got " .. amount }) end
  self.cents = self.cents + math.floor(amount * 100)
  self:emit("deposit", amount)
  return self
end
function Account:withdraw(amount)
  if amount * 100 > self.cents then
    error(setmetatable({ account = self, amount = amount }, { __tostring = function(e) return e.account.owner .. " lacks " .. e.amount - e.account.balance end }))
  end
  self.cents = self.cents - math.floor(amount * 100)
  self:emit("withdraw", amount)
  return self
end

local Savings = Class.define("Savings", Account)
function Savings:init(owner, balance, rate)
  Account.init(self, owner, balance)
  rawset(self, "rate_value", rate)
end
Savings.getters.rate = function(self) return self.rate_value end
Savings.setters.rate = function(self, value)
  if value < 0 then error("a rate is not negative", 3) end
  rawset(self, "rate_value", value)
end
function Savings:accrue()
  return self:deposit(self.balance * self.rate / 100)
end
function Savings:withdraw(amount)
  if amount > self.balance / 2 then error("savings give at most half", 2) end
  return Account.withdraw(self, amount)
end

local log = {}
local a, b = Account("Ann", 100), Savings("Bob", 250.5, 3)
a:on("deposit", function(self, amount) log[#log + 1] = self.owner .. "+" .. amount end):on("withdraw", function(self, amount) log[#log + 1] = self.owner .. "-" .. amount end)
b:on("deposit", function(self, amount) log[#log + 1] = ("%s+%.2f"):format(self.owner, amount) end)

print(a, b, tostring(Account), tostring(Savings))
print(a < b, a <= b, a > b, a == Account("Ann", 100), a ~= b, #a, a .. b, a + b)
print(a:deposit(20):withdraw(5.5).balance, b:accrue().balance, b:deposit(1).balance, a(10).balance)
print(instance_of(b, Account), instance_of(a, Savings), instance_of({}, Account))
print(pcall(a.deposit, a, -5) == false, select(2, pcall(a.deposit, a, -5)).message)
print(tostring(select(2, pcall(a.withdraw, a, 1000))))
print(pcall(function() b:withdraw(200) end))
print(pcall(function() a.balance = 5 end))
print(pcall(function() b.rate = -1 end))
b.rate = 4
print(b.rate, b:accrue())
b.note = "plain fields still work"
print(b.note, rawget(b, "note"), a.note)
print(table.concat(log, " "))

local accounts = {}
for i, name in ipairs({ "Cid", "Dee", "Eve", "Fay", "Gus" }) do
  accounts[i] = (i % 2 == 0 and Savings or Account)(name, (i * 37) % 50 + i / 4, 2)
end
table.sort(accounts)
for i, account in ipairs(accounts) do accounts[i] = tostring(account) end
print(table.concat(accounts, ", "))
do
  local Guard = Class.define("Guard")
  Guard.__close = function(self) print("released " .. self.label) end
  function Guard:init(label) self.label = label end
  local first <close>, second = Guard("first"), Guard("not closed")
  local third <close> = Guard("third")
  print("guarded", first.label, second.label)
end
