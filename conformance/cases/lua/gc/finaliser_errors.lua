-- Finalisers that fail, allocate, yield-free loops, close state at exit.
local done = 0 for i = 1, 100 do setmetatable({}, { __gc = function() done = done + 1 local t = {} for k = 1, 10 do t[k] = { k } end end }) end collectgarbage() collectgarbage() print(done)
local function again() local o = setmetatable({}, { __gc = function(o) done = done + 1 if done < 110 then setmetatable(o, getmetatable(o)) end end }) end again() for i = 1, 20 do collectgarbage() end print(done)
at_exit = setmetatable({}, { __gc = function() print("finalised at exit") end }) print("end of program")
