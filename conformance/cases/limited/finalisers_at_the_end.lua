-- Under a limit of 24 MiB: every object is finalised at the end of the program.
local n, keep, total = 0, {}, 20000
local last = setmetatable({}, { __gc = function() print("finalisers that ran at the end:", n) end })
for i = 1, total do keep[i] = setmetatable({ i }, { __gc = function() n = n + 1 end }) end
