-- A function with many captured variables, from several levels.
local code = { "local v0 = 0\n" }
for i = 1, 150 do code[#code + 1] = "local v" .. i .. " = " .. i .. "\n" end
code[#code + 1] = "return function() return function(step) v1 = v1 + step return 0"
for i = 0, 150 do code[#code + 1] = " + v" .. i end
code[#code + 1] = " end end"
local f = load(table.concat(code))()()
print(f(0), f(1), f(1))
local too_many = { "local a0 = 0\n" }
for i = 1, 199 do too_many[#too_many + 1] = "local a" .. i .. " = " .. i .. "\n" end
too_many[#too_many + 1] = "return a199"
print(load(table.concat(too_many))())
