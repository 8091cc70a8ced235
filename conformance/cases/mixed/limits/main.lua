-- One depth over the mixed stack; a pcall inside of a callback goes on after it is used up.
local m
local depth = 0
package.loaded.env = { f = function(i) depth = depth + 1 return m.g(i) + 1 end }
m = require "deep"
local good, message = pcall(m.g, 1)
print(good, message:match("stack overflow"), depth > 1000)
local again = depth
depth = 0
print(pcall(m.g, 1) == false, math.abs(depth - again) < again / 10)
local co = coroutine.wrap(function() return pcall(m.g, 1) end)
print((co()))
package.loaded.env.f = nil
