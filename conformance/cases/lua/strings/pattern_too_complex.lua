-- The matcher has a depth limit and reports it, in place of running for ever.
print(pcall(string.find, string.rep("a", 300000), string.rep("a?", 100000) .. "b"))
