-- Values without a name, as the debug library shows them: what a call has taken over is not the caller's any more.
local function inside()
  print("of the caller", debug.getlocal(2, 3))
  print("after it", debug.getlocal(2, 4))
  debug.setlocal(2, 3, 10)
  return 20
end
local function caller(a, b) return (a + 1) + inside() end
print(caller(0, 0))

-- The same for a method, and for an argument that waits for another one.
local object = {}
function object:method() print(debug.getlocal(2, 2)) print(debug.getlocal(2, 3)) return 1 end
local function method(o) return (#"abc" .. "") .. o:method() end
print(method(object))
local function argument(x) print("argument", (select("#", debug.getlocal(2, 1)))) return x end
local function outer() return tostring(argument(1)) end
print(outer())
