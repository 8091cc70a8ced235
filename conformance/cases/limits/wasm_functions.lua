-- memory: 64M
-- seconds: 60
-- prints: false	not enough memory
-- Modules of very many functions, types, globals, exports, elements.
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
local head = "\0asm\1\0\0\0"
local n = 1000000
print(pcall(wasm.instantiate, head .. section(1, 1, "\x60\0\0") .. section(3, n, ("\0"):rep(n)) .. section(10, n, ("\2\0\x0b"):rep(n)), {}))
print(pcall(wasm.instantiate, head .. section(1, n, ("\x60\0\0"):rep(n)), {}))
print(pcall(wasm.instantiate, head .. section(1, n, ("\x60\2\x7f\x7f\1\x7f"):rep(n)), {}))
print(pcall(wasm.instantiate, head .. section(6, n, ("\x7f\0\x41\0\x0b"):rep(n)), {}))
print(pcall(wasm.instantiate, head .. section(1, 1, "\x60\0\0") .. section(3, 1, "\0") .. section(4, 1, "\x70\0\1") .. section(9, 1, "\1\0" .. leb(n) .. ("\0"):rep(n)) .. section(10, 1, "\2\0\x0b"), {}))
print(pcall(wasm.instantiate, head .. section(5, 1, "\0\1") .. section(11, n, ("\1\0"):rep(n)), {}))
