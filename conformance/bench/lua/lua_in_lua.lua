-- A language implementation written in its own language: tokenizer, parser, scope resolver, constant folder, printer,
-- syntax statistics, a verifier of the tree, a tree-walking interpreter and a library, run on a set of guest programs.
-- The guest language is Lua without goto, integer division and bit operators. It stands for large programs: much code,
-- many small functions, tables of functions, long chains of elseif, strings and recursion.
local rounds = tonumber(arg and arg[1]) or 5

local unpack = table.unpack or unpack
local floor = math.floor
local byte, char, sub, format, rep = string.byte, string.char, string.sub, string.format, string.rep
local concat, insert, remove, sort = table.concat, table.insert, table.remove, table.sort

--------------------------------------------------------------------------------------------------------------------
-- Errors
--------------------------------------------------------------------------------------------------------------------

local function fail(source, line, message, ...)
  if select("#", ...) > 0 then
    message = format(message, ...)
  end
  error({ source = source, line = line, message = message }, 0)
end

local function describe_error(problem)
  if type(problem) == "table" and problem.message then
    return format("%s:%d: %s", problem.source, problem.line, problem.message)
  end
  return tostring(problem)
end

--------------------------------------------------------------------------------------------------------------------
-- Tokenizer
--------------------------------------------------------------------------------------------------------------------

local Lexer = {}
Lexer.__index = Lexer

local KEYWORDS = {}
for word in ("and break do else elseif end false for function if in local nil not or repeat return then true until while"):gmatch("%a+") do
  KEYWORDS[word] = true
end

local IS_SPACE, IS_DIGIT, IS_NAME_START, IS_NAME, IS_HEX = {}, {}, {}, {}, {}
for code = 0, 255 do
  local c = char(code)
  IS_SPACE[code] = c == " " or c == "\t" or c == "\r" or c == "\f" or c == "\v"
  IS_DIGIT[code] = c >= "0" and c <= "9"
  IS_NAME_START[code] = (c >= "a" and c <= "z") or (c >= "A" and c <= "Z") or c == "_"
  IS_NAME[code] = IS_NAME_START[code] or IS_DIGIT[code]
  IS_HEX[code] = IS_DIGIT[code] or (c >= "a" and c <= "f") or (c >= "A" and c <= "F")
end

local SIMPLE_ESCAPES = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v", ["\\"] = "\\", ['"'] = '"', ["'"] = "'", ["\n"] = "\n" }

function Lexer.new(source, text)
  return setmetatable({ source = source, text = text, position = 1, line = 1, kinds = {}, values = {}, lines = {}, count = 0 }, Lexer)
end

function Lexer:add(kind, value)
  local count = self.count + 1
  self.kinds[count] = kind
  self.values[count] = value
  self.lines[count] = self.line
  self.count = count
end

function Lexer:fail(message, ...)
  fail(self.source, self.line, message, ...)
end

-- The level of a long bracket that opens at the position, and where its text begins; nil when there is none.
function Lexer:long_bracket(position)
  local text = self.text
  local level = 0
  local at = position + 1
  while byte(text, at) == 61 do
    level = level + 1
    at = at + 1
  end
  if byte(text, at) == 91 then
    return level, at + 1
  end
  return nil
end

function Lexer:read_long(level, start)
  local text = self.text
  local close = "]" .. rep("=", level) .. "]"
  local first, last = text:find(close, start, true)
  if not first then
    self:fail("unfinished long bracket")
  end
  local body = sub(text, start, first - 1)
  local _, breaks = body:gsub("\n", "\n")
  self.line = self.line + breaks
  self.position = last + 1
  if byte(body, 1) == 10 then
    body = sub(body, 2)
  end
  return body
end

function Lexer:read_comment(position)
  local text = self.text
  if byte(text, position + 2) == 91 then
    local level, start = self:long_bracket(position + 2)
    if level then
      self:read_long(level, start)
      return
    end
  end
  local stop = text:find("\n", position, true)
  self.position = stop or #text + 1
end

function Lexer:read_name(position)
  local text = self.text
  local stop = position + 1
  while IS_NAME[byte(text, stop) or 0] do
    stop = stop + 1
  end
  local name = sub(text, position, stop - 1)
  self.position = stop
  if KEYWORDS[name] then
    self:add(name, name)
  else
    self:add("name", name)
  end
end

function Lexer:read_number(position)
  local text = self.text
  local stop = position
  if byte(text, position) == 48 and (byte(text, position + 1) == 120 or byte(text, position + 1) == 88) then
    stop = position + 2
    while IS_HEX[byte(text, stop) or 0] do
      stop = stop + 1
    end
  else
    while IS_DIGIT[byte(text, stop) or 0] do
      stop = stop + 1
    end
    if byte(text, stop) == 46 then
      stop = stop + 1
      while IS_DIGIT[byte(text, stop) or 0] do
        stop = stop + 1
      end
    end
    local exponent = byte(text, stop)
    if exponent == 101 or exponent == 69 then
      stop = stop + 1
      local sign = byte(text, stop)
      if sign == 43 or sign == 45 then
        stop = stop + 1
      end
      while IS_DIGIT[byte(text, stop) or 0] do
        stop = stop + 1
      end
    end
  end
  local value = tonumber(sub(text, position, stop - 1))
  if not value or IS_NAME[byte(text, stop) or 0] then
    self:fail("malformed number near '%s'", sub(text, position, stop))
  end
  self.position = stop
  self:add("number", value)
end

function Lexer:read_escape(position, parts)
  local text = self.text
  local letter = sub(text, position, position)
  local simple = SIMPLE_ESCAPES[letter]
  if simple then
    if letter == "\n" then
      self.line = self.line + 1
    end
    parts[#parts + 1] = simple
    return position + 1
  end
  if letter == "x" then
    local digits = text:match("^%x%x", position + 1)
    if not digits then
      self:fail("hexadecimal digit expected")
    end
    parts[#parts + 1] = char(tonumber(digits, 16))
    return position + 3
  end
  local digits = text:match("^%d%d?%d?", position)
  if not digits then
    self:fail("invalid escape sequence '\\%s'", letter)
  end
  local code = tonumber(digits)
  if code > 255 then
    self:fail("decimal escape too large")
  end
  parts[#parts + 1] = char(code)
  return position + #digits
end

function Lexer:read_string(position)
  local text = self.text
  local quote = byte(text, position)
  local parts = {}
  local start = position + 1
  local at = start
  while true do
    local code = byte(text, at)
    if not code or code == 10 then
      self:fail("unfinished string")
    elseif code == quote then
      parts[#parts + 1] = sub(text, start, at - 1)
      break
    elseif code == 92 then
      parts[#parts + 1] = sub(text, start, at - 1)
      at = self:read_escape(at + 1, parts)
      start = at
    else
      at = at + 1
    end
  end
  self.position = at + 1
  self:add("string", concat(parts))
end

local TWO_LETTER = { ["=="] = true, ["~="] = true, ["<="] = true, [">="] = true, [".."] = true }
local ONE_LETTER = {}
for c in ("+-*/%^#<>=(){}[];:,."):gmatch(".") do
  ONE_LETTER[c] = true
end

function Lexer:read_operator(position)
  local text = self.text
  if sub(text, position, position + 2) == "..." then
    self.position = position + 3
    return self:add("...", "...")
  end
  local two = sub(text, position, position + 1)
  if TWO_LETTER[two] then
    self.position = position + 2
    return self:add(two, two)
  end
  local one = sub(text, position, position)
  if ONE_LETTER[one] then
    self.position = position + 1
    return self:add(one, one)
  end
  self:fail("unexpected symbol near '%s'", one)
end

function Lexer:run()
  local text = self.text
  while true do
    local position = self.position
    local code = byte(text, position)
    if not code then
      break
    elseif code == 10 then
      self.line = self.line + 1
      self.position = position + 1
    elseif IS_SPACE[code] then
      self.position = position + 1
    elseif IS_NAME_START[code] then
      self:read_name(position)
    elseif IS_DIGIT[code] or (code == 46 and IS_DIGIT[byte(text, position + 1) or 0]) then
      self:read_number(position)
    elseif code == 34 or code == 39 then
      self:read_string(position)
    elseif code == 45 and byte(text, position + 1) == 45 then
      self:read_comment(position)
    elseif code == 91 then
      local level, start = self:long_bracket(position)
      if level then
        self:add("string", self:read_long(level, start))
      else
        self:read_operator(position)
      end
    else
      self:read_operator(position)
    end
  end
  self:add("eof", "<eof>")
  return self
end

--------------------------------------------------------------------------------------------------------------------
-- Parser
--------------------------------------------------------------------------------------------------------------------

local Parser = {}
Parser.__index = Parser

local BINARY = {
  ["or"] = { 1, 1 }, ["and"] = { 2, 2 },
  ["<"] = { 3, 3 }, [">"] = { 3, 3 }, ["<="] = { 3, 3 }, [">="] = { 3, 3 }, ["~="] = { 3, 3 }, ["=="] = { 3, 3 },
  [".."] = { 9, 8 }, ["+"] = { 10, 10 }, ["-"] = { 10, 10 },
  ["*"] = { 11, 11 }, ["/"] = { 11, 11 }, ["%"] = { 11, 11 }, ["^"] = { 14, 13 },
}
local UNARY_PRIORITY = 12
local UNARY = { ["not"] = true, ["-"] = true, ["#"] = true }
local BLOCK_END = { ["eof"] = true, ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true }

function Parser.new(source, text)
  local tokens = Lexer.new(source, text):run()
  return setmetatable({
    source = source, kinds = tokens.kinds, values = tokens.values, lines = tokens.lines,
    position = 1, kind = tokens.kinds[1], vararg = { true }, loops = { 0 },
  }, Parser)
end

function Parser:advance()
  local position = self.position + 1
  self.position = position
  self.kind = self.kinds[position]
end

function Parser:line()
  return self.lines[self.position]
end

function Parser:fail(message, ...)
  fail(self.source, self:line(), message, ...)
end

function Parser:accept(kind)
  if self.kind == kind then
    self:advance()
    return true
  end
  return false
end

function Parser:expect(kind)
  if self.kind ~= kind then
    self:fail("'%s' expected near '%s'", kind, tostring(self.values[self.position]))
  end
  local value = self.values[self.position]
  self:advance()
  return value
end

function Parser:expect_match(what, who, line)
  if self.kind ~= what then
    if line == self:line() then
      self:fail("'%s' expected near '%s'", what, tostring(self.values[self.position]))
    end
    self:fail("'%s' expected (to close '%s' at line %d)", what, who, line)
  end
  self:advance()
end

function Parser:block()
  local list = {}
  local block = { tag = "Block", list = list, line = self:line() }
  while not BLOCK_END[self.kind] do
    if self.kind == "return" then
      list[#list + 1] = self:return_statement()
      break
    end
    local statement = self:statement()
    if statement then
      list[#list + 1] = statement
    end
  end
  return block
end

function Parser:return_statement()
  local line = self:line()
  self:advance()
  local values = {}
  if not BLOCK_END[self.kind] and self.kind ~= ";" then
    values = self:expression_list()
  end
  self:accept(";")
  if not BLOCK_END[self.kind] then
    self:fail("'return' must be the last statement")
  end
  return { tag = "Return", values = values, line = line }
end

local statements = {}

function Parser:statement()
  local handler = statements[self.kind]
  if handler then
    return handler(self, self:line())
  end
  return self:expression_statement()
end

statements[";"] = function(self)
  self:advance()
  return nil
end

statements["if"] = function(self, line)
  local node = { tag = "If", conditions = {}, blocks = {}, line = line }
  repeat
    self:advance()
    node.conditions[#node.conditions + 1] = self:expression()
    self:expect("then")
    node.blocks[#node.blocks + 1] = self:block()
  until self.kind ~= "elseif"
  if self:accept("else") then
    node.otherwise = self:block()
  end
  self:expect_match("end", "if", line)
  return node
end

function Parser:loop_body()
  local loops = self.loops
  loops[#loops] = loops[#loops] + 1
  local block = self:block()
  loops[#loops] = loops[#loops] - 1
  return block
end

statements["while"] = function(self, line)
  self:advance()
  local condition = self:expression()
  self:expect("do")
  local body = self:loop_body()
  self:expect_match("end", "while", line)
  return { tag = "While", condition = condition, body = body, line = line }
end

statements["do"] = function(self, line)
  self:advance()
  local body = self:block()
  self:expect_match("end", "do", line)
  return { tag = "Do", body = body, line = line }
end

statements["repeat"] = function(self, line)
  self:advance()
  local body = self:loop_body()
  self:expect_match("until", "repeat", line)
  return { tag = "Repeat", body = body, condition = self:expression(), line = line }
end

statements["break"] = function(self, line)
  if self.loops[#self.loops] == 0 then
    self:fail("break outside loop")
  end
  self:advance()
  return { tag = "Break", line = line }
end

function Parser:numeric_for(name, line)
  self:advance()
  local first = self:expression()
  self:expect(",")
  local last = self:expression()
  local step
  if self:accept(",") then
    step = self:expression()
  end
  self:expect("do")
  local body = self:loop_body()
  self:expect_match("end", "for", line)
  return { tag = "NumericFor", name = name, first = first, last = last, step = step, body = body, line = line }
end

function Parser:generic_for(name, line)
  local names = { name }
  while self:accept(",") do
    names[#names + 1] = self:expect("name")
  end
  self:expect("in")
  local values = self:expression_list()
  self:expect("do")
  local body = self:loop_body()
  self:expect_match("end", "for", line)
  return { tag = "GenericFor", names = names, values = values, body = body, line = line }
end

statements["for"] = function(self, line)
  self:advance()
  local name = self:expect("name")
  if self.kind == "=" then
    return self:numeric_for(name, line)
  elseif self.kind == "," or self.kind == "in" then
    return self:generic_for(name, line)
  end
  self:fail("'=' or 'in' expected")
end

statements["function"] = function(self, line)
  self:advance()
  local target = { tag = "Name", name = self:expect("name"), line = line }
  local title = target.name
  local method = false
  while self.kind == "." or self.kind == ":" do
    method = self.kind == ":"
    self:advance()
    local key = self:expect("name")
    title = title .. (method and ":" or ".") .. key
    target = { tag = "Index", object = target, key = { tag = "String", value = key, line = line }, line = line }
    if method then
      break
    end
  end
  return { tag = "FunctionStatement", target = target, value = self:function_body(method, title, line), line = line }
end

statements["local"] = function(self, line)
  self:advance()
  if self:accept("function") then
    local name = self:expect("name")
    return { tag = "LocalFunction", name = name, value = self:function_body(false, name, line), line = line }
  end
  local names = {}
  repeat
    names[#names + 1] = self:expect("name")
  until not self:accept(",")
  local values = {}
  if self:accept("=") then
    values = self:expression_list()
  end
  return { tag = "Local", names = names, values = values, line = line }
end

function Parser:expression_statement()
  local line = self:line()
  local expression = self:suffixed()
  if self.kind == "=" or self.kind == "," then
    local targets = { expression }
    while self:accept(",") do
      targets[#targets + 1] = self:suffixed()
    end
    for i = 1, #targets do
      local tag = targets[i].tag
      if tag ~= "Name" and tag ~= "Index" then
        self:fail("cannot assign to this expression")
      end
    end
    self:expect("=")
    return { tag = "Assign", targets = targets, values = self:expression_list(), line = line }
  end
  if expression.tag ~= "Call" and expression.tag ~= "MethodCall" then
    self:fail("syntax error near '%s'", tostring(self.values[self.position]))
  end
  return { tag = "CallStatement", call = expression, line = line }
end

function Parser:expression_list()
  local list = { self:expression() }
  while self:accept(",") do
    list[#list + 1] = self:expression()
  end
  return list
end

function Parser:primary()
  local line = self:line()
  if self.kind == "name" then
    return { tag = "Name", name = self:expect("name"), line = line }
  elseif self.kind == "(" then
    self:advance()
    local inner = self:expression()
    self:expect_match(")", "(", line)
    return { tag = "Paren", inner = inner, line = line }
  end
  self:fail("unexpected symbol near '%s'", tostring(self.values[self.position]))
end

function Parser:arguments()
  local line = self:line()
  if self.kind == "string" then
    return { { tag = "String", value = self:expect("string"), line = line } }
  elseif self.kind == "{" then
    return { self:table_constructor() }
  end
  self:expect("(")
  local list = {}
  if self.kind ~= ")" then
    list = self:expression_list()
  end
  self:expect_match(")", "(", line)
  return list
end

function Parser:suffixed()
  local node = self:primary()
  while true do
    local line = self:line()
    local kind = self.kind
    if kind == "." then
      self:advance()
      node = { tag = "Index", object = node, key = { tag = "String", value = self:expect("name"), line = line }, line = line }
    elseif kind == "[" then
      self:advance()
      node = { tag = "Index", object = node, key = self:expression(), line = line }
      self:expect_match("]", "[", line)
    elseif kind == ":" then
      self:advance()
      local name = self:expect("name")
      node = { tag = "MethodCall", object = node, name = name, arguments = self:arguments(), line = line }
    elseif kind == "(" or kind == "string" or kind == "{" then
      node = { tag = "Call", callee = node, arguments = self:arguments(), line = line }
    else
      return node
    end
  end
end

function Parser:table_constructor()
  local line = self:line()
  local node = { tag = "Table", items = {}, line = line }
  self:expect("{")
  while self.kind ~= "}" do
    local item = { line = self:line() }
    if self.kind == "[" then
      self:advance()
      item.kind = "pair"
      item.key = self:expression()
      self:expect("]")
      self:expect("=")
      item.value = self:expression()
    elseif self.kind == "name" and self.kinds[self.position + 1] == "=" then
      item.kind = "pair"
      item.key = { tag = "String", value = self:expect("name"), line = item.line }
      self:advance()
      item.value = self:expression()
    else
      item.kind = "item"
      item.value = self:expression()
    end
    node.items[#node.items + 1] = item
    if not self:accept(",") and not self:accept(";") then
      break
    end
  end
  self:expect_match("}", "{", line)
  return node
end

function Parser:function_body(method, title, line)
  local parameters, vararg = {}, false
  if method then
    parameters[1] = "self"
  end
  self:expect("(")
  if self.kind ~= ")" then
    repeat
      if self:accept("...") then
        vararg = true
        break
      end
      parameters[#parameters + 1] = self:expect("name")
    until not self:accept(",")
  end
  self:expect(")")
  self.vararg[#self.vararg + 1] = vararg
  self.loops[#self.loops + 1] = 0
  local body = self:block()
  remove(self.vararg)
  remove(self.loops)
  self:expect_match("end", "function", line)
  return { tag = "Function", title = title or "anonymous", parameters = parameters, vararg = vararg, method = method, body = body, line = line }
end

local simple = {
  ["nil"] = function(self, line) self:advance() return { tag = "Nil", line = line } end,
  ["true"] = function(self, line) self:advance() return { tag = "True", line = line } end,
  ["false"] = function(self, line) self:advance() return { tag = "False", line = line } end,
  ["number"] = function(self, line) return { tag = "Number", value = self:expect("number"), line = line } end,
  ["string"] = function(self, line) return { tag = "String", value = self:expect("string"), line = line } end,
  ["{"] = function(self) return self:table_constructor() end,
  ["function"] = function(self, line) self:advance() return self:function_body(false, nil, line) end,
  ["..."] = function(self, line)
    if not self.vararg[#self.vararg] then
      self:fail("cannot use '...' outside a vararg function")
    end
    self:advance()
    return { tag = "Vararg", line = line }
  end,
}

function Parser:expression(limit)
  limit = limit or 0
  local line = self:line()
  local left
  if UNARY[self.kind] then
    local operator = self.kind
    self:advance()
    left = { tag = "Unary", operator = operator, operand = self:expression(UNARY_PRIORITY), line = line }
  else
    local handler = simple[self.kind]
    if handler then
      left = handler(self, line)
    else
      left = self:suffixed()
    end
  end
  local priority = BINARY[self.kind]
  while priority and priority[1] > limit do
    local operator = self.kind
    local operator_line = self:line()
    self:advance()
    local right = self:expression(priority[2])
    if operator == "and" or operator == "or" then
      left = { tag = "Logical", operator = operator, left = left, right = right, line = operator_line }
    else
      left = { tag = "Binary", operator = operator, left = left, right = right, line = operator_line }
    end
    priority = BINARY[self.kind]
  end
  return left
end

function Parser:chunk()
  local body = self:block()
  if self.kind ~= "eof" then
    self:fail("'<eof>' expected near '%s'", tostring(self.values[self.position]))
  end
  return { tag = "Function", title = "main chunk", parameters = {}, vararg = true, method = false, body = body, line = 0 }
end

local function parse(source, text)
  return Parser.new(source, text):chunk()
end

--------------------------------------------------------------------------------------------------------------------
-- Walking a tree: the children of each kind of node, stated once
--------------------------------------------------------------------------------------------------------------------

local CHILDREN = {
  Block = { "*list" }, Return = { "*values" }, If = { "*conditions", "*blocks", "otherwise" }, While = { "condition", "body" },
  Do = { "body" }, Repeat = { "body", "condition" }, Break = {}, NumericFor = { "first", "last", "step", "body" },
  GenericFor = { "*values", "body" }, FunctionStatement = { "target", "value" }, LocalFunction = { "value" },
  Local = { "*values" }, Assign = { "*targets", "*values" }, CallStatement = { "call" }, Name = {}, Paren = { "inner" },
  Index = { "object", "key" }, Call = { "callee", "*arguments" }, MethodCall = { "object", "*arguments" }, Function = { "body" },
  Nil = {}, True = {}, False = {}, Number = {}, String = {}, Vararg = {}, Unary = { "operand" }, Binary = { "left", "right" },
  Logical = { "left", "right" }, Table = { "+items" },
}

local PLAN = {}
for tag, fields in pairs(CHILDREN) do
  local plan = {}
  for i = 1, #fields do
    local mark = sub(fields[i], 1, 1)
    if mark == "*" then
      plan[i] = { "list", sub(fields[i], 2) }
    elseif mark == "+" then
      plan[i] = { "items", sub(fields[i], 2) }
    else
      plan[i] = { "one", fields[i] }
    end
  end
  PLAN[tag] = plan
end

-- Calls visit(child, depth) for every child of the node, in order.
local function each_child(node, visit, depth)
  local plan = PLAN[node.tag]
  for i = 1, #plan do
    local kind, field = plan[i][1], plan[i][2]
    local value = node[field]
    if kind == "one" then
      if value then
        visit(value, depth)
      end
    elseif kind == "list" then
      for k = 1, #value do
        visit(value[k], depth)
      end
    else
      for k = 1, #value do
        if value[k].key then
          visit(value[k].key, depth)
        end
        visit(value[k].value, depth)
      end
    end
  end
end

local function statistics(tree)
  local counts, deepest, total = {}, 0, 0
  local function visit(node, depth)
    counts[node.tag] = (counts[node.tag] or 0) + 1
    total = total + 1
    if depth > deepest then
      deepest = depth
    end
    each_child(node, visit, depth + 1)
  end
  visit(tree, 1)
  local names = {}
  for name in pairs(counts) do
    names[#names + 1] = name
  end
  sort(names, function(a, b)
    if counts[a] ~= counts[b] then
      return counts[a] > counts[b]
    end
    return a < b
  end)
  local text = {}
  for i = 1, math.min(4, #names) do
    text[i] = names[i] .. "=" .. counts[names[i]]
  end
  return total, deepest, concat(text, " ")
end

--------------------------------------------------------------------------------------------------------------------
-- Constant folding
--------------------------------------------------------------------------------------------------------------------

local Folder = { folded = 0 }

local function constant_of(node)
  local tag = node.tag
  if tag == "Number" or tag == "String" then
    return true, node.value
  elseif tag == "True" then
    return true, true
  elseif tag == "False" then
    return true, false
  elseif tag == "Nil" then
    return true, nil
  end
  return false
end

local function constant_node(value, line)
  local kind = type(value)
  if kind == "number" then
    return { tag = "Number", value = value, line = line }
  elseif kind == "string" then
    return { tag = "String", value = value, line = line }
  elseif kind == "boolean" then
    return { tag = value and "True" or "False", line = line }
  end
  return { tag = "Nil", line = line }
end

local FOLD_NUMBERS = {
  ["+"] = function(a, b) return a + b end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["/"] = function(a, b) if b ~= 0 then return a / b end end,
  ["%"] = function(a, b) if b ~= 0 then return a % b end end,
  ["<"] = function(a, b) return a < b end,
  [">"] = function(a, b) return a > b end,
  ["<="] = function(a, b) return a <= b end,
  [">="] = function(a, b) return a >= b end,
}

function Folder.expression(node)
  local rule = Folder[node.tag]
  if rule then
    return rule(node)
  end
  Folder.children(node)
  return node
end

function Folder.list(list)
  for i = 1, #list do
    list[i] = Folder.expression(list[i])
  end
end

function Folder.children(node)
  local plan = PLAN[node.tag]
  for i = 1, #plan do
    local kind, field = plan[i][1], plan[i][2]
    local value = node[field]
    if kind == "one" then
      if value then
        node[field] = Folder.expression(value)
      end
    elseif kind == "list" then
      Folder.list(value)
    else
      for k = 1, #value do
        local item = value[k]
        if item.key then
          item.key = Folder.expression(item.key)
        end
        item.value = Folder.expression(item.value)
      end
    end
  end
end

function Folder.Binary(node)
  node.left = Folder.expression(node.left)
  node.right = Folder.expression(node.right)
  local left_known, left = constant_of(node.left)
  local right_known, right = constant_of(node.right)
  if left_known and right_known then
    local result
    if type(left) == "number" and type(right) == "number" then
      local rule = FOLD_NUMBERS[node.operator]
      if rule then
        result = rule(left, right)
      end
    elseif type(left) == "string" and type(right) == "string" and node.operator == ".." then
      result = left .. right
    end
    if result ~= nil then
      Folder.folded = Folder.folded + 1
      return constant_node(result, node.line)
    end
  end
  return node
end

function Folder.Unary(node)
  node.operand = Folder.expression(node.operand)
  local known, value = constant_of(node.operand)
  if known then
    if node.operator == "not" then
      Folder.folded = Folder.folded + 1
      return constant_node(not value, node.line)
    elseif node.operator == "-" and type(value) == "number" then
      Folder.folded = Folder.folded + 1
      return constant_node(-value, node.line)
    elseif node.operator == "#" and type(value) == "string" then
      Folder.folded = Folder.folded + 1
      return constant_node(#value, node.line)
    end
  end
  return node
end

function Folder.Logical(node)
  node.left = Folder.expression(node.left)
  node.right = Folder.expression(node.right)
  local known, value = constant_of(node.left)
  if known then
    Folder.folded = Folder.folded + 1
    if node.operator == "and" then
      return value and { tag = "Paren", inner = node.right, line = node.line } or node.left
    end
    return value and node.left or { tag = "Paren", inner = node.right, line = node.line }
  end
  return node
end

function Folder.Paren(node)
  node.inner = Folder.expression(node.inner)
  local known = constant_of(node.inner)
  if known then
    Folder.folded = Folder.folded + 1
    return node.inner
  end
  return node
end

function Folder.If(node)
  Folder.children(node)
  local conditions, blocks = {}, {}
  for i = 1, #node.conditions do
    local known, value = constant_of(node.conditions[i])
    if known and value then
      node.otherwise = node.blocks[i]
      Folder.folded = Folder.folded + 1
      break
    elseif known then
      Folder.folded = Folder.folded + 1
    else
      conditions[#conditions + 1] = node.conditions[i]
      blocks[#blocks + 1] = node.blocks[i]
    end
  end
  if #conditions == 0 then
    return { tag = "Do", body = node.otherwise or { tag = "Block", list = {}, line = node.line }, line = node.line }
  end
  node.conditions, node.blocks = conditions, blocks
  return node
end

--------------------------------------------------------------------------------------------------------------------
-- Scopes: every name becomes a slot of its function, a captured variable or a global
--------------------------------------------------------------------------------------------------------------------

local Resolver = {}
Resolver.__index = Resolver

local function new_function_state(parent)
  return { parent = parent, scopes = {}, slots = 0, upvalues = {}, upvalue_index = {} }
end

local function resolver_new(source)
  return setmetatable({ source = source, state = nil, globals = {}, locals = 0, captured = 0 }, Resolver)
end

function Resolver:open()
  insert(self.state.scopes, {})
end

function Resolver:close()
  remove(self.state.scopes)
end

function Resolver:declare(name)
  local state = self.state
  state.slots = state.slots + 1
  local variable = { name = name, slot = state.slots, captured = false }
  state.scopes[#state.scopes][name] = variable
  self.locals = self.locals + 1
  return variable
end

local function find_local(state, name)
  for i = #state.scopes, 1, -1 do
    local variable = state.scopes[i][name]
    if variable then
      return variable
    end
  end
end

-- The index of the upvalue that holds `name` in `state`, or nil when no enclosing function declares it.
function Resolver:find_upvalue(state, name)
  local known = state.upvalue_index[name]
  if known and known.variable == self:visible_outside(state, name) then
    return known.index
  end
  local parent = state.parent
  if not parent then
    return nil
  end
  local variable = find_local(parent, name)
  local entry
  if variable then
    if not variable.captured then
      variable.captured = true
      self.captured = self.captured + 1
    end
    entry = { from_parent_local = true, variable = variable }
  else
    local index = self:find_upvalue(parent, name)
    if not index then
      return nil
    end
    entry = { from_parent_local = false, parent_index = index, variable = parent.upvalues[index].variable }
  end
  insert(state.upvalues, entry)
  entry.index = #state.upvalues
  state.upvalue_index[name] = entry
  return entry.index
end

function Resolver:visible_outside(state, name)
  local outer = state.parent
  while outer do
    local variable = find_local(outer, name)
    if variable then
      return variable
    end
    outer = outer.parent
  end
end

local resolve = {}

function Resolver:node(node)
  local rule = resolve[node.tag]
  if rule then
    rule(self, node)
  else
    local visit = self.visit
    each_child(node, visit, self)
  end
end

function Resolver.visit(node, self)
  self:node(node)
end

function Resolver:list(list)
  for i = 1, #list do
    self:node(list[i])
  end
end

function resolve.Name(self, node)
  local variable = find_local(self.state, node.name)
  if variable then
    node.variable = variable
    return
  end
  local index = self:find_upvalue(self.state, node.name)
  if index then
    node.upvalue = index
  else
    self.globals[node.name] = (self.globals[node.name] or 0) + 1
  end
end

function resolve.Block(self, node)
  self:open()
  self:list(node.list)
  self:close()
end

function resolve.Local(self, node)
  self:list(node.values)
  node.variables = {}
  for i = 1, #node.names do
    node.variables[i] = self:declare(node.names[i])
  end
end

function resolve.LocalFunction(self, node)
  node.variable = self:declare(node.name)
  self:node(node.value)
end

function resolve.Repeat(self, node)
  self:open()
  self:list(node.body.list)
  self:node(node.condition)
  self:close()
end

function resolve.NumericFor(self, node)
  self:node(node.first)
  self:node(node.last)
  if node.step then
    self:node(node.step)
  end
  self:open()
  node.variable = self:declare(node.name)
  self:node(node.body)
  self:close()
end

function resolve.GenericFor(self, node)
  self:list(node.values)
  self:open()
  node.variables = {}
  for i = 1, #node.names do
    node.variables[i] = self:declare(node.names[i])
  end
  self:node(node.body)
  self:close()
end

function resolve.Function(self, node)
  local state = new_function_state(self.state)
  self.state = state
  self:open()
  node.variables = {}
  for i = 1, #node.parameters do
    node.variables[i] = self:declare(node.parameters[i])
  end
  self:node(node.body)
  self:close()
  node.slots = state.slots
  node.upvalues = state.upvalues
  self.state = state.parent
end

local function resolve_tree(source, tree)
  local resolver = resolver_new(source)
  resolver:node(tree)
  return resolver
end

--------------------------------------------------------------------------------------------------------------------
-- Printing a tree as source text
--------------------------------------------------------------------------------------------------------------------

local Printer = {}
Printer.__index = Printer

local printer_rules = {}

function Printer.new()
  return setmetatable({ out = {}, depth = 0 }, Printer)
end

function Printer:write(...)
  local out = self.out
  for i = 1, select("#", ...) do
    out[#out + 1] = (select(i, ...))
  end
end

function Printer:line(...)
  self:write(rep("  ", self.depth), ...)
  self:write("\n")
end

function Printer:node(node)
  return printer_rules[node.tag](self, node)
end

function Printer:text(node)
  return printer_rules[node.tag](self, node)
end

function Printer:texts(list)
  local parts = {}
  for i = 1, #list do
    parts[i] = self:text(list[i])
  end
  return concat(parts, ", ")
end

function Printer:nested(block)
  self.depth = self.depth + 1
  self:node(block)
  self.depth = self.depth - 1
end

local function quoted(text)
  local body = text:gsub("[%c\"\\]", function(c)
    if c == "\n" then
      return "\\n"
    elseif c == '"' then
      return '\\"'
    elseif c == "\\" then
      return "\\\\"
    end
    return format("\\%03d", byte(c))
  end)
  return '"' .. body .. '"'
end

local function number_text(value)
  if value % 1 == 0 and value > -1e15 and value < 1e15 then
    return format("%.0f", value)
  end
  return format("%.17g", value)
end

function printer_rules.Block(self, node)
  for i = 1, #node.list do
    self:node(node.list[i])
  end
end

function printer_rules.Return(self, node)
  if #node.values == 0 then
    self:line("return")
  else
    self:line("return ", self:texts(node.values))
  end
end

function printer_rules.If(self, node)
  for i = 1, #node.conditions do
    self:line(i == 1 and "if " or "elseif ", self:text(node.conditions[i]), " then")
    self:nested(node.blocks[i])
  end
  if node.otherwise then
    self:line("else")
    self:nested(node.otherwise)
  end
  self:line("end")
end

function printer_rules.While(self, node)
  self:line("while ", self:text(node.condition), " do")
  self:nested(node.body)
  self:line("end")
end

function printer_rules.Do(self, node)
  self:line("do")
  self:nested(node.body)
  self:line("end")
end

function printer_rules.Repeat(self, node)
  self:line("repeat")
  self:nested(node.body)
  self:line("until ", self:text(node.condition))
end

function printer_rules.Break(self)
  self:line("break")
end

function printer_rules.NumericFor(self, node)
  local step = node.step and ", " .. self:text(node.step) or ""
  self:line("for ", node.name, " = ", self:text(node.first), ", ", self:text(node.last), step, " do")
  self:nested(node.body)
  self:line("end")
end

function printer_rules.GenericFor(self, node)
  self:line("for ", concat(node.names, ", "), " in ", self:texts(node.values), " do")
  self:nested(node.body)
  self:line("end")
end

local function function_text(self, node, head, skip)
  local parameters = {}
  for i = skip and 2 or 1, #node.parameters do
    parameters[#parameters + 1] = node.parameters[i]
  end
  if node.vararg then
    parameters[#parameters + 1] = "..."
  end
  local inner = Printer.new()
  inner.depth = self.depth + 1
  inner:node(node.body)
  return head .. "(" .. concat(parameters, ", ") .. ")\n" .. concat(inner.out) .. rep("  ", self.depth) .. "end"
end

function printer_rules.FunctionStatement(self, node)
  local target = node.target
  local name
  if node.value.method then
    name = self:text(target.object) .. ":" .. target.key.value
  else
    name = self:text(target)
  end
  self:line(function_text(self, node.value, "function " .. name, node.value.method))
end

function printer_rules.LocalFunction(self, node)
  self:line(function_text(self, node.value, "local function " .. node.name, false))
end

function printer_rules.Local(self, node)
  if #node.values == 0 then
    self:line("local ", concat(node.names, ", "))
  else
    self:line("local ", concat(node.names, ", "), " = ", self:texts(node.values))
  end
end

function printer_rules.Assign(self, node)
  self:line(self:texts(node.targets), " = ", self:texts(node.values))
end

function printer_rules.CallStatement(self, node)
  self:line(self:text(node.call))
end

function printer_rules.Name(_, node)
  return node.name
end

function printer_rules.Paren(self, node)
  return "(" .. self:text(node.inner) .. ")"
end

function printer_rules.Index(self, node)
  local key = node.key
  if key.tag == "String" and key.value:match("^[%a_][%w_]*$") and not KEYWORDS[key.value] then
    return self:text(node.object) .. "." .. key.value
  end
  return self:text(node.object) .. "[" .. self:text(key) .. "]"
end

function printer_rules.Call(self, node)
  return self:text(node.callee) .. "(" .. self:texts(node.arguments) .. ")"
end

function printer_rules.MethodCall(self, node)
  return self:text(node.object) .. ":" .. node.name .. "(" .. self:texts(node.arguments) .. ")"
end

function printer_rules.Function(self, node)
  return function_text(self, node, "function", false)
end

printer_rules["Nil"] = function() return "nil" end
printer_rules["True"] = function() return "true" end
printer_rules["False"] = function() return "false" end
printer_rules["Vararg"] = function() return "..." end
printer_rules["Number"] = function(_, node) return number_text(node.value) end
printer_rules["String"] = function(_, node) return quoted(node.value) end

local function operand_text(self, node)
  if node.tag == "Binary" or node.tag == "Logical" or node.tag == "Unary" or (node.tag == "Number" and node.value < 0) then
    return "(" .. self:text(node) .. ")"
  end
  return self:text(node)
end

function printer_rules.Unary(self, node)
  local space = node.operator == "not" and " " or ""
  return node.operator .. space .. operand_text(self, node.operand)
end

function printer_rules.Binary(self, node)
  return operand_text(self, node.left) .. " " .. node.operator .. " " .. operand_text(self, node.right)
end

printer_rules.Logical = printer_rules.Binary

function printer_rules.Table(self, node)
  local parts = {}
  for i = 1, #node.items do
    local item = node.items[i]
    if item.kind == "item" then
      parts[i] = self:text(item.value)
    elseif item.key.tag == "String" and item.key.value:match("^[%a_][%w_]*$") and not KEYWORDS[item.key.value] then
      parts[i] = item.key.value .. " = " .. self:text(item.value)
    else
      parts[i] = "[" .. self:text(item.key) .. "] = " .. self:text(item.value)
    end
  end
  return "{ " .. concat(parts, ", ") .. " }"
end

local function print_tree(tree)
  local printer = Printer.new()
  printer:node(tree.body)
  return concat(printer.out)
end

-- Parentheses that the printer adds are no difference, so that trees are compared without them.
local function same_tree(a, b)
  while a.tag == "Paren" do a = a.inner end
  while b.tag == "Paren" do b = b.inner end
  if a.tag ~= b.tag or a.value ~= b.value or a.name ~= b.name or a.operator ~= b.operator then
    -- Folded functions carry their tree in `value`.
    if a.tag ~= b.tag or type(a.value) ~= "table" or type(b.value) ~= "table" then
      return false, a.line
    end
  end
  local left, right = {}, {}
  each_child(a, function(child) left[#left + 1] = child end, 0)
  each_child(b, function(child) right[#right + 1] = child end, 0)
  if #left ~= #right then
    return false, a.line
  end
  for i = 1, #left do
    local same, line = same_tree(left[i], right[i])
    if not same then
      return false, line
    end
  end
  return true
end

--------------------------------------------------------------------------------------------------------------------
-- The interpreter: one function a kind of node
--------------------------------------------------------------------------------------------------------------------

local Machine = {}
Machine.__index = Machine

local evaluate, execute, assign, multiple = {}, {}, {}, {}
local BREAK, RETURN = "break", "return"

local function machine_error(machine, node, message)
  fail(machine.source, node.line, message)
end

local function kind_of(value)
  if type(value) == "table" and rawget(value, "is_guest_function") then
    return "function"
  end
  return type(value)
end

local function describe(node)
  if node.tag == "Name" then
    return (node.variable and "local" or node.upvalue and "upvalue" or "global") .. " '" .. node.name .. "'"
  elseif node.tag == "Index" and node.key.tag == "String" then
    return "field '" .. node.key.value .. "'"
  elseif node.tag == "MethodCall" then
    return "method '" .. node.name .. "'"
  end
  return "value"
end

-- Guest functions are tables, so that the machine can tell them from host functions.
local function call_function(machine, callee, arguments, count, node)
  while true do
    if type(callee) == "function" then
      return callee(unpack(arguments, 1, count))
    end
    if type(callee) ~= "table" then
      machine_error(machine, node, "attempt to call a " .. type(callee) .. " value (" .. describe(node.callee or node) .. ")")
    end
    if rawget(callee, "is_guest_function") then
      break
    end
    local meta = getmetatable(callee)
    local handler = meta and meta.__call
    if not handler then
      machine_error(machine, node, "attempt to call a table value (" .. describe(node.callee or node) .. ")")
    end
    local shifted = { callee }
    for i = 1, count do
      shifted[i + 1] = arguments[i]
    end
    callee, arguments, count = handler, shifted, count + 1
  end
  return machine:enter(callee, arguments, count)
end

function Machine:enter(closure, arguments, count)
  local code = closure.code
  local frame = { upvalues = closure.upvalues }
  local variables = code.variables
  for i = 1, #variables do
    local variable = variables[i]
    if variable.captured then
      frame[variable.slot] = { arguments[i] }
    else
      frame[variable.slot] = arguments[i]
    end
  end
  if code.vararg then
    local extra = { n = 0 }
    for i = #variables + 1, count do
      extra.n = extra.n + 1
      extra[extra.n] = arguments[i]
    end
    frame.vararg = extra
  end
  self.calls = self.calls + 1
  self.depth = self.depth + 1
  if self.depth > 180 then
    self.depth = 0
    fail(self.source, code.line, "stack overflow")
  end
  local signal = self:block(code.body, frame)
  self.depth = self.depth - 1
  if signal == RETURN then
    local results = frame.results
    return unpack(results, 1, results.n)
  end
end

function Machine:block(block, frame)
  local list = block.list
  for i = 1, #list do
    local statement = list[i]
    local signal = execute[statement.tag](self, statement, frame)
    if signal then
      return signal
    end
  end
end

-- The values of a list of expressions, the last one expanded; returns them and their count.
function Machine:values(list, frame)
  local count = #list
  local results = {}
  for i = 1, count - 1 do
    local node = list[i]
    results[i] = evaluate[node.tag](self, node, frame)
  end
  if count == 0 then
    return results, 0
  end
  local last = list[count]
  local expand = multiple[last.tag]
  if not expand then
    results[count] = evaluate[last.tag](self, last, frame)
    return results, count
  end
  return expand(self, last, frame, results, count)
end

local function collect(results, count, ...)
  local extra = select("#", ...)
  for i = 1, extra do
    results[count + i - 1] = (select(i, ...))
  end
  return results, count + extra - 1
end

local function to_boolean(value)
  return value ~= nil and value ~= false
end

-- Expressions

evaluate["Nil"] = function() return nil end
evaluate["True"] = function() return true end
evaluate["False"] = function() return false end
evaluate["Number"] = function(_, node) return node.value end
evaluate["String"] = function(_, node) return node.value end
evaluate["Paren"] = function(self, node, frame) return (evaluate[node.inner.tag](self, node.inner, frame)) end
evaluate["Vararg"] = function(_, _, frame) return frame.vararg[1] end

function evaluate.Name(self, node, frame)
  local variable = node.variable
  if variable then
    if variable.captured then
      return frame[variable.slot][1]
    end
    return frame[variable.slot]
  elseif node.upvalue then
    return frame.upvalues[node.upvalue][1]
  end
  return self.globals[node.name]
end

local function index_value(machine, object, key, node)
  local kind = type(object)
  if kind == "table" and not rawget(object, "is_guest_function") then
    local value = rawget(object, key)
    if value ~= nil then
      return value
    end
    local meta = getmetatable(object)
    local handler = meta and meta.__index
    if handler == nil then
      return nil
    elseif kind_of(handler) == "function" then
      return (call_function(machine, handler, { object, key }, 2, node))
    end
    return index_value(machine, handler, key, node)
  elseif kind == "string" then
    return machine.string_library[key]
  end
  machine_error(machine, node, "attempt to index a " .. kind_of(object) .. " value (" .. describe(node.object) .. ")")
end

function evaluate.Index(self, node, frame)
  local object = evaluate[node.object.tag](self, node.object, frame)
  local key = evaluate[node.key.tag](self, node.key, frame)
  return index_value(self, object, key, node)
end

function evaluate.Call(self, node, frame)
  local callee = evaluate[node.callee.tag](self, node.callee, frame)
  local arguments, count = self:values(node.arguments, frame)
  return (call_function(self, callee, arguments, count, node))
end

local function method_arguments(self, node, frame)
  local object = evaluate[node.object.tag](self, node.object, frame)
  local callee = index_value(self, object, node.name, node)
  local arguments, count = self:values(node.arguments, frame)
  insert(arguments, 1, object)
  for i = count + 1, 2, -1 do
    -- A nil among the arguments would shift wrongly with insert alone.
    if arguments[i] == nil then
      arguments[i] = nil
    end
  end
  return callee, arguments, count + 1
end

function evaluate.MethodCall(self, node, frame)
  local callee, arguments, count = method_arguments(self, node, frame)
  return (call_function(self, callee, arguments, count, node))
end

function multiple.Call(self, node, frame, results, count)
  local callee = evaluate[node.callee.tag](self, node.callee, frame)
  local arguments, argument_count = self:values(node.arguments, frame)
  return collect(results, count, call_function(self, callee, arguments, argument_count, node))
end

function multiple.MethodCall(self, node, frame, results, count)
  local callee, arguments, argument_count = method_arguments(self, node, frame)
  return collect(results, count, call_function(self, callee, arguments, argument_count, node))
end

function multiple.Vararg(_, _, frame, results, count)
  local extra = frame.vararg
  return collect(results, count, unpack(extra, 1, extra.n))
end

function evaluate.Function(self, node, frame)
  local captured = {}
  for i = 1, #node.upvalues do
    local entry = node.upvalues[i]
    if entry.from_parent_local then
      captured[i] = frame[entry.variable.slot]
    else
      captured[i] = frame.upvalues[entry.parent_index]
    end
  end
  self.closures = self.closures + 1
  return { is_guest_function = true, code = node, upvalues = captured }
end

function evaluate.Table(self, node, frame)
  local result = {}
  local position = 0
  local items = node.items
  for i = 1, #items do
    local item = items[i]
    if item.kind == "pair" then
      local key = evaluate[item.key.tag](self, item.key, frame)
      result[key] = evaluate[item.value.tag](self, item.value, frame)
    elseif i == #items and multiple[item.value.tag] then
      local values, count = multiple[item.value.tag](self, item.value, frame, {}, 1)
      for k = 1, count do
        result[position + k] = values[k]
      end
    else
      position = position + 1
      result[position] = evaluate[item.value.tag](self, item.value, frame)
    end
  end
  return result
end

function evaluate.Logical(self, node, frame)
  local left = evaluate[node.left.tag](self, node.left, frame)
  if node.operator == "and" then
    if not to_boolean(left) then
      return left
    end
  elseif to_boolean(left) then
    return left
  end
  return evaluate[node.right.tag](self, node.right, frame)
end

local EVENTS = { ["+"] = "__add", ["-"] = "__sub", ["*"] = "__mul", ["/"] = "__div", ["%"] = "__mod", ["^"] = "__pow", [".."] = "__concat",
  ["<"] = "__lt", ["<="] = "__le", [">"] = "__lt", [">="] = "__le" }

local function metamethod(left, right, event)
  local meta = type(left) == "table" and getmetatable(left)
  if meta and meta[event] then
    return meta[event]
  end
  meta = type(right) == "table" and getmetatable(right)
  return meta and meta[event]
end

local function binary_by_event(machine, node, left, right)
  local handler = metamethod(left, right, EVENTS[node.operator])
  if handler then
    if node.operator == ">" or node.operator == ">=" then
      left, right = right, left
    end
    return (call_function(machine, handler, { left, right }, 2, node))
  end
  local culprit = node.right
  local value = right
  if type(left) ~= "number" then
    culprit, value = node.left, left
  end
  if node.operator == ".." then
    if type(left) == "string" or type(left) == "number" then
      culprit, value = node.right, right
    end
    machine_error(machine, node, "attempt to concatenate a " .. kind_of(value) .. " value (" .. describe(culprit) .. ")")
  elseif BINARY[node.operator][1] == 3 then
    machine_error(machine, node, "attempt to compare " .. kind_of(left) .. " with " .. kind_of(right))
  end
  machine_error(machine, node, "attempt to perform arithmetic on a " .. kind_of(value) .. " value (" .. describe(culprit) .. ")")
end

local operate = {
  ["+"] = function(self, node, left, right)
    if type(left) == "number" and type(right) == "number" then return left + right end
    return binary_by_event(self, node, left, right)
  end,
  ["-"] = function(self, node, left, right)
    if type(left) == "number" and type(right) == "number" then return left - right end
    return binary_by_event(self, node, left, right)
  end,
  ["*"] = function(self, node, left, right)
    if type(left) == "number" and type(right) == "number" then return left * right end
    return binary_by_event(self, node, left, right)
  end,
  ["/"] = function(self, node, left, right)
    if type(left) == "number" and type(right) == "number" then return left / right end
    return binary_by_event(self, node, left, right)
  end,
  ["%"] = function(self, node, left, right)
    if type(left) == "number" and type(right) == "number" then
      if right == 0 then
        machine_error(self, node, "attempt to perform modulo by zero")
      end
      return left % right
    end
    return binary_by_event(self, node, left, right)
  end,
  ["^"] = function(self, node, left, right)
    if type(left) == "number" and type(right) == "number" then return left ^ right end
    return binary_by_event(self, node, left, right)
  end,
  [".."] = function(self, node, left, right)
    local left_kind, right_kind = type(left), type(right)
    if (left_kind == "string" or left_kind == "number") and (right_kind == "string" or right_kind == "number") then
      return self.to_text(left) .. self.to_text(right)
    end
    return binary_by_event(self, node, left, right)
  end,
  ["<"] = function(self, node, left, right)
    local kind = type(left)
    if kind == type(right) and (kind == "number" or kind == "string") then return left < right end
    return to_boolean(binary_by_event(self, node, left, right))
  end,
  [">"] = function(self, node, left, right)
    local kind = type(left)
    if kind == type(right) and (kind == "number" or kind == "string") then return left > right end
    return to_boolean(binary_by_event(self, node, left, right))
  end,
  ["<="] = function(self, node, left, right)
    local kind = type(left)
    if kind == type(right) and (kind == "number" or kind == "string") then return left <= right end
    return to_boolean(binary_by_event(self, node, left, right))
  end,
  [">="] = function(self, node, left, right)
    local kind = type(left)
    if kind == type(right) and (kind == "number" or kind == "string") then return left >= right end
    return to_boolean(binary_by_event(self, node, left, right))
  end,
  ["=="] = function(self, node, left, right)
    if rawequal(left, right) then return true end
    if type(left) == "table" and type(right) == "table" then
      local handler = metamethod(left, right, "__eq")
      return handler ~= nil and to_boolean((call_function(self, handler, { left, right }, 2, node)))
    end
    return false
  end,
}

operate["~="] = function(self, node, left, right)
  return not operate["=="](self, node, left, right)
end

function evaluate.Binary(self, node, frame)
  local left, right = node.left, node.right
  local a = evaluate[left.tag](self, left, frame)
  local b = evaluate[right.tag](self, right, frame)
  return operate[node.operator](self, node, a, b)
end

function evaluate.Unary(self, node, frame)
  local value = evaluate[node.operand.tag](self, node.operand, frame)
  local operator = node.operator
  if operator == "not" then
    return not to_boolean(value)
  elseif operator == "-" then
    if type(value) == "number" then
      return -value
    end
    local handler = metamethod(value, nil, "__unm")
    if handler then
      return (call_function(self, handler, { value, value }, 2, node))
    end
    machine_error(self, node, "attempt to perform arithmetic on a " .. kind_of(value) .. " value (" .. describe(node.operand) .. ")")
  end
  if type(value) == "string" then
    return #value
  end
  local handler = metamethod(value, nil, "__len")
  if handler then
    return (call_function(self, handler, { value }, 1, node))
  elseif kind_of(value) == "table" then
    return #value
  end
  machine_error(self, node, "attempt to get length of a " .. kind_of(value) .. " value (" .. describe(node.operand) .. ")")
end

-- Statements

local function set_new(frame, variable, value)
  if variable.captured then
    frame[variable.slot] = { value }
  else
    frame[variable.slot] = value
  end
end

function assign.Name(self, node, frame, value)
  local variable = node.variable
  if variable then
    if variable.captured then
      frame[variable.slot][1] = value
    else
      frame[variable.slot] = value
    end
  elseif node.upvalue then
    frame.upvalues[node.upvalue][1] = value
  else
    self.globals[node.name] = value
  end
end

local function store(machine, object, key, value, node)
  if kind_of(object) ~= "table" then
    machine_error(machine, node, "attempt to index a " .. kind_of(object) .. " value (" .. describe(node.object) .. ")")
  end
  local meta = getmetatable(object)
  local handler = meta and meta.__newindex
  if handler == nil or rawget(object, key) ~= nil then
    if key == nil then
      machine_error(machine, node, "table index is nil")
    end
    rawset(object, key, value)
  elseif kind_of(handler) == "function" then
    call_function(machine, handler, { object, key, value }, 3, node)
  else
    store(machine, handler, key, value, node)
  end
end

function assign.Index(self, node, frame, value)
  local object = evaluate[node.object.tag](self, node.object, frame)
  local key = evaluate[node.key.tag](self, node.key, frame)
  store(self, object, key, value, node)
end

function execute.Assign(self, node, frame)
  local targets, values = node.targets, node.values
  if #targets == 1 and #values == 1 then
    local target, value = targets[1], values[1]
    assign[target.tag](self, target, frame, evaluate[value.tag](self, value, frame))
    return
  end
  local results = self:values(values, frame)
  for i = #targets, 1, -1 do
    local target = targets[i]
    assign[target.tag](self, target, frame, results[i])
  end
end

function execute.Local(self, node, frame)
  local variables, values = node.variables, node.values
  if #variables == 1 and #values == 1 then
    local value = values[1]
    set_new(frame, variables[1], (evaluate[value.tag](self, value, frame)))
    return
  end
  local results = self:values(values, frame)
  for i = 1, #variables do
    set_new(frame, variables[i], results[i])
  end
end

function execute.LocalFunction(self, node, frame)
  set_new(frame, node.variable, nil)
  local value = evaluate.Function(self, node.value, frame)
  if node.variable.captured then
    frame[node.variable.slot][1] = value
  else
    frame[node.variable.slot] = value
  end
end

function execute.FunctionStatement(self, node, frame)
  assign[node.target.tag](self, node.target, frame, evaluate.Function(self, node.value, frame))
end

function execute.CallStatement(self, node, frame)
  evaluate[node.call.tag](self, node.call, frame)
end

function execute.Do(self, node, frame)
  return self:block(node.body, frame)
end

function execute.If(self, node, frame)
  local conditions = node.conditions
  for i = 1, #conditions do
    local condition = conditions[i]
    if to_boolean((evaluate[condition.tag](self, condition, frame))) then
      return self:block(node.blocks[i], frame)
    end
  end
  if node.otherwise then
    return self:block(node.otherwise, frame)
  end
end

function execute.While(self, node, frame)
  local condition, body = node.condition, node.body
  while to_boolean((evaluate[condition.tag](self, condition, frame))) do
    local signal = self:block(body, frame)
    if signal == BREAK then
      return
    elseif signal then
      return signal
    end
  end
end

function execute.Repeat(self, node, frame)
  local condition = node.condition
  repeat
    local signal = self:block(node.body, frame)
    if signal == BREAK then
      return
    elseif signal then
      return signal
    end
  until to_boolean((evaluate[condition.tag](self, condition, frame)))
end

function execute.Break()
  return BREAK
end

function execute.Return(self, node, frame)
  local results, count = self:values(node.values, frame)
  results.n = count
  frame.results = results
  return RETURN
end

function execute.NumericFor(self, node, frame)
  local first = evaluate[node.first.tag](self, node.first, frame)
  local last = evaluate[node.last.tag](self, node.last, frame)
  local step = 1
  if node.step then
    step = evaluate[node.step.tag](self, node.step, frame)
  end
  if type(first) ~= "number" or type(last) ~= "number" or type(step) ~= "number" then
    machine_error(self, node, "'for' needs numbers")
  elseif step == 0 then
    machine_error(self, node, "'for' step is zero")
  end
  local variable, body = node.variable, node.body
  for value = first, last, step do
    set_new(frame, variable, value)
    local signal = self:block(body, frame)
    if signal == BREAK then
      return
    elseif signal then
      return signal
    end
  end
end

function execute.GenericFor(self, node, frame)
  local start = self:values(node.values, frame)
  local iterator, state, control = start[1], start[2], start[3]
  local variables, body = node.variables, node.body
  while true do
    local results = collect({}, 1, call_function(self, iterator, { state, control }, 2, node))
    control = results[1]
    if control == nil then
      return
    end
    for i = 1, #variables do
      set_new(frame, variables[i], results[i])
    end
    local signal = self:block(body, frame)
    if signal == BREAK then
      return
    elseif signal then
      return signal
    end
  end
end

--------------------------------------------------------------------------------------------------------------------
-- The guest's library
--------------------------------------------------------------------------------------------------------------------

local function number_to_text(value)
  if value % 1 == 0 and value > -1e15 and value < 1e15 then
    return format("%.0f", value)
  end
  return format("%.14g", value)
end

local function host_function(machine, value)
  if kind_of(value) == "function" and type(value) == "table" then
    return function(...)
      local count = select("#", ...)
      return call_function(machine, value, { ... }, count, value.code)
    end
  end
  return value
end

local function guest_text(machine, value)
  local kind = type(value)
  if kind == "number" then
    return number_to_text(value)
  elseif kind == "table" then
    if rawget(value, "is_guest_function") then
      return "function"
    end
    local meta = getmetatable(value)
    if meta and meta.__tostring then
      return (call_function(machine, meta.__tostring, { value }, 1, { line = 0, tag = "Name", name = "__tostring" }))
    end
    return "table"
  end
  return tostring(value)
end

local function base_library(machine, globals)
  function globals.print(...)
    local parts = {}
    for i = 1, select("#", ...) do
      parts[i] = guest_text(machine, (select(i, ...)))
    end
    machine.output[#machine.output + 1] = concat(parts, "\t")
  end
  function globals.tostring(value) return guest_text(machine, value) end
  function globals.tonumber(value) return tonumber(value) end
  function globals.type(value) return kind_of(value) end
  function globals.select(n, ...)
    if n == "#" then return select("#", ...) end
    return select(n, ...)
  end
  function globals.setmetatable(object, meta) return setmetatable(object, meta) end
  function globals.getmetatable(object) return getmetatable(object) end
  function globals.rawget(object, key) return rawget(object, key) end
  function globals.rawset(object, key, value) return rawset(object, key, value) end
  function globals.next(object, key) return next(object, key) end
  function globals.pairs(object) return next, object, nil end
  local function step(list, i)
    i = i + 1
    if list[i] ~= nil then return i, list[i] end
  end
  function globals.ipairs(list) return step, list, 0 end
  function globals.unpack(list, first, last) return unpack(list, first or 1, last or #list) end
  function globals.error(message) error(message, 0) end
  function globals.assert(value, message)
    if not to_boolean(value) then error(message or "assertion failed!", 0) end
    return value
  end
  function globals.pcall(callee, ...)
    local depth = machine.depth
    local results, count = collect({}, 1, pcall(call_function, machine, callee, { ... }, select("#", ...), { line = 0, tag = "Name", name = "?" }))
    if not results[1] then
      machine.depth = depth
      if type(results[2]) == "table" and results[2].message then
        results[2] = describe_error(results[2])
      end
    end
    return unpack(results, 1, count)
  end
end

local function other_libraries(machine, globals)
  local strings = {}
  for name, value in pairs({ sub = sub, byte = byte, char = char, rep = rep, format = format, upper = string.upper, lower = string.lower,
    find = string.find, match = string.match, reverse = string.reverse, len = string.len, gmatch = string.gmatch }) do
    strings[name] = value
  end
  function strings.gsub(text, pattern, replacement, limit)
    return text:gsub(pattern, host_function(machine, replacement), limit)
  end
  machine.string_library = strings
  globals.string = strings
  globals.math = { floor = floor, sqrt = math.sqrt, max = math.max, min = math.min, abs = math.abs, huge = math.huge, pi = math.pi }
  globals.table = {
    insert = insert, remove = remove, concat = function(list, separator)
      local parts = {}
      for i = 1, #list do parts[i] = guest_text(machine, list[i]) end
      return concat(parts, separator)
    end,
    sort = function(list, compare) sort(list, compare and host_function(machine, compare) or nil) end,
  }
  globals.coroutine = {
    create = function(body) return { is_guest_coroutine = true, thread = coroutine.create(host_function(machine, body)), depth = 0 } end,
    resume = function(co, ...)
      local depth = machine.depth
      machine.depth = 0
      local results, count = collect({}, 1, coroutine.resume(co.thread, ...))
      machine.depth = depth
      return unpack(results, 1, count)
    end,
    yield = coroutine.yield,
    status = function(co) return coroutine.status(co.thread) end,
    wrap = function(body)
      local thread = coroutine.create(host_function(machine, body))
      return function(...)
        local depth = machine.depth
        machine.depth = 0
        local results, count = collect({}, 1, coroutine.resume(thread, ...))
        machine.depth = depth
        if not results[1] then error(results[2], 0) end
        return unpack(results, 2, count)
      end
    end,
  }
end

local function machine_new(source)
  local machine = setmetatable({ source = source, output = {}, globals = {}, calls = 0, closures = 0, depth = 0, to_text = nil }, Machine)
  machine.to_text = function(value)
    if type(value) == "number" then return number_to_text(value) end
    return value
  end
  base_library(machine, machine.globals)
  other_libraries(machine, machine.globals)
  return machine
end

local function run_tree(source, tree)
  local machine = machine_new(source)
  local closure = { is_guest_function = true, code = tree, upvalues = {} }
  local ok, problem = pcall(machine.enter, machine, closure, {}, 0)
  if not ok then
    machine.output[#machine.output + 1] = "error: " .. describe_error(problem)
  end
  return machine
end

--------------------------------------------------------------------------------------------------------------------
-- A check of the resolved tree: every name has a place, every slot fits its function
--------------------------------------------------------------------------------------------------------------------

local function verify(tree)
  local problems, checked = {}, 0
  local function complain(node, text)
    problems[#problems + 1] = format("line %d: %s", node.line, text)
  end
  local function visit_function(owner)
    local function visit(node)
      checked = checked + 1
      local tag = node.tag
      if tag == "Function" then
        visit_function(node)
        return
      elseif tag == "Name" then
        if node.variable and (node.variable.slot < 1 or node.variable.slot > owner.slots) then
          complain(node, "slot of '" .. node.name .. "' is outside the frame")
        elseif node.upvalue and not owner.upvalues[node.upvalue] then
          complain(node, "upvalue of '" .. node.name .. "' is missing")
        end
      elseif tag == "Local" and #node.variables ~= #node.names then
        complain(node, "a local has no slot")
      elseif tag == "NumericFor" and not node.variable then
        complain(node, "a loop has no variable")
      end
      each_child(node, visit, 0)
    end
    for i = 1, #owner.upvalues do
      if owner.upvalues[i].index ~= i then
        complain(owner, "an upvalue has a wrong index")
      end
    end
    each_child(owner, visit, 0)
  end
  visit_function(tree)
  return problems, checked
end

--------------------------------------------------------------------------------------------------------------------
-- Guest programs
--------------------------------------------------------------------------------------------------------------------

local guests = {}

guests[1] = { "fibonacci", [==[
-- Recursion, and a memo table.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print("fib", fib(16))
local memo = {}
local function fast(n)
  if n < 2 then return n end
  if memo[n] then return memo[n] end
  local value = fast(n - 1) + fast(n - 2)
  memo[n] = value
  return value
end
print("fast", fast(60), 2 ^ 10, 7 % 4, -7 % 4, 10 / 4, 1 + 2 * 3 - 4)
]==] }

guests[2] = { "sieve", [==[
local function sieve(limit)
  local composite, primes = {}, {}
  for i = 2, limit do
    if not composite[i] then
      primes[#primes + 1] = i
      for j = i * i, limit, i do composite[j] = true end
    end
  end
  return primes
end
local primes = sieve(1500)
local sum = 0
for i, p in ipairs(primes) do sum = sum + p * (i % 7) end
print(#primes, primes[#primes], sum)
local twins = 0
for i = 2, #primes do
  if primes[i] - primes[i - 1] == 2 then twins = twins + 1 end
end
print("twins", twins)
]==] }

guests[3] = { "queens", [==[
local function solve(n)
  local columns, up, down, found = {}, {}, {}, 0
  local function place(row)
    if row > n then found = found + 1 return end
    for c = 1, n do
      if not (columns[c] or up[row + c] or down[row - c + n]) then
        columns[c], up[row + c], down[row - c + n] = true, true, true
        place(row + 1)
        columns[c], up[row + c], down[row - c + n] = false, false, false
      end
    end
  end
  place(1)
  return found
end
for n = 4, 6 do print(n, solve(n)) end
]==] }

guests[4] = { "words", [==[
local text = "the quick brown fox jumps over the lazy dog and the dog sleeps while the fox runs"
local counts, order = {}, {}
for word in text:gmatch("%a+") do
  if not counts[word] then counts[word] = 0 order[#order + 1] = word end
  counts[word] = counts[word] + 1
end
table.sort(order, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)
for i = 1, 4 do print(order[i], counts[order[i]]) end
local upper = text:gsub("(%a)(%a*)", function(first, rest) return first:upper() .. rest end)
print(upper:sub(1, 30), #upper, ("x"):rep(5), ("abc"):reverse())
local function caesar(s, by)
  local out = {}
  for i = 1, #s do
    local c = s:byte(i)
    if c >= 97 and c <= 122 then c = (c - 97 + by) % 26 + 97 end
    out[#out + 1] = string.char(c)
  end
  return table.concat(out)
end
local secret = caesar(text, 7)
print(secret:sub(1, 20), caesar(secret, -7) == text)
]==] }

guests[5] = { "objects", [==[
local Shape = {} Shape.__index = Shape
function Shape.new(kind, name) return setmetatable({ name = name }, kind) end
function Shape:describe() return self.name .. " has area " .. string.format("%.2f", self:area()) end
local Square = setmetatable({}, { __index = Shape }) Square.__index = Square
function Square.new(side) local s = Shape.new(Square, "square") s.side = side return s end
function Square:area() return self.side * self.side end
local Circle = setmetatable({}, { __index = Shape }) Circle.__index = Circle
function Circle.new(radius) local c = Shape.new(Circle, "circle") c.radius = radius return c end
function Circle:area() return math.pi * self.radius ^ 2 end
local shapes, total = {}, 0
for i = 1, 40 do shapes[i] = i % 2 == 0 and Square.new(i) or Circle.new(i) end
for _, s in ipairs(shapes) do total = total + s:area() end
print(shapes[1]:describe(), shapes[2]:describe(), string.format("%.3f", total))
local V = {}
V.__index = V
V.__add = function(a, b) return setmetatable({ x = a.x + b.x, y = a.y + b.y }, V) end
V.__mul = function(a, k) return setmetatable({ x = a.x * k, y = a.y * k }, V) end
V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__tostring = function(a) return "(" .. a.x .. ", " .. a.y .. ")" end
V.__call = function(self, k) return self.x + k end
V.__len = function() return 2 end
V.__unm = function(a) return a * -1 end
local a, b = setmetatable({ x = 1, y = 2 }, V), setmetatable({ x = 3, y = 4 }, V)
print(a + b * 2, a == b, a < b, a >= b, a(10), #a, -a, a + b == b + a)
local log = {}
local proxy = setmetatable({}, { __index = function(_, k) log[#log + 1] = k return k .. "!" end, __newindex = function(t, k, v) rawset(t, k, v .. "?") end })
proxy.set = "value"
print(proxy.missing, proxy.set, #log)
]==] }

guests[6] = { "closures", [==[
local function counter()
  local n = 0
  return function() n = n + 1 return n end, function() n = n - 1 return n end
end
local up, down = counter()
local other = counter()
print(up(), up(), down(), other())
local fs = {}
for i = 1, 5 do fs[i] = function(k) i = i + k return i end end
print(fs[1](1), fs[1](1), fs[5](10))
local function compose(...)
  local list = { ... }
  return function(x) for i = 1, #list do x = list[i](x) end return x end
end
local inc, double = function(x) return x + 1 end, function(x) return x * 2 end
print(compose(inc, double, inc)(5), compose()(7))
local function map(list, f) local out = {} for i, v in ipairs(list) do out[i] = f(v) end return out end
local function fold(list, f, start) for _, v in ipairs(list) do start = f(start, v) end return start end
local squares = map({ 1, 2, 3, 4, 5 }, function(x) return x * x end)
print(table.concat(squares, " "), fold(squares, function(a, b) return a + b end, 0))
local function varargs(...) local a, b = ... return select("#", ...), a, b, ... end
print(varargs(1, 2, 3)) print((varargs(1, 2)))
local function curry(f, n) if n == 1 then return f end return function(x) return curry(function(...) return f(x, ...) end, n - 1) end end
print(curry(function(a, b, c) return a * 100 + b * 10 + c end, 3)(1)(2)(3))
]==] }

guests[7] = { "sorting", [==[
local seed = 42
local function random(n) seed = (seed * 16807) % 2147483647 return seed % n end
local list = {}
for i = 1, 150 do list[i] = random(1000) end
local function quick(t, low, high)
  if low >= high then return end
  local pivot, i, j = t[math.floor((low + high) / 2)], low, high
  repeat
    while t[i] < pivot do i = i + 1 end
    while t[j] > pivot do j = j - 1 end
    if i <= j then t[i], t[j] = t[j], t[i] i = i + 1 j = j - 1 end
  until i > j
  quick(t, low, j) quick(t, i, high)
end
quick(list, 1, #list)
local ok = true
for i = 2, #list do if list[i - 1] > list[i] then ok = false end end
print("quick", ok, list[1], list[75], list[150])
local function insertion(t) for i = 2, #t do local v, j = t[i], i - 1 while j > 0 and t[j] > v do t[j + 1] = t[j] j = j - 1 end t[j + 1] = v end return t end
local small = {} for i = 1, 40 do small[i] = random(100) end
print("insertion", table.concat(insertion(small), ",", 1, 5):sub(1, 12), small[40])
local Heap = {} Heap.__index = Heap
function Heap.new() return setmetatable({ n = 0 }, Heap) end
function Heap:push(v) self.n = self.n + 1 local i = self.n self[i] = v while i > 1 do local p = math.floor(i / 2) if self[p] <= self[i] then break end self[p], self[i] = self[i], self[p] i = p end end
function Heap:pop()
  local top = self[1] self[1] = self[self.n] self[self.n] = nil self.n = self.n - 1
  local i = 1
  while true do
    local c = i * 2
    if c > self.n then break end
    if c < self.n and self[c + 1] < self[c] then c = c + 1 end
    if self[i] <= self[c] then break end
    self[i], self[c] = self[c], self[i] i = c
  end
  return top
end
local h = Heap.new() for i = 1, 60 do h:push(random(500)) end
local last, sorted = -1, true for i = 1, 60 do local v = h:pop() if v < last then sorted = false end last = v end
print("heap", sorted, last)
]==] }

guests[8] = { "coroutines", [==[
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local sum = 0 for v in gen(20) do sum = sum + v end print(sum)
local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d = coroutine.yield(c * 2) return a + b + c + d end)
print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, 10)) print(coroutine.resume(co, 100)) print(coroutine.status(co))
local function permute(list, n)
  if n == 0 then coroutine.yield(list) return end
  for i = 1, n do
    list[n], list[i] = list[i], list[n]
    permute(list, n - 1)
    list[n], list[i] = list[i], list[n]
  end
end
local count, text = 0, ""
for p in coroutine.wrap(function() permute({ "a", "b", "c", "d" }, 4) end) do count = count + 1 if count % 6 == 0 then text = text .. table.concat(p) .. " " end end
print(count, text)
]==] }

guests[9] = { "errors", [==[
print(pcall(function() error("plain") end)) print(pcall(function() local t = nil return t.x end)) print(pcall(function() return 1 + {} end))
print(pcall(function() return undefined() end)) print(pcall(function() return "a" < 1 end)) print(pcall(function() return ("x"):nope() end))
local function deep(n) return 1 + deep(n + 1) end
print(pcall(deep, 1))
local ok, e = pcall(function() local ok, e = pcall(error, "inner") error(e .. " outer") end) print(ok, e)
print(pcall(function() for i = 1, 10, 0 do end end)) print(select("#", pcall(function() return 1, nil, 3, nil end)))
local t = setmetatable({}, { __index = function(_, k) error("no field " .. k) end }) print(pcall(function() return t.secret end))
print(pcall(assert, false, "asserted")) print(pcall(assert, 1))
local x = nil x.y = 1
]==] }

guests[10] = { "matrix", [==[
local function make(n, f) local m = {} for i = 1, n do m[i] = {} for j = 1, n do m[i][j] = f(i, j) end end return m end
local function mul(a, b) local n = #a return make(n, function(i, j) local s = 0 for k = 1, n do s = s + a[i][k] * b[k][j] end return s end) end
local a = make(9, function(i, j) return (i * j) % 5 - 1 end)
local b = make(9, function(i, j) return i == j and 2 or 1 end)
local c = mul(mul(a, b), a)
local trace, total = 0, 0
for i = 1, 9 do trace = trace + c[i][i] for j = 1, 9 do total = total + c[i][j] end end
print(trace, total)
local function det(m)
  local n, d = #m, 1
  for i = 1, n do
    local p = i
    while p <= n and m[p][i] == 0 do p = p + 1 end
    if p > n then return 0 end
    if p ~= i then m[p], m[i] = m[i], m[p] d = -d end
    d = d * m[i][i]
    for r = i + 1, n do local f = m[r][i] / m[i][i] for k = i, n do m[r][k] = m[r][k] - f * m[i][k] end end
  end
  return d
end
print(string.format("%.4f", det(make(6, function(i, j) return i == j and i + 1 or 1 / (i + j) end))))
]==] }

guests[11] = { "calculator", [==[
-- A recursive-descent calculator and a small Forth, as guests of the guest.
local function calculator(text)
  local position = 1
  local expression
  local function skip() position = text:find("%S", position) or #text + 1 end
  local function primary()
    skip()
    if text:sub(position, position) == "(" then position = position + 1 local v = expression() skip() position = position + 1 return v end
    local digits = text:match("^%d+%.?%d*", position)
    if not digits then error("number expected at " .. position) end
    position = position + #digits
    return tonumber(digits)
  end
  local function factor() skip() if text:sub(position, position) == "-" then position = position + 1 return -factor() end return primary() end
  local function term() local v = factor() while true do skip() local o = text:sub(position, position) if o == "*" then position = position + 1 v = v * factor() elseif o == "/" then position = position + 1 v = v / factor() else return v end end end
  expression = function() local v = term() while true do skip() local o = text:sub(position, position) if o == "+" then position = position + 1 v = v + term() elseif o == "-" then position = position + 1 v = v - term() else return v end end end
  local value = expression() skip()
  if position <= #text then error("unexpected " .. text:sub(position, position)) end
  return value
end
for _, e in ipairs({ "1 + 2 * 3", "(1 + 2) * 3", "2 * (3 + 4) * 5 - 6 / 2", "--5", "1 + ", "2 $ 3" }) do print(e, pcall(calculator, e)) end
local function forth(source)
  local stack, words, out = {}, {}, {}
  local function push(v) stack[#stack + 1] = v end
  local function pop() local v = stack[#stack] if v == nil then error("stack underflow") end stack[#stack] = nil return v end
  words["+"] = function() push(pop() + pop()) end words["*"] = function() push(pop() * pop()) end words["-"] = function() local b = pop() push(pop() - b) end
  words["dup"] = function() local v = pop() push(v) push(v) end words["swap"] = function() local b, a = pop(), pop() push(b) push(a) end words["."] = function() out[#out + 1] = pop() end
  local tokens = {} for w in source:gmatch("%S+") do tokens[#tokens + 1] = w end
  local i = 1
  while i <= #tokens do
    local w = tokens[i]
    if w == ":" then
      local name, body = tokens[i + 1], {}
      i = i + 2
      while tokens[i] ~= ";" do body[#body + 1] = tokens[i] i = i + 1 end
      words[name] = function() for k = 1, #body do if tonumber(body[k]) then push(tonumber(body[k])) else words[body[k]]() end end end
    elseif tonumber(w) then push(tonumber(w)) else words[w]() end
    i = i + 1
  end
  return table.concat(out, " ")
end
print(forth(": square dup * ; : cube dup square * ; 3 square . 4 cube . 5 cube 2 square - ."), pcall(forth, "1 +"))
]==] }

guests[12] = { "life", [==[
local n = 12
local cells = {}
for i = 1, n * n do cells[i] = (i * 7 + math.floor(i / 5)) % 3 == 0 end
local function at(x, y) return cells[((y - 1) % n) * n + (x - 1) % n + 1] end
for generation = 1, 3 do
  local fresh = {}
  for y = 1, n do for x = 1, n do
    local around = 0
    for dy = -1, 1 do for dx = -1, 1 do if (dx ~= 0 or dy ~= 0) and at(x + dx, y + dy) then around = around + 1 end end end
    fresh[(y - 1) * n + x] = around == 3 or (around == 2 and at(x, y))
  end end
  cells = fresh
end
local rows = {}
for y = 1, 3 do local r = "" for x = 1, n do r = r .. (at(x, y) and "#" or ".") end rows[y] = r end
print(table.concat(rows, "/"))
]==] }

guests[13] = { "folding", [==[
if true then print("always", 1 + 2 * 3, "a" .. "b", not nil, -5, #"four") else print("never") end
if false then print("never") elseif 1 > 2 then print("never") else print("else") end
local debug_mode = false and expensive() or 10 * 10
print(debug_mode, (1 + 1) == 2 and "two" or "not two", nil or "default", 2 ^ 3, 7 / 2)
while 1 < 2 do break end
repeat local done = true until done
do local shadow = 1 do local shadow = shadow + 1 print(shadow) end print(shadow) end
for i = 3, 1, -1 do if i == 2 then break end print("loop", i) end
]==] }

local broken = { "x = = 1", "if x then", "for i = 1 do end", "local function end", "x = 'abc", "return 1 2", "break", "f(", "x = {1, 2", "a.b", "x = 5x",
  "function f() return ... end", "--[[ never closed", "x = \"\\q\"", "repeat until", "local 5 = 3", "@" }

--------------------------------------------------------------------------------------------------------------------
-- The whole pipeline over all guests
--------------------------------------------------------------------------------------------------------------------

local function hash_text(text, hash)
  for i = 1, #text do
    hash = (hash * 31 + byte(text, i)) % 1000000007
  end
  return hash
end

local function run_guest(guest, report)
  local name, text = guest[1], guest[2]
  local tree = parse(name, text)
  local plain = print_tree(tree)
  local again = parse(name, plain)
  local same, line = same_tree(tree, again)
  if not same then
    error("the printed program differs at line " .. tostring(line) .. " of " .. name)
  end
  local total, deepest, common = statistics(tree)
  local resolver = resolve_tree(name, tree)
  local problems, checked = verify(tree)
  if #problems > 0 then
    error(name .. ": " .. problems[1])
  end
  local machine = run_tree(name, tree)
  Folder.folded = 0
  local folded_tree = Folder.expression(again)
  local folded = Folder.folded
  resolve_tree(name, folded_tree)
  local folded_machine = run_tree(name, folded_tree)
  local output, folded_output = concat(machine.output, "\n"), concat(folded_machine.output, "\n")
  -- Line numbers in messages may move, because the printer lays the program out anew.
  if output:gsub(":%d+:", ":") ~= folded_output:gsub(":%d+:", ":") then
    error("folding changed the output of " .. name)
  end
  if report then
    local globals = 0
    for _ in pairs(resolver.globals) do globals = globals + 1 end
    print(format("%-11s nodes %4d depth %2d checked %4d folded %2d locals %3d captured %2d globals %2d calls %5d closures %4d  %s",
      name, total, deepest, checked, folded, resolver.locals, resolver.captured, globals, machine.calls, machine.closures, common))
  end
  return output
end

local checksum = 0
for round = 1, rounds do
  for i = 1, #guests do
    local output = run_guest(guests[i], round == 1)
    checksum = hash_text(output, checksum)
  end
  for i = 1, #broken do
    local ok, problem = pcall(parse, "broken", broken[i])
    if ok then
      error("accepted: " .. broken[i])
    end
    checksum = hash_text(describe_error(problem), checksum)
  end
end
print(format("checksum %d", checksum))
