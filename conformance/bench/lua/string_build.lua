-- Building strings: concatenation of few and many parts, buffers, rep, sub, byte, char, upper, reverse.
local n = tonumber(arg and arg[1]) or 120000

local function fold(text, seed)
  local hash = seed
  for i = 1, #text, 7 do
    hash = (hash * 31 + string.byte(text, i)) % 4294967
  end
  return hash
end

local function buffered(count)
  local parts = {}
  for i = 1, count do
    parts[#parts + 1] = "item " .. i .. ": " .. (i * 7 % 1000) .. ";"
  end
  return table.concat(parts, "\n")
end

local function appended(count)
  local text = ""
  for i = 1, count do
    text = text .. string.char(97 + i % 26)
  end
  return text
end

local function cut(text, size)
  local pieces = {}
  for start = 1, #text, size do
    local piece = text:sub(start, start + size - 1)
    if start % 2 == 0 then piece = piece:upper() else piece = piece:reverse() end
    pieces[#pieces + 1] = piece
  end
  return table.concat(pieces)
end

local function keys(count)
  local seen, distinct = {}, 0
  for i = 1, count do
    local key = "key" .. i % 5000 .. "/" .. i % 3
    if not seen[key] then
      seen[key] = true
      distinct = distinct + 1
    end
  end
  return distinct
end

local hash = 0
for round = 1, 3 do
  local text = buffered(n)
  hash = fold(cut(text, 5 + round), hash)
  hash = fold(appended(8000 + round), hash)
  hash = (hash + keys(n * 2)) % 4294967
  hash = fold(string.rep("ab" .. round, 1000, ","), hash)
end
print(string.format("string checksum %d", hash))
