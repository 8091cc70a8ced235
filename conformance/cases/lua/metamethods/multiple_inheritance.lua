-- Inheritance from several parents by a search function, and mixins.
local function create(...)
  local parents, c = { ... }, {}
  setmetatable(c, { __index = function(t, k) for _, p in ipairs(parents) do local v = p[k] if v ~= nil then t[k] = v return v end end end })
  c.__index = c
  function c:new(o) return setmetatable(o or {}, c) end
  return c
end
local Named = { getname = function(self) return self.name end, setname = function(self, n) self.name = n end, kind = "named" }
local Account = { balance = 0, deposit = function(self, v) self.balance = self.balance + v end, kind = "account" }
local NamedAccount = create(Account, Named)
local a = NamedAccount:new({ name = "Paul" }) a:deposit(100)
print(a:getname(), a.balance, a.kind, rawget(NamedAccount, "kind"), a.missing)
a:setname("Ann") print(a:getname(), NamedAccount:new().balance)
