-- tonumber with and without a base.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
for _, text in ipairs({ "10", " 10 ", "10a", "", " ", "0x", "0x1p4", "1e", "1e5", "1e+5", ".5", "5.", ".", "-7", "- 7", "--7",
  "0x-1", "-0xf", "1 2", "1_000", "inf", "nan", "0b1", "1e400", "9223372036854775807", "9223372036854775808", "0x8000000000000000",
  "0xfffffffffffffffff", "\t5\n", "5\0", "1.2.3", "0x.1", "0x1.8", "1f", "٣" }) do
  local value = tonumber(text)
  print(("%q"):format(text), value, math.type(value))
end
print(tonumber("ff", 16), tonumber("FF", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("777", 8), tonumber("1010", 2), tonumber("-101", 2))
print(tonumber("7fffffffffffffff", 16), tonumber("ffffffffffffffff", 16), tonumber(" 11 ", 2), tonumber("1.0", 10), tonumber("", 10))
print(tonumber(5), tonumber(5.5), tonumber(nil), tonumber({}), tonumber(true))
try[=[tonumber()]=]
try[=[tonumber(10, 10)]=]
try[=[tonumber("10", 1)]=]
try[=[tonumber("10", 37)]=]
