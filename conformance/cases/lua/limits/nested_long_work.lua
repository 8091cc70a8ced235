-- Work that goes on in slices does not forget how deep calls of the library are nested.
local letters = {}
for i = 1, 40000 do letters[i] = "x" end
local depth = 0
local function nested()
  depth = depth + 1
  table.concat(letters)
  return pcall(nested)
end
nested()
print(depth > 190 and depth <= 200)
