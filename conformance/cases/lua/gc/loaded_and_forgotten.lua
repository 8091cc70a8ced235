-- Chunks that are called once and collected, while what calls them is watched for native code.
local sum = 0
for i = 1, 2000 do
  local chunk = load("local a, b = " .. i .. ", 2 if a > b then return a * b + 1 else return b end")
  sum = sum + chunk()
end
print(sum)
