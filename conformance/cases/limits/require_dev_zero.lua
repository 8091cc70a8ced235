-- memory: 64M
-- seconds: 20
-- prints: not enough memory
print(pcall(loadfile, "/dev/zero"))
print(pcall(dofile, "/dev/zero"))
print(pcall(wasm.instantiate, "/dev/zero"))
package.path = "/dev/zero"
print(pcall(require, "zero"))
