-- string.format: %f %e %g %a with flags, width and precision.
function pass(...) return ... end
local function try(code) print(pcall(assert(load("return pass(" .. code .. ")", "=try")))) end
print(("%f %.2f %.0f %10.3f|%-10.3f|%+.1f|% .1f|%010.2f"):format(3.14159, 3.14159, 2.5, 3.14159, 3.14159, 2.0, 2.0, -3.14159))
print(("%e %.2e %E %g %g %g %G %.3g %#.3g"):format(12345.678, 12345.678, 0.00012, 100000, 1000000, 1e-5, 1e-10, 1234.5, 1))
print(("%g %g %g %.14g %.17g %.20f"):format(0.1, 1e20, 1 / 3, 0.1, 0.1, 0.1))
print(("%f %g %e"):format(math.huge, -math.huge, math.huge), ("%5.1f|%-8g|"):format(math.huge, math.huge))
print(("%a %A"):format(1, 0.5))
print(("%f"):format(5), ("%g"):format("10"), ("%.3f"):format(2^60), ("%.0f"):format(0.5), ("%.0f"):format(1.5), ("%5.f|"):format(2.4))
try[=[string.format("%f", "x")]=]
try[=[string.format("%f", {})]=]
print(("%.99f"):format(1 / 3):len(), #("%99.99f"):format(-1e308))
