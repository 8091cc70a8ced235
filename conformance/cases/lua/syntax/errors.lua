-- What the parser refuses, and on which line.
for _, code in ipairs({ "x =", "x = = 1", "if x then", "for i = 1 do end", "for i in do end", "local function", "return return", "x", "x.y", "f() = 1",
  "(a) = 1",  "x = }", "x = 'abc", "x = [[abc", "--[[ abc",
  "x = '\\q'", "x = '\\300'", "x = '\\xZZ'", "x = '\\u{110000000000}'", "x = '\\u123'", "local t = { 1, 2", "f(1, 2", "a.1", "a:b", "function f( end",
  "function f(a,) end", "function f(..., a) end", "return ...; x", "while true do", "repeat until", "do end end",
  "a = 1 1", "a = @", "if x then else elseif y then end", "local 1 = 2", "x = a.b:c", "and", "x = \"a\nb\"", "x = 1\n\ny = = 2", "f(\n1,\n2", "local t = {\n  a = 1\n  b = 2\n}" }) do
  local chunk, message = load(code, "=(code)")
  print(chunk, message and message:match("^%(code%):%d+: ") or message)
end
