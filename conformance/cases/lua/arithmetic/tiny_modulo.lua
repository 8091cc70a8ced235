-- The sign of a float modulo is right where a product would vanish.
local tiny = 2.0 ^ -1070
print((-5 * tiny) % (3 * tiny) == tiny, (5 * tiny) % (-3 * tiny) == -tiny, (-5 * tiny) % (-3 * tiny) == -2 * tiny, (5 * tiny) % (3 * tiny) == 2 * tiny)
print(-tiny % tiny, tiny % -tiny, -1 % math.huge, 1 % -math.huge, -1 % -math.huge, 5.5 % -2)
