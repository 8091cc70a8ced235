-- memory: 64M
-- seconds: 60
-- prints: false	
-- Function bodies that take much more than their bytes.
local function leb(n)
  local s = ""
  repeat
    local b = n & 127
    n = n >> 7
    s = s .. string.char(n > 0 and b | 128 or b)
  until n == 0
  return s
end
local function section(id, count, body) body = leb(count) .. body return string.char(id) .. leb(#body) .. body end
local function module(body, locals)
  body = (locals or "\0") .. body .. "\x0b"
  return "\0asm\1\0\0\0" .. section(1, 1, "\x60\0\0") .. section(3, 1, "\0") .. section(10, 1, leb(#body) .. body)
end
local n = 1000000
print(pcall(wasm.instantiate, module(("\x41\0"):rep(n) .. ("\x1a"):rep(n)), {}))
print(pcall(wasm.instantiate, module(("\x02\x40"):rep(n) .. ("\x0b"):rep(n)), {}))
print(pcall(wasm.instantiate, module(("\x41\0\x04\x40\x0b"):rep(n)), {}))
print(pcall(wasm.instantiate, module(("\x03\x40\x41\0\x0d\0\x0b"):rep(n // 4)), {}))
print(pcall(wasm.instantiate, module("\x02\x40\x41\0\x0e" .. leb(n) .. ("\0"):rep(n + 1) .. "\x0b"), {}))
print(pcall(wasm.instantiate, module(("\x41\0\x04\x40"):rep(20000) .. ("\x0b"):rep(20000), "\1" .. leb(50000) .. "\x7f"), {}))
print(pcall(wasm.instantiate, module(("\x20\0\x21\0"):rep(n), "\1" .. leb(50000) .. "\x7f"), {}))
