-- Fields that weak tables get after their metatable is known to have no __newindex.
local weak = setmetatable({}, { __mode = "k" })
weak.first = {}
weak.second = 5
weak.third = "text"
print(type(weak.first), weak.second, weak.third)
collectgarbage()
print(type(weak.first), weak.second, weak.third)
