return { where = "inner", args = select("#", ...) }
