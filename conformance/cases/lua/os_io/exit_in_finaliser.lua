-- What closes the program in a finaliser lets the others run before it exits.
print("first")
setmetatable({}, { __gc = function() print("the one that is left") end })
setmetatable({}, {
  __gc = function()
    print("last made")
    setmetatable({}, { __gc = function() print("never") end })
    os.exit(0, true)
  end,
})
