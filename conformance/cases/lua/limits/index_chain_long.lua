-- A finite chain of tables through __index, shorter than any limit, and one that is longer than PUC's.
local function chain(n) local t = { value = "found" } for i = 1, n do t = setmetatable({}, { __index = t }) end return t end
print(chain(50).value, chain(100).missing)
print(pcall(function() return chain(100000).value end) ~= nil)
