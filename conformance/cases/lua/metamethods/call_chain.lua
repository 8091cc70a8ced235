-- Values that are called through the __call of a __call of a ...; each adds itself as an argument.
local chain = function(...) return select("#", ...), (select(-1, ...)) end
for _ = 1, 100 do chain = setmetatable({}, { __call = chain }) end
print(chain("last")) print((function() return chain("tail") end)()) print(coroutine.wrap(function(...) return chain(...) end)("in a coroutine"))
print(pcall(setmetatable({}, { __call = setmetatable({}, { __call = 5 }) })))
