-- Values that are missing when packing.
for _, format in ipairs { "i4", "d", "s", "z", "c3", "i4i4", "x", "" } do print(format, pcall(string.pack, format)) end
print(pcall(string.pack, "i4s", 1)) print(pcall(string.pack, "i4i4i4", 1))
