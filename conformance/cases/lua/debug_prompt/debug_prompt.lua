-- `debug.debug` runs lines of the standard input until one is `cont`, or there are no more; what goes wrong is only told.
print(debug.debug())
print(seen)
print(io.read("l"))
debug.debug()
print(io.read("n"))
debug.debug()
print("done")
