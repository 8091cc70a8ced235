-- A string-heavy report: generated records are written as CSV, parsed again, grouped, formatted, wrapped and summed up.
local seed = 2024
local function random(n) seed = (seed * 1103515245 + 12345) & 0x7fffffff return (seed >> 8) % n + 1 end

local first = { "Ada", "Bela", "Çağla", "Dörte", "Émile", "Farid", "Göran", "Hana" }
local last = { "O'Neil", "Smith, Jr.", "van \"Q\" Dam", "Łukasz", "Müller", "Nguyễn", "Ōta", "Pérez" }
local towns = { "Aarhus", "Brno", "Cádiz", "Delft" }

local function csv_field(text)
  text = tostring(text)
  if text:find('[,"\n]') then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end
local rows = { "id,name,town,date,amount,note" }
for id = 1, 120 do
  local fields = { id, first[random(8)] .. " " .. last[random(8)], towns[random(4)], ("%04d-%02d-%02d"):format(2020 + random(4), random(12), random(28)),
    ("%.2f"):format((random(200000) - 50000) / 100), random(4) == 1 and ("line one\nline " .. random(9)) or ("n"):rep(random(4) - 1) }
  for i, field in ipairs(fields) do fields[i] = csv_field(field) end
  rows[#rows + 1] = table.concat(fields, ",")
end
local text = table.concat(rows, "\r\n") .. "\r\n"

local function parse_csv(source)
  local result, row, position = {}, {}, 1
  while position <= #source do
    local value
    if source:sub(position, position) == '"' then
      local parts, stop = {}, nil
      repeat
        stop = source:find('"', position + 1, true)
        parts[#parts + 1] = source:sub(position + 1, stop - 1)
        position = stop + 1
      until source:sub(position, position) ~= '"'
      value = table.concat(parts, '"')
    else
      local stop = source:find("[,\r]", position)
      value = source:sub(position, stop - 1)
      position = stop
    end
    row[#row + 1] = value
    if source:sub(position, position) == "," then
      position = position + 1
    else
      result[#result + 1] = row
      row, position = {}, position + 2
    end
  end
  return result
end

local parsed = parse_csv(text)
local header = table.remove(parsed, 1)
local records = {}
for i, row in ipairs(parsed) do
  local record = {}
  for column, name in ipairs(header) do record[name] = tonumber(row[column]) or row[column] end
  records[i] = record
end
print(#text, #records, table.concat(header, "|"), utf8.len(text))

local function pad(value, width, right)
  local length = utf8.len(value)
  local space = (" "):rep(math.max(0, width - length))
  return right and space .. value or value .. space
end
local function money(value)
  local sign, whole, cents = ("%.2f"):format(value):match("^(-?)(%d+)%.(%d+)$")
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole .. "." .. cents
end

local by_town = {}
for _, record in ipairs(records) do
  local group = by_town[record.town] or { count = 0, sum = 0, months = {}, names = {} }
  by_town[record.town] = group
  group.count = group.count + 1
  group.sum = group.sum + record.amount
  local month = record.date:sub(1, 7)
  group.months[month] = (group.months[month] or 0) + record.amount
  group.names[#group.names + 1] = record.name:match("^(%S+)")
end
print(("="):rep(60))
for _, town in ipairs(towns) do
  local group = by_town[town]
  local best
  for month, sum in pairs(group.months) do
    if not best or sum > group.months[best] or (sum == group.months[best] and month < best) then best = month end
  end
  table.sort(group.names)
  print("| " .. pad(town, 10) .. pad(tostring(group.count), 5, true) .. pad(money(group.sum), 14, true) .. "  best " .. best .. pad(money(group.months[best]), 12, true) .. " |")
  print("|   " .. pad(table.concat(group.names, " "):sub(1, 40):gsub("[\x80-\xff]*$", ""), 52) .. " |")
end
print(("="):rep(60))

table.sort(records, function(a, b) if a.amount ~= b.amount then return a.amount > b.amount end return a.id < b.id end)
for i = 1, 5 do
  local r = records[i]
  print(("%3d. %s %s %s"):format(i, pad(r.name, 20), pad(money(r.amount), 10, true), (r.note:gsub("\n", "⏎"))))
end

local function wrap(paragraph, width)
  local lines, line = {}, ""
  for word in paragraph:gmatch("%S+") do
    if line ~= "" and utf8.len(line) + 1 + utf8.len(word) > width then
      lines[#lines + 1] = line
      line = word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return lines
end
local sentences = {}
for i = 1, 15 do
  local r = records[i * 7]
  sentences[i] = ("On %s %s of %s %s %s."):format(os.date("!%d %B %Y", os.time({ year = tonumber(r.date:sub(1, 4)), month = tonumber(r.date:sub(6, 7)), day = tonumber(r.date:sub(9)), hour = 12 })),
    r.name, r.town, r.amount < 0 and "owed" or "received", money(math.abs(r.amount)))
end
for number, line in ipairs(wrap(table.concat(sentences, " "), 72)) do print(("%2d  %s"):format(number, line)) end

local template = "Dear ${name}, your balance of ${amount} on ${date|upper} is ${state}. ${missing}"
for i = 1, 3 do
  local r = records[i * 20]
  local values = { name = r.name, amount = money(r.amount), date = "day " .. r.id, state = r.amount < 0 and "overdue" or "fine" }
  print((template:gsub("%${(%w+)|?(%w*)}", function(key, filter)
    local value = values[key] or "<" .. key .. "?>"
    return filter ~= "" and string[filter](value) or value
  end)))
end
local hash = 5381
for i = 1, #text do hash = (hash * 33 + text:byte(i)) & 0xffffffff end
print(("checksum %08x, %q"):format(hash, text:sub(40, 70)))
