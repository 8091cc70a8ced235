-- Does the calls that generated.py has listed: `minivm generated.lua FOLDER CALLS`.
local folder, calls = arg[1], arg[2]

local crc_of = {}
for byte = 0, 255 do
    local crc = byte
    for _ = 1, 8 do crc = crc & 1 == 1 and crc >> 1 ~ 0xEDB88320 or crc >> 1 end
    crc_of[byte] = crc
end
local function crc32(memory)
    local crc = 0xFFFFFFFF
    -- In pieces: what a module keeps may leave little room.
    for from = 0, memory:size() - 1, 1024 do
        local text = memory:string(from, math.min(1024, memory:size() - from))
        for i = 1, #text do crc = crc >> 8 ~ crc_of[(crc ~ text:byte(i)) & 0xFF] end
    end
    return crc ~ 0xFFFFFFFF
end

local function hex(text) return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)) end
local function shown(kind, value)
    if kind == "i32" or kind == "i64" then return tostring(value) end
    if value ~= value then return "nan" end
    return hex(string.pack(kind == "f32" and "<f" or "<d", value))
end

local function named(digits)
    return (digits:sub(2):gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))
end

-- What a module does for want of memory says nothing of the rest.
local function lacks_memory(good, message) return not good and tostring(message):find "not enough memory" end

local exports, is_open
-- Whether a module could not be made, and nothing was called yet: where it has no calls, the other could not make it either.
local has_failed
for line in io.lines(calls) do
    local what, name, rest = line:match "^(%a+) (%S*) ?(.*)$"
    if has_failed and what == "module" then print("fails") end
    has_failed = false
    if what == "module" then
        print(line)
        local good, found = pcall(wasm.instantiate, folder .. "/" .. name .. ".wasm", {})
        exports, is_open = good and found or nil, lacks_memory(good, found)
        has_failed = not good
        if not good then
            io.stderr:write(name, ": ", tostring(found):match "^[^\n]*", "\n")
        end
    elseif is_open then
        print("open")
    elseif exports == nil then
        print("not there: " .. line)
    elseif what == "call" then
        local kinds, arguments = rest:match "^(%S*) (.*)$"
        local values = load("return " .. arguments:gsub(" ", ","))
        local results = table.pack(pcall(exports[named(name)], values()))
        is_open = lacks_memory(results[1], results[2])
        if is_open then
            print("open")
        elseif results[1] then
            local texts, i = {}, 1
            for kind in kinds:gmatch "%w+" do
                i = i + 1
                texts[#texts + 1] = shown(kind, results[i])
            end
            print(name .. " " .. table.concat(texts, " "))
        else
            print(name .. " traps")
        end
    elseif what == "global" then
        local value = exports[named(name)]
        print(name .. " " .. shown(rest, type(value) == "number" and value or value.value))
    elseif what == "memory" then
        local memory = exports[named(name)]
        print(name .. " " .. memory:size() .. " " .. crc32(memory))
    end
end
if has_failed then print("fails") end
