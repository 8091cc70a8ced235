-- A function that is in place of one that nothing else refers to: tracebacks say so, also after a snapshot.
local function work()
  local keep = {}
  for i = 1, 30000 do keep[i % 1000 + 1] = ("xyz"):rep(i % 10) .. i end
  collectgarbage() collectgarbage()
  for i = 1, 3000 do keep[i] = ("abcdefgh"):rep(3) .. i end
  local trace = debug.traceback("trace")
  return trace, debug.getinfo(1, "t").istailcall
end
for i = 1, 3 do
  local trace, is = (function() local a = i return work() end)()
  print(is, trace:find("(...tail calls...)", 1, true) ~= nil)
end
