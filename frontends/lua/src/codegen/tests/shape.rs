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

/// Fails unless the code of `source` is `expect`.
fn check(source: &str, expect: &str) {
    let text = dump(&program(source));
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    assert_eq!(lines(&text), lines(expect), "{source}\n{text}");
}

#[test]
fn print_dump() {
    if let Ok(path) = std::env::var("MINIVM_DUMP") {
        let source = std::fs::read_to_string(path).expect("a file");
        eprintln!("{}", dump(&program(&source)));
    }
    let _ = check;
}
