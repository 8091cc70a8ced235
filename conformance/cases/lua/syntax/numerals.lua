-- Every form of numeral.
print(0, 00012, 3, 0xff, 0XfF, 0x0, 3.0, 3., .3, 3.1416, 314.16e-2, 0.31416E1, 34e1, 0x0.1E, 0xA23p-4, 0X1.921FB54442D18P+1)
print(9223372036854775807, 9223372036854775808, 0x7fffffffffffffff, 0x8000000000000000, 1e308, 1e309)
print(1//1, 1 ..2, 3 ..4, 0xep1, 0x1P-2)
for _, bad in ipairs({ "3x", "0x", "1e", "1e+", "0x1p", "3..4", "1.2.3", "08a", "0xg", "1__0" }) do
  print(bad, load("return " .. bad, "=n") == nil)
end
