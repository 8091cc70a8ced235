-- A library function in tail position still knows from where it was called.
print(pcall(load("return string.rep()", "=tail")))
print(pcall(load("local t = {} return setmetatable(t, 5)", "=tail")))
print(pcall(load("\n\nreturn error('message')", "=tail")))
print(pcall(function() return ("x"):rep({}) end))
print(pcall(function() return (string.rep()) end))
