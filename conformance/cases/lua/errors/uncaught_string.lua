-- An error that nobody catches ends the program with its message.
print("before")
local function f() error("the end") end
f()
print("not reached")
