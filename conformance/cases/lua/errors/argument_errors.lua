-- Wrong arguments to library functions: position, name and number; methods do not count self.
local function try(code) print(select(2, pcall(assert(load("local a, t, s = ... " .. code, "=code")), nil, {}, "str"))) end
try "string.rep()" try "string.rep('x')" try "('x'):rep()" try "('x'):rep({})" try "s:rep(a)" try "string.rep(t, 1)" try "table.concat(5)" try "table.concat({ {} })" try "table.concat({ 1, t, 3 })"
try "table.insert(t, 1, 2, 3)" try "table.insert(t)" try "table.insert(t, 5, 1)" try "table.insert(t, 'x', 1)" try "table.insert(a, 1)" try "table.unpack()" try "table.unpack({}, 1, 1e8)"
try "math.floor('x')" try "math.floor({})" try "math.max()" try "math.random(0, -1)" try "math.random(1, 2, 3)" try "math.abs()" try "math.tointeger()" try "math.fmod(1, 0)" try "math.fmod(1)" try "math.ult(1.5, 2)"
try "setmetatable(1, {})" try "setmetatable({})" try "rawset(1, 2, 3)" try "rawget()" try "rawequal(1)" try "next()" try "next({}, 1)" try "ipairs()" try "select()" try "select('x')" try "tonumber('1', 99)" try "tonumber({}, 10)"
try "s:find()" try "s:gsub('a')" try "s:format(1, 2)" try "('%d'):format('x')" try "('%d'):format(1.5)" try "string.char(-1)" try "s:byte({})" try "utf8.char(-1)" try "utf8.codepoint('x', 9)" try "utf8.len(5, {})" try "utf8.char('x')"
try "coroutine.resume(1)" try "coroutine.wrap(1)" try "coroutine.status()" try "load(5)" try "error()" try "os.time({})" try "os.date(5, {})" try "io.open()" try "io.open('x', 'zz')" try "os.getenv()"
try "collectgarbage('nope')" try "getmetatable()" try "type()" try "tostring()" try "xpcall(1)" try "require()" try "local x <close> = 5" try "for i = 1, 2, 0 do end" try "string.format()" try "io.lines('/no/such/file')"
