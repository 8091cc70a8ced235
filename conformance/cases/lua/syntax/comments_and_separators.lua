-- Comments of all kinds, semicolons, and layout that does not matter.
;;; local a = 1; ; local b = 2;;
--[[ long
comment ]] print(a, b) --[==[ another
]] ]==] print("after")
--[ not long
--[=[ x ]=] print("same line")
local c
=
3 print(c)
do ; end
local function f() return; end f()
print(a--[[x]]+--[[y]]b)
