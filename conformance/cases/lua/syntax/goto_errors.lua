-- What goto may not do.
for _, code in ipairs({ "goto a; local x; ::a:: print(x)", "do ::a:: end goto a", "goto a; do ::a:: end", "::a:: do ::a:: end", "function f() goto a end ::a::",
  "goto continue; local a = 1; ::continue:: local b", "repeat if x then goto c end local y ::c:: until y" }) do
  print(select(2, load(code, "=g")))
end
print(load("goto e; local a; ::e::", "=g") ~= nil, load("goto e; local a; ::e:: ; ; ::f::", "=g") ~= nil, load("do goto e; local a; ::e:: end", "=g") ~= nil)
