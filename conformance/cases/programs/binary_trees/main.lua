-- Builds and walks many short-lived binary trees beside one long-lived one.
local depth_max = tonumber(arg and arg[1]) or 8

local function build(depth)
  if depth == 0 then return { false, false } end
  return { build(depth - 1), build(depth - 1) }
end

local function count(node)
  local left = node[1]
  if not left then return 1 end
  return 1 + count(left) + count(node[2])
end

local depth_min = 4
local long_lived = build(depth_max)
print(string.format("stretch tree of depth %d, nodes %d", depth_max + 1, count(build(depth_max + 1))))
for depth = depth_min, depth_max, 4 do
  local trees = 2 ^ (depth_max - depth + depth_min)
  local nodes = 0
  for _ = 1, trees do
    nodes = nodes + count(build(depth))
  end
  print(string.format("%d trees of depth %d, nodes %d", trees, depth, nodes))
end
print(string.format("long lived tree of depth %d, nodes %d", depth_max, count(long_lived)))
