-- Order of numbers of both kinds.
print(1 < 2, 2 <= 2, 3 > 4, 3 >= 3, 1 == 1.0, 1 ~= 1, -0.0 == 0.0)
print(1 < 1.1, 1.1 < 1, 1 <= 1.0, -1 < -0.5)
print(2^63 > math.maxinteger, -2^63 >= math.mininteger, 2^64 > math.maxinteger, -2^64 < math.mininteger)
print("1" == 1, 0 == false, nil == false, "" == false)
for _, pair in ipairs({ { 1, 2 }, { 2, 1 }, { 1.5, 1 }, { -1, 1 } }) do
  local a, b = pair[1], pair[2]
  print(a < b, a <= b, a > b, a >= b, not (a < b), not (a > b))
end
