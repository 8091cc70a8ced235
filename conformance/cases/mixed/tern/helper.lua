local helper = {}
function helper.multiply(a, b) return a * b end
function helper.tail(f, ...) return f(...) end
function helper.fail(what) error("failed at the " .. what) end
return helper
