-- io.write, io.read, io.output, io.input, io.stdout and io.stderr.
io.write("a", 1, 2.5, "\n") print(io.write("") == io.stdout, io.output() == io.stdout, io.input() == io.stdin, io.type(io.stderr), io.read(), io.read("a"), io.read(0)) io.stdout:write("direct", "\n")
local name = os.tmpname() local old = io.output() io.output(name) io.write("to file\nsecond") io.close() io.output(old) io.input(name) print(io.read(), io.read("n"), io.read("a")) io.close(io.input()) print(pcall(io.read)) io.input(io.stdin) for l in io.lines(name) do io.write(l, ";") end print() os.remove(name)
print(pcall(io.write, {})) print(pcall(io.output, "/no/such/dir/x")) print(pcall(io.input, "/no/such/file"))
