-- Chunks of many tokens, with table constructors of many: what is parsed in parts is one program.
local function repeated(count, make, separator)
  local parts = {}
  for i = 1, count do parts[i] = make(i) end
  return table.concat(parts, separator)
end

local function run(source, ...)
  return assert(load(source, "=long"))(...)
end

-- Items of all kinds, separated by both separators, the last of which gives many values.
local items = repeated(1000, function(i)
  if i % 5 == 0 then return ("n%d = %d"):format(i, i) end
  if i % 5 == 1 then return ("[%d + 1] = 'k%d'"):format(i * 10, i) end
  if i % 5 == 2 then return ("function(x) return x + %d, up end"):format(i) end
  return ("%d"):format(i)
end, " ;")
local t = run("local up = 'up' return {" .. items .. ", ...}", "x", "y", nil, "z")
print(#t, t.n5, t.n1000, t[12], t[9962], t[1](10), t[2], t[3])
print(select("#", table.unpack(t, 595, 605)), t[#t], t[#t - 2], t[#t - 3])

-- Long ones in long ones, in arguments and in chains of operators.
local inner = "{" .. repeated(600, function(i) return "{" .. i .. ", {" .. i .. "}}" end, ",") .. ",}"
local outer = run("return {a = " .. inner .. ", b = {x = " .. inner .. "}, " .. inner .. "}, #" .. inner .. " + 1 + #" .. inner
  .. " .. 'z', (select('#', " .. inner .. ", ({" .. items .. "})[2]))")
print(#outer.a, outer.a[600][2][1], #outer.b.x, outer[1][450][1], outer.b.x[1][2][1])
print(select(2, run("return 1, #" .. inner .. " + 1 + #" .. inner .. " .. 'z'")))
print(run("return select('#', " .. inner .. ", ({" .. items:gsub("up", "nil") .. "})[2])"))

-- Many statements: locals, labels, functions and what they share go from part to part.
local source = "local sum, fs = 0, {} goto first ::back:: do return sum, #fs, fs[1](), fs[#fs]() end ::first::\n"
  .. repeated(1200, function(i)
    if i % 3 == 0 then return "do local v = " .. i .. " fs[#fs + 1] = function() sum = sum + v return sum end end" end
    if i % 3 == 1 then return "for i = 1, 2 do if i == 2 then break end sum = sum + " .. i .. " end;" end
    return "sum = sum + ({ " .. i .. " })[1];;"
  end, "\n") .. "\ngoto back"
print(run(source))

-- Errors in them are where they are.
print(load("x = 1\n" .. ("y = 2\n"):rep(3000) .. "z = = 3", "=long"))
print(load("return {\n" .. ("1,\n"):rep(5000) .. "= }", "=long"))
print(pcall(run, "local t = {\n" .. ("1,\n"):rep(5000) .. "a.b.c }"))
print(pcall(run, ("x = 1\n"):rep(3000) .. "nowhere()"))
local info = debug.getinfo(run("local t = {\n" .. ("1,\n"):rep(4000) .. "function()\nend }\nreturn t[#t]"), "S")
print(info.linedefined, info.lastlinedefined)
