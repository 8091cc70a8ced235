-- An error that leaves a wrapped coroutine and then the program.
local co = coroutine.wrap(function() local t = nil coroutine.yield(1) return t.field end)
print(co())
co()
