-- A JSON encoder and decoder: builds a document, writes it, reads it back, compares, repeatedly.
local n = tonumber(arg and arg[1]) or 1500

local null = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local unescapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    return escapes[c] or string.format("\\u%04x", c:byte())
  end) .. '"'
end

local encode_value

local function encode_array(list, out)
  out[#out + 1] = "["
  for i = 1, #list do
    if i > 1 then out[#out + 1] = "," end
    encode_value(list[i], out)
  end
  out[#out + 1] = "]"
end

local function encode_object(object, out)
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = key end
  table.sort(keys)
  out[#out + 1] = "{"
  for i = 1, #keys do
    if i > 1 then out[#out + 1] = "," end
    out[#out + 1] = quote(keys[i])
    out[#out + 1] = ":"
    encode_value(object[keys[i]], out)
  end
  out[#out + 1] = "}"
end

function encode_value(value, out)
  local kind = type(value)
  if value == null then
    out[#out + 1] = "null"
  elseif kind == "string" then
    out[#out + 1] = quote(value)
  elseif kind == "number" then
    out[#out + 1] = string.format(value % 1 == 0 and "%.0f" or "%.10g", value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  elseif #value > 0 or next(value) == nil then
    encode_array(value, out)
  else
    encode_object(value, out)
  end
end

local function encode(value)
  local out = {}
  encode_value(value, out)
  return table.concat(out)
end

local function fail(text, position, message)
  local line = 1
  for _ in text:sub(1, position):gmatch("\n") do line = line + 1 end
  error(string.format("line %d: %s", line, message))
end

local function skip(text, position) return text:find("[^ \t\r\n]", position) or #text + 1 end

local function decode_string(text, position)
  local parts, start = {}, position + 1
  while true do
    local stop = text:find('["\\]', start)
    if not stop then fail(text, position, "unfinished string") end
    parts[#parts + 1] = text:sub(start, stop - 1)
    if text:byte(stop) == 34 then
      return #parts == 1 and parts[1] or table.concat(parts), stop + 1
    end
    local letter = text:sub(stop + 1, stop + 1)
    if letter == "u" then
      parts[#parts + 1] = string.char(tonumber(text:sub(stop + 2, stop + 5), 16) % 256)
      start = stop + 6
    else
      parts[#parts + 1] = unescapes[letter] or fail(text, stop, "bad escape")
      start = stop + 2
    end
  end
end

local decode_value

local function decode_array(text, position)
  local list = {}
  position = skip(text, position + 1)
  if text:byte(position) == 93 then return list, position + 1 end
  while true do
    list[#list + 1], position = decode_value(text, position)
    position = skip(text, position)
    local c = text:byte(position)
    if c == 93 then return list, position + 1 end
    if c ~= 44 then fail(text, position, "expected , or ]") end
    position = skip(text, position + 1)
  end
end

local function decode_object(text, position)
  local object, key = {}, nil
  position = skip(text, position + 1)
  if text:byte(position) == 125 then return object, position + 1 end
  while true do
    if text:byte(position) ~= 34 then fail(text, position, "expected a key") end
    key, position = decode_string(text, position)
    position = skip(text, position)
    if text:byte(position) ~= 58 then fail(text, position, "expected :") end
    object[key], position = decode_value(text, skip(text, position + 1))
    position = skip(text, position)
    local c = text:byte(position)
    if c == 125 then return object, position + 1 end
    if c ~= 44 then fail(text, position, "expected , or }") end
    position = skip(text, position + 1)
  end
end

local literals = { t = { "true", true }, f = { "false", false }, n = { "null", null } }

function decode_value(text, position)
  local c = text:sub(position, position)
  if c == "{" then return decode_object(text, position) end
  if c == "[" then return decode_array(text, position) end
  if c == '"' then return decode_string(text, position) end
  local literal = literals[c]
  if literal then
    local word = literal[1]
    if text:sub(position, position + #word - 1) ~= word then fail(text, position, "bad literal") end
    return literal[2], position + #word
  end
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", position)
  if not number then fail(text, position, "unexpected character") end
  return tonumber(number), position + #number
end

local function decode(text)
  local value, position = decode_value(text, skip(text, 1))
  if skip(text, position) <= #text then fail(text, position, "trailing text") end
  return value
end

local function document(count)
  local people = {}
  for i = 1, count do
    people[i] = {
      id = i,
      name = "Person \"" .. i .. "\"\n",
      score = i * 1.25 - 3,
      tags = { "a" .. i % 7, "b\\" .. i % 3, "\t" },
      nested = { flag = i % 2 == 0, none = null, list = { i, i + 1, { i } } },
    }
  end
  return { people = people, version = 3, title = "directory" }
end

local hash = 0
for round = 1, 8 do
  local text = encode(document(n + round))
  local back = decode(text)
  local again = encode(back)
  if again ~= text then error("round trip failed") end
  hash = (hash * 31 + #text + #back.people) % 1000003
end
local ok, message = pcall(decode, "[1,\n2,\n{]")
print(string.format("json checksum %d", hash), ok, (message:gsub("^.-: ", "")))
