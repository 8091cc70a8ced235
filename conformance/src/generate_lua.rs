//! Random pieces of Lua: expressions, statements and programs that go wrong. Their outcome does not depend on addresses, time or
//! the order of traversal, so that two implementations can be compared by what they print.

use crate::random::Random;

/// How deep expressions nest.
const DEPTH: usize = 4;

const NUMBERS: [&str; 22] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "10",
    "255",
    "1.5",
    "-0.0",
    "0.5",
    "2^53",
    "1e15",
    "1e100",
    "1/0",
    "-1/0",
    "0/0",
    "0x10",
    "9007199254740993",
    "math.maxinteger",
    "math.mininteger",
    "3.0",
];
const STRINGS: [&str; 10] =
    ["''", "'a'", "'abc'", "'10'", "' 0x1p4 '", "'1e1'", "'x\\0y'", "'%d'", "'\\u{20AC}'", "'-'"];
const OTHERS: [&str; 8] = ["nil", "true", "false", "{}", "T", "M", "print", "f"];
const VARIABLES: [&str; 8] = ["a", "b", "c", "d", "T.x", "T[1]", "T[a]", "G"];
const BINARY: [&str; 20] =
    ["+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "..", "==", "~=", "<", "<=", ">", ">=", "and"];
const UNARY: [&str; 4] = ["-", "not ", "#", "~"];
const CALLS: [&str; 30] = [
    "f",
    "g",
    "tostring",
    "tonumber",
    "type",
    "math.floor",
    "math.ceil",
    "math.abs",
    "math.max",
    "math.tointeger",
    "math.type",
    "math.fmod",
    "math.ult",
    "string.rep",
    "string.sub",
    "string.byte",
    "string.len",
    "string.upper",
    "string.find",
    "string.format",
    "select",
    "rawlen",
    "rawequal",
    "next",
    "table.concat",
    "table.unpack",
    "utf8.char",
    "utf8.len",
    "string.gsub",
    "T.m",
];

/// What the pieces may use. It shows values without addresses.
pub const PREAMBLE: &str = r##"
local function show(v)
  local kind = type(v)
  if kind == "table" then return v == T and "T" or v == M and "M" or "table"
  elseif kind == "function" or kind == "userdata" or kind == "thread" then return kind
  elseif kind == "string" then return (("%q"):format(v):gsub("\\\n", "\\n"))
  elseif v ~= v then return "nan"
  else return tostring(v) end
end
local function plain(m) return type(m) == "string" and m:gsub("0x%x+", "PTR"):gsub("^%[string [^\n]-%]:", "chunk:") or show(m) end
local function results(ok, ...)
  if not ok then return "error " .. plain((...)) end
  local out = {}
  for i = 1, select("#", ...) do out[i] = show((select(i, ...))) end
  return table.concat(out, " ")
end
function check(number, text)
  T = {10, 20, 30, x = 5, y = "why", m = function(...) return select("#", ...), ... end}
  M = setmetatable({}, {__add = function(p, q) return "added" end, __index = function(_, k) return k end,
    __call = function(_, ...) return ... end,
    __len = function() return 7 end, __eq = function() return true end, __lt = function() return true end,
    __le = function() return false end,
    __concat = function() return "joined" end, __unm = function() return "negated" end,
    __tostring = function() return "M!" end, __name = "Mine"})
  G = 3
  local chunk, message = load(text, "=chunk")
  if not chunk then print(number, "load", (message:gsub("^%[string .-%]:", "chunk:"))) return end
  print(number, results(pcall(chunk)))
end
"##;

/// What each piece begins with.
const HEAD: &str = "local a, b, c, d = 1, 2.5, '7', nil local function f(...) a = (tonumber(a) or 0) + 1 return ... end \
    local function g(x, y) return y, x end ";

fn pick<'a>(random: &mut Random, from: &[&'a str]) -> &'a str {
    from[random.below(from.len())]
}

fn expression(random: &mut Random, depth: usize) -> String {
    let kind = if depth == 0 { random.below(4) } else { random.below(13) };
    match kind {
        0 => pick(random, &NUMBERS).to_owned(),
        1 => pick(random, &STRINGS).to_owned(),
        2 => pick(random, &OTHERS).to_owned(),
        3 => pick(random, &VARIABLES).to_owned(),
        4..=7 => {
            let (left, right) = (expression(random, depth - 1), expression(random, depth - 1));
            format!("({left} {} {right})", pick(random, &BINARY))
        }
        8 => format!("({}{})", pick(random, &UNARY), expression(random, depth - 1)),
        9 => format!("({} or {})", expression(random, depth - 1), expression(random, depth - 1)),
        10 => {
            let (one, two) = (expression(random, depth - 1), expression(random, depth - 1));
            format!("{{{one}, {two}, x = {}}}", expression(random, 0))
        }
        11 => format!("(T)[{}]", expression(random, depth - 1)),
        _ => {
            let count = random.below(4);
            let arguments: Vec<String> = (0..count).map(|_| expression(random, depth - 1)).collect();
            format!("{}({})", pick(random, &CALLS), arguments.join(", "))
        }
    }
}

/// Whether evaluating a piece could take long or much memory, or print what differs by rights.
fn is_unfit(text: &str) -> bool {
    const LARGE: [&str; 9] = ["e1", "2^53", "math.m", "9007", "<<", ">>", "^", "*", "~"];
    text.contains("string.rep") && LARGE.iter().any(|large| text.contains(large))
}

fn statement(random: &mut Random, depth: usize) -> String {
    let value = |random: &mut Random| expression(random, 2);
    match random.below(if depth == 0 { 5 } else { 13 }) {
        0 => format!("{} = {}", pick(random, &VARIABLES), value(random)),
        1 => {
            format!("{}, {} = {}, {}", pick(random, &VARIABLES), pick(random, &VARIABLES), value(random), value(random))
        }
        2 => format!("local {} = {}", pick(random, &VARIABLES[..4]), value(random)),
        3 => format!("T[#T + 1] = {}", value(random)),
        4 => format!("f({})", value(random)),
        5 | 6 => {
            format!("if {} then {} else {} end", value(random), block(random, depth - 1), block(random, depth - 1))
        }
        7 => format!(
            "for i = {}, {} do {} if i then break end end",
            value(random),
            value(random),
            block(random, depth - 1)
        ),
        8 => format!("for i = 1, 3 do {} end", block(random, depth - 1)),
        9 => format!("for k, v in ipairs(T) do {} if k > 9 then break end end", block(random, depth - 1)),
        10 => format!("do {} end", block(random, depth - 1)),
        11 => format!("local n = 0 repeat n = n + 1 {} until n > 2 or {}", block(random, depth - 1), value(random)),
        _ => format!(
            "local function f(x, ...) {} return {}, ... end c = f({})",
            block(random, depth - 1),
            value(random),
            value(random)
        ),
    }
}

fn block(random: &mut Random, depth: usize) -> String {
    let count = 1 + random.below(3);
    (0..count).map(|_| statement(random, depth)).collect::<Vec<_>>().join(" ")
}

/// Takes something out of a piece, doubles it, or puts something else there.
fn damage(random: &mut Random, text: &str) -> String {
    const TOKENS: [&str; 24] = [
        "end", "then", "(", ")", "{", "}", "[[", "'", "=", "==", "..", "...", "local", "return", "goto x", "::x::",
        "break", "<const>", "0x", "1e", "~", "\\", "#", "nil",
    ];
    let words: Vec<&str> = text.split(' ').collect();
    let at = random.below(words.len());
    let mut words: Vec<&str> = words;
    match random.below(3) {
        0 => drop(words.remove(at)),
        1 => words.insert(at, words[at]),
        _ => words.insert(at, TOKENS[random.below(TOKENS.len())]),
    }
    words.join(if random.below(4) == 0 { "\n" } else { " " })
}

/// A piece of one of the kinds: an expression, statements, or something that is wrong.
pub fn piece(random: &mut Random) -> String {
    loop {
        let text = match random.below(5) {
            0..=2 => format!("return {}", expression(random, DEPTH)),
            3 => format!("{} return a, b, c, d, T.x, #T, G", block(random, 2)),
            _ => {
                let text = format!("{} return {}", block(random, 1), expression(random, 2));
                damage(random, &text)
            }
        };
        if !is_unfit(&text) {
            return format!("{HEAD}{text}");
        }
    }
}

/// What ends pieces without an end, for the program that finds them out: with a hook nothing runs as it does without.
const BOUND: &str = r#"
local call = pcall
local function pcall(chunk)
  debug.sethook(function() error("too long", 0) end, "", 1000000)
  local function ended(...) debug.sethook() return ... end
  return ended(call(chunk))
end
"#;

/// The line that a piece gives which [`bounded_program`] has ended.
pub fn is_endless(line: &str) -> bool {
    line.ends_with("\terror too long")
}

/// A program that tries pieces of a seed.
pub fn program(seed: u64, numbers: impl Iterator<Item = u64>) -> String {
    let mut text = PREAMBLE.to_owned();
    for number in numbers {
        let piece = piece(&mut Random::new(seed, number));
        // A level of a long string that no piece ends.
        text.push_str(&format!("check({number}, [====[{piece}]====])\n"));
    }
    text
}

/// As [`program`]; pieces that take long are ended.
pub fn bounded_program(seed: u64, numbers: impl Iterator<Item = u64>) -> String {
    BOUND.to_owned() + &program(seed, numbers)
}
