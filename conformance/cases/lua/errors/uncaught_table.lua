-- An error value with __tostring, uncaught.
print("before")
error(setmetatable({ code = 3 }, { __tostring = function(e) return "custom error " .. e.code end }))
