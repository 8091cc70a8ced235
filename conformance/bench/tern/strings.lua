local total, round = 0, 0
while round < 300 do
  round = round + 1
  local text = ""
  local i = 0
  while i < 1000 do
    i = i + 1
    text = text .. "<" .. i .. ">"
  end
  total = total + #text
end
print(total)
