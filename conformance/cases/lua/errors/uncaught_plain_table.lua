-- An error value without a text, uncaught.
print("before")
error({ code = 3 })
