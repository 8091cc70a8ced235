-- Results are the same whether each vector instruction is done by itself or several are done at once.
local trees = require "trees"
local inputs = {
  { 0, 0, 0, 0 },
  { 0x0123456789abcdef, 0xfedcba9876543210, 0x1112131415161718, 0x8182838485868788 },
  { 0x7fffffff80000000, 0x00010203fffefdfc, 0x7fffffff80000000, 0xff7f80010a0b0c0d },
  -- Numbers, infinity, and what is not a number, as doubles and as singles.
  { 0x3ff8000000000000, 0xc004000000000000, 0x4000000000000000, 0x3fe0000000000000 },
  { 0x7ff0000000000000, 0x7ff8000000000001, 0xfff0000000000000, 0x3ff0000000000000 },
  { 0x7ff8000000000002, 0xfff8000000000003, 0x7ff8000000000004, 0xc010000000000000 },
  { 0x3fc00000c0200000, 0x400000003f000000, 0x40490fdb7f800000, 0xff8000007fc00001 },
}
for number, words in ipairs(inputs) do
  for index, word in ipairs(words) do trees.set(8 * (index - 1), word) end
  for _, name in ipairs { "sums", "moves", "doubles", "singles" } do
    trees[name]()
    local results = {}
    for index = 4, 21 do results[#results + 1] = string.format("%016x", trees.get(8 * index)) end
    print(number, name)
    for index = 1, #results, 6 do print("", table.concat(results, " ", index, index + 5)) end
  end
  print(number, "tests", trees.tests())
end
for index = 0, 5 do trees.set(65488 + 8 * index, 0x0102030405060708 << index) end
print(pcall(trees.past_the_end, 65536 - 48))
print(string.format("%016x %016x", trees.get(32), trees.get(40)))
