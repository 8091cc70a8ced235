-- A function that returns several results, called while fuel comes in small portions: none may be lost.
local source = ("abc def (12) 'it' "):rep(300)
local operators = { "...", "<<", "(", ")", "{" }
local function next_token(position)
  position = source:find("%S", position)
  if not position then return nil end
  local _, stop = source:find("^[%a_][%w_]*", position)
  if stop then
    return "name", position, stop
  end
  local quote = source:match("^[\"']", position)
  if quote then
    local at = position + 1
    while true do
      local c = source:sub(at, at)
      if c == quote then return "string", position, at
      else at = at + 1 end
    end
  end
  for _, operator in ipairs(operators) do
    if source:sub(position, position + #operator - 1) == operator then
      return "operator", position, position + #operator - 1
    end
  end
  return "other", position, position
end
local position = 1
local bad = 0
local previous = 0
while true do
  local kind, first, last = next_token(position)
  if not kind then break end
  if first == previous then bad = bad + 1; print("stale", kind, first, last, position) end
  previous = first
  position = last + 1
end
print(bad)
