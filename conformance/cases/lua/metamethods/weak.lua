-- Weak keys, weak values and ephemerons.
local weak_values = setmetatable({}, { __mode = "v" })
weak_values[1] = {} weak_values[2] = "string stays" weak_values.x = {} local held = {} weak_values.y = held weak_values[3] = 5
collectgarbage() print(weak_values[1], weak_values[2], weak_values.x, weak_values.y == held, weak_values[3])
local weak_keys = setmetatable({}, { __mode = "k" })
weak_keys[{}] = 1 weak_keys[held] = 2 weak_keys.s = {} weak_keys[1] = {}
collectgarbage() local n = 0 for _ in pairs(weak_keys) do n = n + 1 end print(n, weak_keys[held], type(weak_keys.s))
local ephemeron = setmetatable({}, { __mode = "k" })
do local k = {} ephemeron[k] = { k } local a, b = {}, {} ephemeron[a] = b ephemeron[b] = a end
collectgarbage() print(next(ephemeron))
local chain_start = {} do local k = chain_start for i = 1, 10 do local v = {} ephemeron[k] = v k = v end end
collectgarbage() n = 0 for _ in pairs(ephemeron) do n = n + 1 end print(n)
local both = setmetatable({}, { __mode = "kv" }) both[{}] = {} both[held] = {} both.z = held both[1] = function() end
collectgarbage() n = 0 for _ in pairs(both) do n = n + 1 end print(n, both.z == held)
