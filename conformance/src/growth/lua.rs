//! Inputs for the Lua compiler.

use super::{Input, Shape, join, repeat};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "lua/functions",
        size: 2000,
        make: |size| lua(&"local function f() end f = nil ".repeat(10), size, "do ", " end "),
    },
    Shape {
        name: "lua/global_functions",
        size: 2000,
        make: |size| text(repeat(size, |number| format!("function f{number}() return {number} end\n"))),
    },
    Shape {
        name: "lua/functions_in_a_call",
        size: 2000,
        make: |size| text("local function f() end\n".to_owned() + &"f(function() return f end)\n".repeat(size)),
    },
    Shape { name: "lua/upvalues", size: 1000, make: upvalues },
    Shape { name: "lua/statements", size: 2000, make: |size| text("x = y + 1\n".repeat(size)) },
    Shape {
        name: "lua/scopes_in_a_row",
        size: 2000,
        make: |size| text("do local a = 1; local b = a end\n".repeat(size)),
    },
    Shape {
        name: "lua/names",
        size: 2000,
        make: |size| text(repeat(size, |number| format!("name{number} = name{}\n", number / 2))),
    },
    Shape { name: "lua/numbers", size: 2000, make: |size| text(repeat(size, |number| format!("x = {number}.5\n"))) },
    Shape { name: "lua/labels", size: 2000, make: |size| text(repeat(size, |number| format!("::l{number}::\n"))) },
    Shape { name: "lua/gotos_forward", size: 1000, make: gotos_forward },
    Shape {
        name: "lua/gotos_to_one_label",
        size: 2000,
        make: |size| text("if x then goto done end\n".repeat(size) + "::done::\n"),
    },
    Shape { name: "lua/gotos_backward", size: 1000, make: gotos_backward },
    Shape { name: "lua/gotos_past_labels", size: 1000, make: gotos_past_labels },
    Shape {
        name: "lua/breaks",
        size: 2000,
        make: |size| text(format!("while x do\n{}end\n", "if y then break end\n".repeat(size))),
    },
    Shape { name: "lua/breaks_and_gotos", size: 1000, make: breaks_and_gotos },
    Shape {
        name: "lua/concatenations",
        size: 2000,
        make: |size| text("local a = \"a\"\n".to_owned() + &"x = a .. x .. a .. 1\n".repeat(size)),
    },
    Shape {
        name: "lua/long_concatenation",
        size: 190,
        make: |size| text(repeat(size / 19, |_| format!("x = {}\n", join(180, " .. ", |_| "a".into())))),
    },
    Shape {
        name: "lua/long_sum",
        size: 2000,
        make: |size| text(format!("x = {}\n", join(size, " + ", |_| "a".into()))),
    },
    Shape {
        name: "lua/long_constant_sum",
        size: 2000,
        make: |size| text(format!("x = {}\n", join(size, " + ", |_| "1".into()))),
    },
    Shape {
        name: "lua/long_and",
        size: 2000,
        make: |size| text(format!("x = {}\n", join(size, " and ", |_| "a".into()))),
    },
    Shape {
        name: "lua/long_or",
        size: 2000,
        make: |size| text(format!("local l = l {}\n l = l {}\n", " or a".repeat(size), " or l".repeat(size))),
    },
    Shape {
        name: "lua/and_or_in_turn",
        size: 2000,
        make: |size| text(format!("if {} then x = 1 end\n", join(size, " or ", |_| "a and b".into()))),
    },
    Shape {
        name: "lua/comparisons",
        size: 2000,
        make: |size| text(format!("x = {}\n", join(size, " == ", |_| "a".into()))),
    },
    Shape {
        name: "lua/elseif",
        size: 2000,
        make: |size| {
            text(format!(
                "local a if a then x = 1\n{}end\n",
                repeat(size, |number| format!("elseif a == {number} then x = {number}\n"))
            ))
        },
    },
    Shape {
        name: "lua/ifs",
        size: 2000,
        make: |size| {
            text(
                "local a if a then x = 1 else x = 2 end\n".to_string()
                    + &"if a == 1 and x then a = 2 else a = 3 end\n".repeat(size),
            )
        },
    },
    Shape {
        name: "lua/loops",
        size: 1000,
        make: |size| {
            text("for i = 1, 2 do x = i end for k, v in next, t do x = k end while x == 1 do x = 2 end\n".repeat(size))
        },
    },
    Shape { name: "lua/repeats", size: 1000, make: |size| text("repeat local a = x until a == x\n".repeat(size)) },
    Shape {
        name: "lua/table_items",
        size: 5000,
        make: |size| text(format!("x = {{{}}}\n", "a, 1, \"s\", ".repeat(size))),
    },
    Shape {
        name: "lua/table_fields",
        size: 5000,
        make: |size| text(format!("x = {{{}}}\n", repeat(size, |number| format!("f{number} = {number}, ")))),
    },
    Shape {
        name: "lua/tables_in_tables",
        size: 2000,
        make: |size| text(format!("x = {{{}}}\n", "{1, {2, {a = 3}}}, ".repeat(size))),
    },
    Shape {
        name: "lua/deep_tables",
        size: 2000,
        make: |size| text(repeat(size / 180, |_| format!("x = {}{}\n", "{a, {".repeat(90), "}}".repeat(90)))),
    },
    Shape {
        name: "lua/functions_in_tables",
        size: 2000,
        make: |size| {
            text(format!(
                "local u x = {{{}}}\n",
                repeat(size, |number| format!("f{number} = function(a) return a, u end, "))
            ))
        },
    },
    Shape { name: "lua/fields", size: 5000, make: |size| text(format!("x = a{}\n", ".b[1]".repeat(size))) },
    Shape {
        name: "lua/calls_of_results",
        size: 2000,
        make: |size| text(format!("local f f = x{}\n", "()(1):m(2)".repeat(size))),
    },
    Shape {
        name: "lua/arguments",
        size: 2000,
        make: |size| text(repeat(size / 100, |_| format!("f({})\n", join(100, ", ", |_| "a".into())))),
    },
    Shape { name: "lua/wide_lists", size: 2000, make: wide_lists },
    Shape { name: "lua/assignments_of_many", size: 2000, make: assignments_of_many },
    Shape {
        name: "lua/locals",
        size: 190,
        make: |size| {
            text(repeat(size / 19, |_| {
                format!("do {} end\n", repeat(180, |number| format!("local a{number} = a{} ", number / 2)))
            }))
        },
    },
    Shape {
        name: "lua/cells",
        size: 1000,
        make: |size| text("do local a = 1; a = 2; f = function() a = a + 1 return a end end\n".repeat(size)),
    },
    Shape {
        name: "lua/closings",
        size: 300,
        make: |size| text("do local a <close> = nil; if x then goto done end end\n".repeat(size) + "::done::\n"),
    },
    Shape { name: "lua/closings_around_returns", size: 300, make: closings_around_returns },
    Shape { name: "lua/deep_blocks", size: 2000, make: |size| lua("x = 1 ", size, "if x then ", " end ") },
    Shape { name: "lua/deep_functions", size: 2000, make: |size| lua("x = 1 ", size, "x = function() ", " end ") },
    Shape {
        name: "lua/deep_parentheses",
        size: 2000,
        make: |size| text(repeat(size / 180, |_| format!("x = {}a{}\n", "(".repeat(180), ")".repeat(180)))),
    },
    Shape {
        name: "lua/unary_operators",
        size: 2000,
        make: |size| text(repeat(size / 180, |_| format!("x = {}a\n", "not ".repeat(180)))),
    },
    Shape { name: "lua/comments", size: 5000, make: |size| text("--[==[ ]] ]=] ]==] -- line\n".repeat(size)) },
    Shape {
        name: "lua/brackets_that_do_not_open",
        size: 5000,
        make: |size| text(format!("x = [{}[ {} ]{}]\n", "=".repeat(size), "]=".repeat(size), "=".repeat(size))),
    },
    Shape {
        name: "lua/long_strings",
        size: 5000,
        make: |size| {
            text(format!("x = \"{}\" y = [[{}]]\n", "\\z  \\065\\u{48}".repeat(size), "line\r\n".repeat(size)))
        },
    },
    Shape {
        name: "lua/strings",
        size: 2000,
        make: |size| text(repeat(size, |number| format!("x = \"string {number}\"\n"))),
    },
    Shape { name: "lua/empty_statements", size: 5000, make: |size| text(";".repeat(size)) },
    Shape { name: "lua/error_at_the_end", size: 5000, make: |size| text("local a = b + c\n".repeat(size) + "x = = 1") },
    Shape {
        name: "lua/caught_errors",
        size: 300,
        make: |size| text(repeat(size, |_| "pcall(function() local a = nil; a.b = 1 end)\n".into())),
    },
    Shape {
        name: "lua/tracebacks",
        size: 200,
        make: |size| {
            text(repeat(size, |_| "x = xpcall(function() local a = nil; a.b = 1 end, debug.traceback)\n".into()))
        },
    },
    Shape {
        name: "lua/loads",
        size: 200,
        make: |size| text(format!("for i = 1, {size} do load(\"return \" .. i)() end\n")),
    },
    Shape {
        name: "lua/varargs",
        size: 2000,
        make: |size| {
            text(
                "local a, b = ...\nf(...)\nx = {...}\n".repeat(size / 190)
                    + &"x = (...)\ny = {..., ...}\n".repeat(size),
            )
        },
    },
];

fn text(source: String) -> Input {
    Input::Lua(source)
}

/// Nests `open` as deep as may be, `size` times in all.
fn lua(body: &str, size: usize, open: &str, close: &str) -> Input {
    let depth = 150;
    text(repeat(size / depth + 1, |_| format!("{}{body}{}\n", open.repeat(depth), close.repeat(depth))))
}

fn upvalues(size: usize) -> Input {
    let locals = join(190, ", ", |number| format!("u{number}"));
    let sum = join(190, " + ", |number| format!("u{number}"));
    text(format!(
        "local {locals} = x\n{}",
        repeat(size / 50, |_| format!("x = function() u1 = x return function() return {sum} end end\n"))
    ))
}

/// Jumps to labels that all come at the end, in order.
fn gotos_forward(size: usize) -> Input {
    let jumps = repeat(size, |number| format!("if x then goto l{number} end\n"));
    text(jumps + &repeat(size, |number| format!("::l{number}:: x = 1\n")))
}

fn gotos_backward(size: usize) -> Input {
    let labels = repeat(size, |number| format!("::l{number}:: x = 1\n"));
    text(labels + &repeat(size, |number| format!("if x == 7 then goto l{number} end\n")))
}

/// Jumps that wait while other labels come by, in blocks of their own.
fn gotos_past_labels(size: usize) -> Input {
    let jumps = "if x then goto done end\n".repeat(size);
    text(jumps + &repeat(size, |number| format!("do ::l{number}:: x = 1 end\n")) + "::done::\n")
}

/// Loops that end their `break`s while jumps out of them wait.
fn breaks_and_gotos(size: usize) -> Input {
    let jumps = "if x then goto done end\n".repeat(size);
    text(jumps + &"while x do if x then goto done end break end\n".repeat(size) + "::done::\n")
}

/// More values than there are targets.
fn wide_lists(size: usize) -> Input {
    text(format!(
        "local a = {}\nx = {}\nfor i = 1, 0 do return {} end\n",
        join(size, ", ", |_| "y".into()),
        join(size, ", ", |_| "y".into()),
        join(200, ", ", |_| "y".into())
    ))
}

fn assignments_of_many(size: usize) -> Input {
    let targets = join(100, ", ", |number| format!("t[a{number}]"));
    let locals = join(100, ", ", |number| format!("a{number}"));
    let one = format!("{targets} = {locals}\n{locals} = {locals}\n");
    text(format!("local {locals}\nif a1 then\n{}end\n", one.repeat(size / 100)))
}

/// Returns from within many variables that are closed.
fn closings_around_returns(size: usize) -> Input {
    let open = "local a <close> = nil; ".repeat(50);
    text(repeat(size / 50, |_| format!("x = function() {open} {} end\n", "if x then return x, y end ".repeat(10))))
}
