-- A ray tracer of spheres, planes and lights: small vector objects, shapes behind one method, shaders as closures.
local n = tonumber(arg and arg[1]) or 160

local sqrt, floor = math.sqrt, math.floor

local Vec = {}
Vec.__index = Vec
local function vec(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vec) end
function Vec:add(o) return vec(self.x + o.x, self.y + o.y, self.z + o.z) end
function Vec:sub(o) return vec(self.x - o.x, self.y - o.y, self.z - o.z) end
function Vec:scale(f) return vec(self.x * f, self.y * f, self.z * f) end
function Vec:blend(o) return vec(self.x * o.x, self.y * o.y, self.z * o.z) end
function Vec:dot(o) return self.x * o.x + self.y * o.y + self.z * o.z end
function Vec:unit() return self:scale(1 / sqrt(self:dot(self))) end
function Vec:mirror(normal) return self:sub(normal:scale(2 * self:dot(normal))) end

local Sphere = {}
Sphere.__index = Sphere
function Sphere.new(center, radius, shade, shine)
  return setmetatable({ center = center, square = radius * radius, radius = radius, shade = shade, shine = shine }, Sphere)
end
function Sphere:hit(origin, direction)
  local offset = self.center:sub(origin)
  local along = offset:dot(direction)
  if along < 0 then return nil end
  local gap = offset:dot(offset) - along * along
  if gap > self.square then return nil end
  local half = sqrt(self.square - gap)
  if along - half > 1e-6 then return along - half end
  if along + half > 1e-6 then return along + half end
  return nil
end
function Sphere:normal(point) return point:sub(self.center):scale(1 / self.radius) end

local Plane = {}
Plane.__index = Plane
function Plane.new(direction, distance, shade, shine)
  return setmetatable({ direction = direction, distance = distance, shade = shade, shine = shine }, Plane)
end
function Plane:hit(origin, direction)
  local slope = self.direction:dot(direction)
  if slope > -1e-9 then return nil end
  local distance = -(self.direction:dot(origin) + self.distance) / slope
  if distance > 1e-6 then return distance end
  return nil
end
function Plane:normal() return self.direction end

local function plain(color) return function() return color end end
local function checkers(first, second, size)
  return function(point)
    if (floor(point.x / size) + floor(point.z / size)) % 2 == 0 then return first end
    return second
  end
end
local function bands(shader, height)
  return function(point)
    local color = shader(point)
    return color:scale(0.7 + 0.3 * (floor(point.y * height) % 2))
  end
end

local scene = { Plane.new(vec(0, 1, 0), 1, checkers(vec(0.9, 0.9, 0.9), vec(0.2, 0.2, 0.3), 1), 0.2) }
for i = 0, 4 do
  for j = 0, 2 do
    local shade = plain(vec(0.3 + 0.15 * i, 0.9 - 0.2 * j, 0.4 + 0.1 * ((i + j) % 3)))
    if (i + j) % 2 == 0 then shade = bands(shade, 6) end
    scene[#scene + 1] = Sphere.new(vec(i * 1.3 - 2.6, j * 0.9 - 0.5, 5 + j * 1.2 + (i % 2)), 0.5 + 0.05 * j, shade, 0.1 + 0.1 * j)
  end
end
local lights = { { at = vec(-5, 6, -2), power = 0.7 }, { at = vec(4, 3, 0), power = 0.4 } }
local black, sky = vec(0, 0, 0), vec(0.4, 0.5, 0.8)

local function nearest(origin, direction)
  local found, distance
  for i = 1, #scene do
    local at = scene[i]:hit(origin, direction)
    if at and (not distance or at < distance) then
      found, distance = scene[i], at
    end
  end
  return found, distance
end

local function shadowed(point, direction, limit)
  for i = 1, #scene do
    local at = scene[i]:hit(point, direction)
    if at and at < limit then return true end
  end
  return false
end

local function trace(origin, direction, depth)
  local shape, distance = nearest(origin, direction)
  if not shape then return sky:scale(0.6 + 0.4 * direction.y) end
  local point = origin:add(direction:scale(distance))
  local normal = shape:normal(point)
  local color = shape.shade(point)
  local lit = color:scale(0.15)
  for i = 1, #lights do
    local way = lights[i].at:sub(point)
    local reach = sqrt(way:dot(way))
    local toward = way:scale(1 / reach)
    local angle = toward:dot(normal)
    if angle > 0 and not shadowed(point, toward, reach) then
      lit = lit:add(color:scale(angle * lights[i].power))
      local gloss = direction:mirror(normal):dot(toward)
      if gloss > 0.9 then lit = lit:add(vec(1, 1, 1):scale((gloss - 0.9) * 3 * shape.shine)) end
    end
  end
  if depth > 0 and shape.shine > 0 then
    local mirrored = trace(point, direction:mirror(normal), depth - 1)
    lit = lit:scale(1 - shape.shine):add(mirrored:blend(color):scale(shape.shine))
  end
  return lit
end

local eye = vec(0, 0.6, -3)
local hash, brightness = 0, 0
for y = 0, n - 1 do
  for x = 0, n - 1 do
    local direction = vec((x - n / 2) / n, (n / 2 - y) / n, 1):unit()
    local color = trace(eye, direction, 3)
    local level = floor(math.min(color.x, 1) * 63) + floor(math.min(color.y, 1) * 63) * 64 + floor(math.min(color.z, 1) * 63) * 4096
    brightness = brightness + color.x + color.y + color.z
    hash = (hash * 31 + level) % 1000000007
  end
end
print(string.format("raytrace checksum %d, brightness %.4f", hash, brightness))
