-- The line in a message is that of the operation, also in expressions over several lines.
local function try(f) print(select(2, pcall(f))) end
try(function()
  local x = 1
  local y = x
    +
    nil
end)
try(function()
  return undefined_function(
    1,
    2
  )
end)
try(function()
  local t = {
    a = 1,
    b = nil .. "x",
  }
end)
try(function() local t = {}
  t
  .x
  .y = 1
end)
try(function()
  local a = {} ;

  if a < 1 then
  end
end)
try(load("\n\n\nerror('in chunk')", "@name.lua")) try(load("error('in string')", "error('in string')")) try(load("error('equals')", "=any text")) try(load("local x = nil; x()", ""))
try(load("--comment\nlocal x = nil\nx.y = 1", "--comment\nlocal x"))
