-- assert: values, messages of any kind, defaults.
print(assert(1, 2, 3)) print(pcall(assert, false)) print(pcall(assert, nil, "message")) print(pcall(assert, false, { 1 }) == false, select(2, pcall(assert, false, 5)))
print(pcall(assert)) print(pcall(assert, nil, nil)) print(select("#", assert(1, nil, nil))) print(assert("truthy"), (assert(0, "x")))
print(pcall(function() assert(false, "no position") end)) print(pcall(function() assert(1 == 2) end)) print(select(2, pcall(assert, false, setmetatable({}, { __tostring = function() return "obj" end }))))
