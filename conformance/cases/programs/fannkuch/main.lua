-- Pancake flipping over all permutations: small arrays, swaps and reversals.
local n = tonumber(arg and arg[1]) or 7

local function fannkuch(size)
  local perm, work, count = {}, {}, {}
  for i = 1, size do
    perm[i] = i
    count[i] = i
  end
  local sign, most, checksum = 1, 0, 0
  while true do
    local first = perm[1]
    if first ~= 1 then
      for i = 2, size do
        work[i] = perm[i]
      end
      local flips = 1
      while true do
        local next_first = work[first]
        if next_first == 1 then break end
        work[first] = first
        if first > 3 then
          local low, high = 2, first - 1
          repeat
            work[low], work[high] = work[high], work[low]
            low = low + 1
            high = high - 1
          until low >= high
        end
        first = next_first
        flips = flips + 1
      end
      if flips > most then most = flips end
      checksum = checksum + sign * flips
    end
    if sign == 1 then
      perm[1], perm[2] = perm[2], perm[1]
      sign = -1
    else
      perm[2], perm[3] = perm[3], perm[2]
      sign = 1
      local position = 3
      while true do
        if count[position] ~= 1 then
          count[position] = count[position] - 1
          break
        end
        if position == size then return checksum, most end
        count[position] = position
        local head = perm[1]
        for i = 1, position do
          perm[i] = perm[i + 1]
        end
        perm[position + 1] = head
        position = position + 1
      end
    end
  end
end

local checksum, most = fannkuch(n)
print(string.format("checksum %d, most flips %d", checksum, most))
