-- Runs one case the way its expected output is recorded: `lua5.4 run_case.lua NAME.lua [ARG…]`, in the folder of the case.
-- What the case prints is followed by one line `error: …` when an error leaves it.
local name = arg[1]
local case_arg = { [0] = name, table.unpack(arg, 2) }
arg = case_arg

local function last_line(value)
  local kind = type(value)
  if kind == "string" or kind == "number" then return "error: " .. value end
  local meta = getmetatable(value)
  if meta and meta.__tostring then return "error: " .. tostring(value) end
  return "error: (error object is a " .. kind .. " value)"
end

local chunk, message = loadfile(name)
local ok = chunk ~= nil
if ok then
  ok, message = pcall(chunk, table.unpack(case_arg))
end
if not ok then print(last_line(message)) end
os.exit(ok, true)
