-- What was opened for reading is not written to.
local name = os.tmpname()
local f = assert(io.open(name, "w")) f:write("text") f:close()
f = assert(io.open(name)) local ok, message, code = f:write("more") print(ok, type(message), code) print(f:read("a")) f:close()
ok, message, code = io.stdin:write("more") print(ok, type(message), code)
io.input(name) print(select("#", io.input():write("x"))) io.close(io.input()) os.remove(name)
