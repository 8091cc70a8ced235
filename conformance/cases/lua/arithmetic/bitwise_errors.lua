-- Bit operators want integers, or floats with an exact integer value.
local function try(f) print(select(2, pcall(f))) end
local half, big, text, list = 1.5, 2^63, "x", {}
try(function() return half | 1 end)
try(function() return 1 & half end)
try(function() return big ~ 1 end)
try(function() return ~half end)
try(function() return 1 << half end)
try(function() return text | 1 end)
try(function() return list & 1 end)
try(function() return nil >> 1 end)
try(function() return ~list end)
print(2.0 | 1, 2^53 | 0, ~0.0, -1.0 >> 60)
