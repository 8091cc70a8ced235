-- A hook of calls and returns while functions are called by pcall: what it has seen last may be a frame that is gone.
local events = {}
local function work() return #events end
debug.sethook(function(event) events[#events + 1] = event end, "cr")
work()
work()
pcall(work)
pcall(error, "message")
debug.sethook()
print(table.concat(events, " "))
