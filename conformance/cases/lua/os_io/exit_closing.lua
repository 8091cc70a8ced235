-- `os.exit` with a second argument closes the variables of the main coroutine, then finalises; others are only dropped.
local function closing(name) return setmetatable({}, { __close = function(_, e) print("close " .. name, e) end, __gc = function() print("finalise " .. name) end }) end
local outer <close> = closing("outer")
local function inside()
  local inner <close> = closing("inner")
  local failing <close> = setmetatable({}, { __close = function() print("fails") error("in close", 0) end })
  local co = coroutine.wrap(function()
    local dropped <close> = closing("dropped")
    pcall(function() print("leaving") os.exit(true, true) end)
    print("not here")
  end)
  co()
  print("nor here")
end
pcall(inside)
print("never")
