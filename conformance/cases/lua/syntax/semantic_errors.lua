-- Programs that parse but mean nothing.
for _, code in ipairs({ "local x <const> = 1; x = 2", "local x <foo> = 1", "goto nowhere", "break", "\n\nbreak", "::a:: ::a::", "if x then break end",
  "while x do local function f() break end end", "x = function() return ... end", "function f() return ... end", "local a <close>, b <close> = 1, 2",
  "local a <close>, b <const> = nil, 2 return b", "\nlocal y <const> = 1\nlocal function f()\n  y = y + 1\nend" }) do
  local chunk, message = load(code, "=(code)")
  print(message or chunk())
end
