-- Searches that take longer than the library does at once, or in longer subjects; pauses are inside of nodes, too.
local n = 200000
local as = ("a"):rep(n)
print("greedy", ("a"):rep(900):find("a*b"), as:find("^a+$"), (as .. "b"):find("a*b"), as:match("^(a*)a$") == as:sub(2))
print("set", as:find("^[a-c]*$"), (as .. "x"):find("^[a-c]*()x"), as:find("[b-z]"), as:find("b", 1))
print("lazy", (as .. "b"):find("^a-b"), (as .. "bc"):find("^.-c"), as:find("^.-c"), (as .. "bc"):find("^[ab]-()c"))
print("back", (as .. "-" .. as):match("^(a+)%-%1$") == as, (as .. "-" .. as .. "b"):match("^(a+)%-%1$"), (as .. "-" .. as:sub(2)):find("(a+)%-%1()", 3))
print("balanced", (("("):rep(n) .. (")"):rep(n)):match("^%b()$") ~= nil, ("("):rep(n):match("%b()", n - 50), ("x(" .. as .. ")"):find("%b()"))
print("frontier", (as .. " word"):match("%f[%w]w%w+"), (as .. "1"):find("%f[%d]"))
print("steps", pcall(string.find, ("a"):rep(14), ("a?"):rep(14) .. ("a"):rep(14)), (("a"):rep(12) .. "c"):find(("a*"):rep(5) .. "b"))
print("choices", pcall(string.find, as, (".-"):rep(400) .. "b"))
local words, count, length = ("some words, 123 numbers; "):rep(9000), 0, 0
for w in words:gmatch("%a+") do count, length = count + 1, length + #w end
print("gmatch", count, length)
for first, text in as:gmatch("()(a+)") do print("gmatch", first, #text) end
for text in (as .. "b"):rep(4):gmatch("[^b]*") do count = count + #text end
print("gmatch", count)
print("long", #(as:rep(3)):match("a*"), (as:rep(4) .. "!"):find("(a+)()(!)") == 1, select("#", (as:rep(4)):match("(a*)(a*)()")), #select(3, (as:rep(4)):find("(.*)")))
for text, place in as:rep(4):gmatch("(a+)()") do print("gmatch", #text, place) end
local text = words:rep(6)
print("plain", text:find("some words", 5, true), (text .. "needle"):find("needle", 1, true), text:find("nothing", 1, true), text:find("", #text + 1, true))
print("plain", (text .. "x" .. as):find(as, 1, true), (as:sub(1, 9000) .. "b" .. as):find(as:sub(1, 9001), 1, true), text:find(as, 1, true), #text)
print("pattern", (as:rep(2)):find(("a"):rep(5000) .. "+"), pcall(string.rep, "x", -1))
