-- Constant locals.
local x <const> = 10
local s <const>, t <const> = "text", { 1 }
t[2] = 2
print(x, s, #t, x + x, -x, s .. x, x // 3)
local function f() return x + 1, s end
print(f())
for _, code in ipairs({ "local a <const> = 1; a = 2", "local a <const> = 1; function a() end", "local a <const> = 1; local function f() a = 2 end",
  "local a <const>, b = 1, 2; b, a = 3, 4", "local a <const> = 1; do local a = 2; a = 3 end return a", "local a <const>; return a" }) do
  local chunk, message = load(code, "=c")
  print(message or chunk())
end
local nothing <const> = nil
local yes <const>, big <const>, half <const> = true, 1 << 40, 0.5
print(nothing, yes, big, half, big + half)
