//! The code of small chunks, by a short printed form.

use super::program;
use minivm_isa::entities::{Block, Reg};
use minivm_isa::operand::OperandRef;
use minivm_isa::program::{Constant, Function, FunctionDef};
use minivm_isa::{Input, Operand, Verified};
use std::fmt::Write;

/// The code of all functions with code.
fn dump(program: &Verified) -> String {
    let mut text = String::new();
    for (number, definition) in program.functions.iter() {
        let FunctionDef::Code(function) = definition else { continue };
        writeln!(text, "{number} {}", function.name).expect("a string");
        for block in function.blocks.keys() {
            writeln!(text, "{block}:").expect("a string");
            for index in function.block_range(block) {
                writeln!(text, "    {}", show(function, index)).expect("a string");
            }
        }
        for region in &function.regions {
            let (start, end) = (region.start, region.end);
            writeln!(text, "region {start}..{end} -> {} ({})", region.handler, region.error).expect("a string");
        }
    }
    text
}

fn show(function: &Function, index: usize) -> String {
    let instruction = &function.code[index];
    let mut text = instruction.info().name.to_owned();
    let register = |register: Reg| format!("r{}", register.as_u32());
    let input = |operand: Operand| match operand.input() {
        Input::Reg(reg) => register(reg),
        Input::Const(constant) => match &function.constants[constant] {
            Constant::Integer(value) => value.to_string(),
            Constant::Float(bits) => format!("{:?}", f64::from_bits(*bits)),
            Constant::String(bytes) => format!("\"{}\"", bytes.escape_ascii()),
            other => format!("{other:?}").to_lowercase(),
        },
    };
    let list = |items: Vec<String>| format!("({})", items.join(" "));
    instruction.for_each_operand(|_, operand| {
        let shown = match operand {
            OperandRef::Out(reg, _) | OperandRef::InOut(reg, _) => register(reg),
            OperandRef::In(operand, _) => input(operand),
            OperandRef::Outs(regs, _) => list(regs.iter().map(|&reg| register(reg)).collect()),
            OperandRef::Ins(operands, _) => list(operands.iter().map(|&operand| input(operand)).collect()),
            OperandRef::Target(block) => block.to_string(),
            OperandRef::Targets(blocks) => list(blocks.iter().map(Block::to_string).collect()),
            OperandRef::Index(kind, index) => format!("{kind:?}{index}").to_lowercase(),
            OperandRef::Immediate(_, value) => format!("#{value}"),
        };
        text.push(' ');
        text.push_str(&shown);
    });
    text
}

/// Fails unless the code of the first function of `source` is `expect`.
fn check(source: &str, expect: &str) {
    let text = dump(&program(source));
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let first = lines(&text).into_iter().skip(1).take_while(|line| !line.starts_with("func")).collect::<Vec<_>>();
    assert_eq!(first, lines(expect), "{source}\n{text}");
}

/// Prints the code of the file named by `MINIVM_DUMP`, if any.
#[test]
fn print_dump() {
    if let Some(path) = std::env::var_os("MINIVM_DUMP") {
        let source = std::fs::read_to_string(path).expect("a file");
        eprintln!("{}", dump(&program(&source)));
    }
}

#[test]
fn values_go_where_they_are_wanted() {
    check(
        "local a = ... ; local b = a + 1; b = b * a - 2; return b",
        "
        block0:
            varargs (r0)
            add r1 r0 1
            mul r2 r1 r0
            sub r1 r2 2
            return_values (r1)
    ",
    );
    check(
        "local a, b = 1, f(); a, b = b, a + b; return a.x.y",
        "
        block0:
            copy r0 1
            capture_get r2 #0
            get r2 r2 \"f\"
            call_any (r1) r2 ()
            copy r3 r1
            add r1 r0 r1
            copy r0 r3
            get r2 r0 \"x\"
            get r2 r2 \"y\"
            return_values (r2)
    ",
    );
}

#[test]
fn targets_of_one_assignment_do_not_disturb_each_other() {
    check(
        "local i, t = 1, {}; i, t[i] = i + 1, 20; t[i], t = i, nil",
        "
        block0:
            copy r0 1
            table_new r1 #0 #0
            copy r2 r0
            add r3 r0 1
            set r1 r2 20
            copy r0 r3
            copy r2 r1
            copy r1 nil
            set r2 r0 r0
            return_values ()
    ",
    );
}

#[test]
fn a_turn_of_a_loop_takes_one_jump() {
    check(
        "local i = 0; while i < 10 do i = i + 1 if i == 5 then break end end",
        "
        block0:
            copy r0 0
            jump block2
        block1:
            add r0 r0 1
            branch_equal r0 5 block3 block2
        block2:
            branch_less r0 10 block1 block3
        block3:
            return_values ()
    ",
    );
    check(
        "for k in next, ... do f(k) end",
        "
        block0:
            capture_get r4 #0
            get r0 r4 \"next\"
            varargs (r1 r2 r3)
            branch_truthy r3 block1 block2
        block1:
            ref_func r4 func1
            call_any () r4 (r3 \"(for state)\")
            jump block2
        block2:
            jump block3
        block3:
            jump block5
        block4:
            capture_get r4 #0
            get r4 r4 \"f\"
            call_any () r4 (r2)
            jump block5
        block5:
            for_each (r2) r0 r1 r2 block4 block6
        block6:
            jump block8
        block7:
            ref_func r4 func2
            call_any () r4 (r3 r5)
            throw r5
        block8:
            branch_truthy r3 block9 block10
        block9:
            ref_func r4 func2
            call_any () r4 (r3 nil)
            jump block10
        block10:
            jump block11
        block11:
            return_values ()
        region block3..block7 -> block7 (r5)
    ",
    );
}

#[test]
fn choices_test_each_operand_once() {
    check(
        "local a, b = ...; local c = a and b or 1; if not (a == b) and c then f() end",
        "
        block0:
            varargs (r0 r1)
            branch_truthy r0 block1 block2
        block1:
            copy r2 r1
            branch_truthy r2 block3 block2
        block2:
            copy r2 1
            jump block3
        block3:
            branch_equal r0 r1 block6 block4
        block4:
            branch_truthy r2 block5 block6
        block5:
            capture_get r3 #0
            get r3 r3 \"f\"
            call_any () r3 ()
            jump block6
        block6:
            return_values ()
    ",
    );
}

#[test]
fn captured_variables_are_copied_or_in_cells() {
    check(
        "local a, b, n = {}, 0, 5; local function f() b = n; return f, a end; n = n",
        "
        block0:
            table_new r0 #0 #0
            copy r1 0
            copy r2 5
            cell_new r3 r1
            cell_new r4 r2
            closure r2 func1 (r3 r4 r0)
            cell_get r5 r4
            cell_set r4 r5
            return_values ()
    ",
    );
}

#[test]
fn variables_are_closed_on_every_way_out() {
    check(
        "local c <close> = ...; if c then return c, 1 end",
        "
        block0:
            varargs (r0)
            ref_func r1 func1
            call_any () r1 (r0 \"c\")
            jump block1
        block1:
            branch_truthy r0 block2 block3
        block2:
            jump block5
        block3:
            jump block6
        block4:
            ref_func r1 func2
            call_any () r1 (r0 r2)
            throw r2
        block5:
            ref_func r1 func2
            call_any () r1 (r0 nil)
            return_values (r0 1)
        block6:
            ref_func r1 func2
            call_any () r1 (r0 nil)
            return_values ()
        region block1..block4 -> block4 (r2)
    ",
    );
}

#[test]
fn too_large_is_an_error_with_a_place() {
    let error = crate::compile(format!("x = 1\nf({}1)", "1, ".repeat(70_000)).as_bytes(), "=chunk");
    let error = error.expect_err("no machine has room for that");
    assert_eq!(error.to_string(), "chunk:2: function or expression needs too many registers");
}
