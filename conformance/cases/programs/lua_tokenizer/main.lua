-- A tokenizer for Lua written in Lua. It reads its own source, or the file named by its argument, and reports.
local path = arg and arg[1] or "main.lua"
local file = assert(io.open(path))
local source = file:read("a")
file:close()

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until while]]):gmatch("%a+") do
  keywords[word] = true
end
local operators = { "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", "." }

local function line_of(position)
  local _, breaks = source:sub(1, position):gsub("\n", "")
  return breaks + 1
end

local function next_token(position)
  position = source:find("%S", position)
  if not position then return nil end
  local level = source:match("^%-%-%[(=*)%[", position)
  if level then
    local _, stop = source:find("]" .. level .. "]", position, true)
    return "comment", position, assert(stop, "unfinished comment")
  end
  if source:find("^%-%-", position) then
    return "comment", position, (source:find("\n", position, true) or #source + 1) - 1
  end
  level = source:match("^%[(=*)%[", position)
  if level then
    local _, stop = source:find("]" .. level .. "]", position, true)
    return "string", position, assert(stop, "unfinished string")
  end
  local _, stop = source:find("^[%a_][%w_]*", position)
  if stop then
    return keywords[source:sub(position, stop)] and "keyword" or "name", position, stop
  end
  _, stop = source:find("^0[xX][%x%.]+[pP]?[+-]?%d*", position)
  if not stop then _, stop = source:find("^%.?%d+%.?%d*[eE]?[+-]?%d*", position) end
  if stop then
    if not source:sub(position, stop):find("[eEpP][+-]") and source:find("[+-]", stop) == stop then stop = stop - 1 end
    return "number", position, stop
  end
  local quote = source:match("^[\"']", position)
  if quote then
    local at = position + 1
    while true do
      local c = source:sub(at, at)
      if c == "\\" then at = at + 2
      elseif c == quote then return "string", position, at
      elseif c == "" or c == "\n" then error(("line %d: unfinished string"):format(line_of(position)))
      else at = at + 1 end
    end
  end
  for _, operator in ipairs(operators) do
    if source:sub(position, position + #operator - 1) == operator then
      return "operator", position, position + #operator - 1
    end
  end
  error(("line %d: unexpected %q"):format(line_of(position), source:sub(position, position)))
end

local counts, names, longest, order = {}, {}, {}, {}
local position, total, checksum = 1, 0, 0
local rebuilt = {}
local previous = 0
while true do
  local kind, first, last = next_token(position)
  if not kind then break end
  local text = source:sub(first, last)
  rebuilt[#rebuilt + 1] = source:sub(previous + 1, first - 1) .. text
  previous = last
  counts[kind] = (counts[kind] or 0) + 1
  total = total + 1
  for i = 1, #text do checksum = (checksum * 33 ~ text:byte(i)) & 0xffffffff end
  if #text > #(longest[kind] or "") then longest[kind] = text end
  if kind == "name" then
    if not names[text] then names[text] = 0; order[#order + 1] = text end
    names[text] = names[text] + 1
  end
  position = last + 1
end
rebuilt[#rebuilt + 1] = source:sub(previous + 1)

local kinds = {}
for kind in pairs(counts) do kinds[#kinds + 1] = kind end
table.sort(kinds)
for _, kind in ipairs(kinds) do
  print(("%-9s %4d   longest: %s"):format(kind, counts[kind], longest[kind]:gsub("\n", "\\n"):sub(1, 50)))
end
table.sort(order, function(a, b)
  if names[a] ~= names[b] then return names[a] > names[b] end
  return a < b
end)
for i = 1, 12 do io.write(order[i], "=", names[order[i]], i < 12 and ", " or "\n") end
print(("%d tokens, %d lines, checksum %08x, %s"):format(total, line_of(#source) - 1, checksum, table.concat(rebuilt) == source and "complete" or "LOSSY"))
-- Some tokens to meet: 0x1F 3.5e-2 0xA.8p1 [==[ not a string here ]==] 'neither'
local sample = { 0x1F, 3.5e-2, 0xA.8p1, [==[
long ]] string]==], 'it\'s', "\"q\"", 1 << 4 >> 2 // 1 ~= 3, not nil, ... }
goto done
::done::
print(#sample)
