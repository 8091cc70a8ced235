-- memory: 64M
-- seconds: 20
local t = {}
for i = 1, 200000 do t[i] = 0x10ffff end
for i = 1, 20 do local s = utf8.char(table.unpack(t)) end
print(pcall(function() return #utf8.char(table.unpack(t), table.unpack(t), table.unpack(t)) end))
local s = ("\u{10ffff}"):rep(1 << 20)
print(select("#", pcall(utf8.codepoint, s, 1, -1)))
print(pcall(function() return select("#", s:byte(1, -1)) end))
