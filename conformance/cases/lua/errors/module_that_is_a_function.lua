-- A module may be a function: a traceback calls it by the module's name.
package.preload["tool.main"] = function()
  return function(text) error(text, 0) end
end
local main = require("tool.main")
local trace = select(2, xpcall(function() main("stop") end, debug.traceback))
print((trace:gsub("%[C%]: in function 'xpcall'.*", "...")))
