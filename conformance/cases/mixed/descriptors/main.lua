-- Types that are described by values, and casts to exactly a type.
local shapes = require "shapes"
local circle, square, dot = shapes.circle(1), shapes.square(2), shapes.dot()
for name, shape in pairs { circle = circle, square = square, dot = dot } do
  shapes[name] = shape
end
for _, name in ipairs { "circle", "square", "dot" } do
  local shape = shapes[name]
  print(name, shapes.kind(shape), shapes.is_exactly_shape(shape), shapes.is_shape(shape), pcall(shapes.as_square, shape))
end
-- Nothing else is one; no descriptor is an error.
print(shapes.is_shape({}), shapes.is_shape(nil), pcall(shapes.kind, nil))
print(pcall(shapes.undescribed))
print(shapes.dot_or_nil(dot), shapes.dot_or_nil(square) == nil)
