-- goto: loops, continue, nested blocks, and labels at the end of a block.
local i = 1
::top::
if i <= 3 then io.write(i, " ") i = i + 1 goto top end
print()
for n = 1, 6 do
  if n % 2 == 0 then goto continue end
  io.write(n, " ")
  ::continue::
end
print()
for a = 1, 3 do
  for b = 1, 3 do
    if a * b == 4 then goto found end
    io.write(a * b, " ")
  end
end
::found:: print("found")
do goto skip; local x; ::skip:: end
while true do
  do goto out end
end
::out::
repeat
  local done = true
  if done then goto next end
  print("not reached")
  ::next::
until true
do local k = 0 ::again:: k = k + 1 if k < 3 then goto again end print(k) end
