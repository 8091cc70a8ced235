-- memory: 64M
-- seconds: 240
-- prints: done
-- Sources of many kinds, as large as they may be and larger.
local kinds = { "a=1 ", "f() ", "f''", "do local a end ", "goto a ::a:: ", "while a do end ", "if a then end ", "for i=1,2 do end ",
  "function f()end ", "f(...)", ";", "a.a=a.a ", "repeat until a ", "local function f()end ", "do local a<close> =b end ",
  "a:b{} ", "return(1)", "--[[x]]", "'x' " }
for _, kind in ipairs(kinds) do
  for _, length in ipairs { 20000, 100000, 400000, 3000000 } do
    local s = kind:rep(length // #kind)
    local f, e = load(s)
    f, s = nil, nil
  end
end
local lists = { "1,", "f,", "{},", "a=1,", "[1]=1,", "'x',", "function()end,", "1.5e10,", "a.b.c," , "a(b),", "not a,", "a..b," }
for _, kind in ipairs(lists) do
  for _, length in ipairs { 20000, 100000, 400000, 3000000 } do
    local f, e = load("return {" .. kind:rep(length // #kind) .. "}")
    f = nil
  end
end
for _, kind in ipairs { "+a", "..a", ".b", "[1]", "()", " and a", ":b()", "''" } do
  for _, length in ipairs { 20000, 100000, 400000, 3000000 } do
    local f, e = load("return a" .. kind:rep(length // #kind))
    f = nil
  end
end
print "done"
