-- memory: 64M
-- seconds: 120
-- prints: true\twent on
collectgarbage("stop")
print(pcall(function() for i = 1, 1e8 do local t = { i, {} } end return "went on" end))
collectgarbage("restart")
collectgarbage("setpause", 10000)
collectgarbage("setstepmul", 1)
print(pcall(function() for i = 1, 1e7 do local t = { i, {} } end return "went on" end))
