-- Method definitions and calls, string and table call sugar.
local object = { value = 5 }
function object:get(extra) return self.value + (extra or 0) end
function object.plain(self) return self.value end
object.nested = { deep = {} }
function object.nested.deep:name() return self == object.nested.deep end
print(object:get(), object:get(10), object.get(object, 1), object:plain(), object.nested.deep:name())
local function show(...) return select("#", ...), ... end
print(show"text", show[[long]], show{ 1 } ~= nil, (show{}), #"abc", ("x"):rep(2), type"x")
print(object:plain"ignored", object:plain{ 1 }, (object:get()))
