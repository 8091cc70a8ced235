-- Classes with single inheritance, super calls, class fields and late binding.
local function class(parent)
  local c = {} c.__index = c
  if parent then setmetatable(c, { __index = parent, __call = function(k, ...) return k.new(k, ...) end })
  else setmetatable(c, { __call = function(k, ...) return k.new(k, ...) end }) end
  return c
end
local Animal = class() Animal.count = 0
function Animal.new(k, name) local o = setmetatable({ name = name }, k) Animal.count = Animal.count + 1 return o end
function Animal:speak() return self.name .. " " .. self:sound() end
function Animal:sound() return "makes a noise" end
local Dog = class(Animal) function Dog:sound() return "barks" end
local Puppy = class(Dog) function Puppy.new(k, name) local o = Dog.new(k, "little " .. name) o.age = 0 return o end
function Puppy:speak() return Dog.speak(self) .. " softly" end
print(Animal("It"):speak(), Dog("Rex"):speak(), Puppy("Bo"):speak(), Animal.count, Puppy.count, Puppy("x").age)
Animal.sound = function() return "is patched" end print(Animal("It"):speak(), Dog("Rex"):speak())
Dog.sound = nil print(Dog("Rex"):speak())
print(getmetatable(Dog("a")) == Dog, rawget(Dog, "speak"), Dog.speak == Animal.speak)
