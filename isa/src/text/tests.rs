//! Tests of the text form.

use super::*;
use crate::program::FunctionDef;

/// A program in exactly the form in which it prints.
const SHAPE: &str = r#"minivm 1
target "wasm32-wasi"
source0 = "fib.lua" {
  "local function fib(n)\n"
  "end"
}
sig0 = (any) dynamic
sig1 = (i32) -> (i64)
layout0 = record (i8, any, ref.layout0)
layout1 = array (f64)
global0 = mutable i32 -1
global1 = any import "env" "g"
memory0 = i32 1 maximum 16
table0 = i32 function 10 nil
data0 = active memory0 1024 { "a\x00" }
elem0 = function active table0 add (0, 1) (func0, nil, global1)
export "fib" func1
start func2
custom "note" { "ä\xff" }
func0 import "m" "f" sig1 (i32) -> (i64)

func1 "fib" sig0 (any) dynamic {
  captures any, cell
  capture_names "a"
  registers r1: any, r2: i64, r3: f64, r4: i32
  region catch block0..block1 handler block2 error r1
  local "n" r0 0..3
block0:  ; 0
  at source0 line 3 bytes 10..20
  branch_less r0, 2, block1, block2
block1:  ; 1
  r2 = call func0 (i32:7)  ; import "m" "f"
  r3 = f64_add 7.0, nan:0x7ff8000000000001
  r3 = f64_add -0.0, inf
  r2 = i64_add r2, 9223372036854775807
  r4 = i32_load memory0, 16, +8
  r1 = call_any r0 ("x\x00\n", nil, true, 1, 1.0, -inf)
  branch_kind r1, integer, block1, block2
block2:  ; 8
  branch_table r4 (block0, block1), block2
block3:  ; 9
  trap integer_divide_by_zero
}

func2 "start" sig0 (any) dynamic {
  const0 = f32:1.5
  const1 = 1
  const2 = 1
block0:  ; 0
  return_values (const2, 1)
}
"#;

#[test]
fn prints_as_it_was_written() {
    let program = parse(SHAPE).unwrap();
    assert_eq!(program.to_string(), SHAPE);
}

#[test]
fn single_instructions_print() {
    let program = parse(SHAPE).unwrap();
    let Some(FunctionDef::Code(function)) = program.functions.values().nth(1) else { unreachable!() };
    let line = InstructionText { program: None, function, instruction: &function.code[1] };
    assert_eq!(line.to_string(), "r2 = call func0 (i32:7)");
}

#[test]
fn signatures_may_stand_in_the_function() {
    let short =
        parse("func0 \"f\" (any) dynamic {\nblock0:\n throw r0\n}\nfunc1 import \"\" \"\" (any) dynamic").unwrap();
    let long =
        parse("sig0 = (any) dynamic\nfunc0 \"f\" sig0 {\nblock0:\n throw r0\n}\nfunc1 import \"\" \"\" sig0").unwrap();
    assert_eq!(short, long);
}

#[test]
fn errors_have_places() {
    let check = |text: &str, expected: &[&str]| {
        let found: Vec<String> = parse(text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        "minivm 2",
        &["1:8: this is text form 2, but this build reads versions 0 to 1: a newer release of MiniVM reads it"],
    );
    check("\n  nonsense", &["2:3: an item of a program is expected, found 'nonsense'"]);
    check("sig1 = ()", &["1:1: sig0 is next, found sig1"]);
    check("sig0 = (any", &["1:12: ',' is expected, found the end of the text"]);
    check("sig0 = (i9)", &["1:9: a type is expected, found 'i9'"]);
    check("export \"a", &["1:8: the string does not end on this line"]);
    check("export \"\\q\" func0", &["1:9: after '\\' comes one of n r t x \\ \""]);
    check("export \"ä\" ?", &["1:12: '?' has no meaning here"]);
    check("global0 = i32 4294967296", &["1:15: a number of type i32 is expected, found '4294967296'"]);
    check("global0 = f64 nan:0x1", &["1:19: a number of type f64 is expected, found 'nan'"]);
    check("start func4294967295", &["1:7: func with a number is expected, found 'func4294967295'"]);
    check(
        "func0 \"f\" {\n nonsense\n}\n+",
        &["1:11: a signature is expected, found '{'", "4:1: '+' has no meaning here"],
    );
    check(
        "func0 \"f\" () {\nblock0:\n r0 = bad 1\n trap 0 0\n r1 = trap 0\n jump\n get r0, r0\n}",
        &[
            "3:7: there is no instruction 'bad'",
            "4:9: the end of the line is expected, found '0'",
            "5:12: trap has 0 results, found 1",
            "6:6: block with a number is expected, found the end of the line",
            "7:2: get has more results than stand before '='",
        ],
    );
    check("func0 \"f\" () {\n trap 0", &["2:8: an instruction or '}' is expected, found the end of the text"]);
}

#[test]
fn errors_are_counted() {
    assert_eq!(parse(&"?\n".repeat(1000)).unwrap_err().len(), 100);
    let nested = format!("global0 = i32 {}", "add (".repeat(200));
    assert_eq!(parse(&nested).unwrap_err()[0].message, "an initial value nests at most 100 deep");
}
