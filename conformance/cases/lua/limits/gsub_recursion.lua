-- A gsub callback that calls gsub, without end.
local function replace(s) return (s:gsub("x", function(c) return replace(c) end)) end
local ok, m = pcall(replace, "x") print(ok, m:match("stack overflow") or m)
local function some(n) if n == 0 then return "end" end return (("x"):gsub("x", function() return some(n - 1) .. "." end)) end print(some(20))
