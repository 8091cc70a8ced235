-- Shortest 14-digit text of floats, and integers beyond it.
for _, value in ipairs({ 0.1, 0.2 + 0.1, 1e15, 123456.789, 1 / 3, 2 / 3 * 1e10, 1e14 + 0.5, 5e-324, 1.7976931348623157e308, 100.0, 1e2, -1.5e-10,
  12345678901234567890, 0.1 + 0.7, 3.0, 1e0, 4.35, 2.675, 1e21, 1e22 }) do
  print(value, tostring(-value))
end
print(string.format("%.17g %.3f %5.1f|%-8.2f|%+d % d %05d", 0.1, 2.0005, 3.14159, 2.5, 5, 7, 42))
print(-0.0, 0.0, 0.0 == -0.0, 1 / -0.0, math.huge, -math.huge)
