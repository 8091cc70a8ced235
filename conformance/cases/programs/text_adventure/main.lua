-- A text adventure that reads commands from standard input.
local rooms = {
  hall = { title = "Great hall", text = "Dust lies thick on long tables.", exits = { north = "library", east = "kitchen" }, items = { "lamp" } },
  library = { title = "Library", text = "Shelves lean over you. A draught comes from behind one of them.", exits = { south = "hall" }, items = { "book", "ladder" } },
  kitchen = { title = "Kitchen", text = "Something once boiled over here.", exits = { west = "hall", down = "cellar" }, items = { "bread", "knife" } },
  cellar = { title = "Cellar", text = "You hear water.", dark = true, exits = { up = "kitchen", north = "vault" }, items = { "key" } },
  vault = { title = "Vault", text = "Gold, and a skeleton that no longer needs it.", locked = true, exits = { south = "cellar" }, items = { "gold" } },
}
local state = { room = "hall", bag = {}, lit = false, moves = 0, score = 0, over = false }
local shortcuts = { n = "north", s = "south", e = "east", w = "west", u = "up", d = "down", i = "inventory", l = "look", x = "examine", q = "quit", get = "take" }
local descriptions = {
  lamp = "An oil lamp, full.", book = "It says: the third shelf hides nothing at all.", ladder = "Too short for anything useful.",
  bread = "Harder than the table.", knife = "Blunt.", key = "An iron key with a vault's crest.", gold = "Heavy. Very heavy.",
}
local worth = { book = 5, gold = 50, bread = 1 }

local function index_of(list, value)
  for i, item in ipairs(list) do
    if item == value then return i end
  end
end

local function sorted(list)
  local copy = table.move(list, 1, #list, 1, {})
  table.sort(copy)
  return table.concat(copy, ", ")
end

local function visible() return not rooms[state.room].dark or state.lit end

local commands = {}

function commands.look()
  local room = rooms[state.room]
  if not visible() then return print("It is pitch dark.") end
  local exits = {}
  for direction in pairs(room.exits) do exits[#exits + 1] = direction end
  print(("== %s ==\n%s"):format(room.title, room.text))
  print("Exits: " .. sorted(exits) .. (#room.items > 0 and ". Here: " .. sorted(room.items) or "") .. ".")
end

function commands.go(direction)
  local target = rooms[state.room].exits[direction or ""]
  if not target then return print("There is no way " .. (direction or "nowhere") .. ".") end
  local room = rooms[target]
  if room.locked and not index_of(state.bag, "key") then return print("The door to the " .. room.title:lower() .. " is locked.") end
  if room.locked then
    room.locked = false
    state.score = state.score + 10
    print("The key turns with a shriek.")
  end
  state.room = target
  commands.look()
end

function commands.take(name)
  local items = rooms[state.room].items
  if not name then return print("Take what?") end
  if name == "all" then
    for _, item in ipairs(table.move(items, 1, #items, 1, {})) do commands.take(item) end
    return
  end
  local at = visible() and index_of(items, name)
  if not at then return print("You see no " .. name .. " here.") end
  if #state.bag >= 4 then return print("Your bag is full.") end
  state.bag[#state.bag + 1] = table.remove(items, at)
  state.score = state.score + (worth[name] or 0)
  print("Taken: " .. name .. ".")
end

function commands.drop(name)
  local at = index_of(state.bag, name)
  if not at then return print("You have no " .. tostring(name) .. ".") end
  table.insert(rooms[state.room].items, table.remove(state.bag, at))
  state.score = state.score - (worth[name] or 0)
  print("Dropped: " .. name .. ".")
end

function commands.light(name)
  if name ~= "lamp" or not index_of(state.bag, "lamp") then return print("That does not burn.") end
  state.lit = not state.lit
  print("The lamp is " .. (state.lit and "lit." or "out."))
end

function commands.examine(name)
  if not (index_of(state.bag, name) or index_of(rooms[state.room].items, name)) then return print("What " .. tostring(name) .. "?") end
  print(descriptions[name])
end

function commands.inventory() print(#state.bag == 0 and "Your bag is empty." or "You carry " .. sorted(state.bag) .. ".") end
function commands.score() print(("%d points in %d moves."):format(state.score, state.moves)) end
function commands.say(...) print("You say: \"" .. table.concat({ ... }, " "):upper() .. "\". Nobody answers.") end
function commands.quit() state.over = true end

print("THE HOUSE. Type commands; 'quit' ends.")
commands.look()
for line in io.lines() do
  io.write("> ", line, "\n")
  local words = {}
  for word in line:lower():gmatch("%S+") do words[#words + 1] = shortcuts[word] or word end
  if rooms.hall.exits[words[1]] or index_of({ "north", "south", "east", "west", "up", "down" }, words[1]) then table.insert(words, 1, "go") end
  local command = commands[words[1]]
  if #words == 0 then
    print("Say something.")
  elseif command then
    state.moves = state.moves + 1
    local ok, problem = pcall(command, table.unpack(words, 2))
    if not ok then print("The house shudders.") end
  else
    print(("I do not know how to %q."):format(words[1]))
  end
  if state.room == "vault" and index_of(state.bag, "gold") then
    print("You are rich!")
    state.over = true
  end
  if state.over then break end
end
commands.score()
print("Left in the house: " .. #(io.read("a") or "") .. " bytes of unread commands.")
