//! What the test files share.
#![allow(dead_code, reason = "not every test file uses all of it")]
#![allow(unreachable_pub, reason = "it is a module of several test crates")]

use minivm_isa::program::{Function, FunctionDef};
use minivm_isa::{Allowance, Program};
use minivm_wasm::{Features, WasmError, parse_text, translate, translate_later};
use std::fmt::Write;

/// Translates text or bytes.
pub fn translate_any(input: &[u8], name: &str) -> Result<Program, WasmError> {
    translate(&parse_text(input, name)?, name)
}

/// Translates and verifies a module that must be right.
pub fn check(input: &[u8], name: &str) -> Program {
    let program = translate_any(input, name).unwrap_or_else(|error| panic!("{name}: {error}"));
    verify(&program, name);
    program
}

/// The verified program of a module whose functions are translated later; none where something else of it is wrong.
pub fn made_later(bytes: Vec<u8>) -> Option<minivm_isa::Verified> {
    let name = "mutated";
    let program = translate_later(bytes, name, Features::default(), &mut Allowance::default()).ok()?;
    Some(minivm_isa::verify(program).unwrap_or_else(|rejections| panic!("{name}: {}", rejections[0])))
}

/// Fails with all rejections.
pub fn verify(program: &Program, name: &str) {
    let rejections = minivm_isa::verify::check(program);
    if !rejections.is_empty() {
        let list: String = rejections.iter().take(20).map(|rejection| format!("\n  {rejection}")).collect();
        let code: String = program.functions.values().map(|def| format!("\n{}", show(def))).collect();
        panic!("{name}: rejected:{list}{}", &code[..code.len().min(20_000)]);
    }
}

/// One instruction a line.
pub fn show(def: &FunctionDef) -> String {
    match def {
        FunctionDef::Import { import, .. } => format!("import {} {}\n", import.module, import.name),
        FunctionDef::Code(function) => show_code(function),
    }
}

fn show_code(function: &Function) -> String {
    let mut text = format!("{}:\n", function.name);
    for (block, &start) in &function.blocks {
        writeln!(text, " {block}: @{start}").unwrap();
        for instruction in &function.code[function.block_range(block)] {
            write!(text, "  {}", instruction.info().name).unwrap();
            instruction.for_each_operand(|_, operand| {
                use minivm_isa::Input;
                use minivm_isa::operand::OperandRef;
                let input = |operand: minivm_isa::Operand| match operand.input() {
                    Input::Reg(register) => register.to_string(),
                    Input::Const(constant) => format!("{:?}", function.constants[constant]),
                };
                match operand {
                    OperandRef::Out(register, _) => write!(text, " {register} ="),
                    OperandRef::In(value, _) => write!(text, " {}", input(value)),
                    OperandRef::InOut(register, _) => write!(text, " {register}"),
                    OperandRef::Outs(registers, _) => write!(text, " {registers:?} ="),
                    OperandRef::Ins(values, _) => {
                        write!(text, " ({})", values.iter().map(|&value| input(value)).collect::<Vec<_>>().join(", "))
                    }
                    OperandRef::Target(block) => write!(text, " {block}"),
                    OperandRef::Targets(blocks) => write!(text, " {blocks:?}"),
                    OperandRef::Index(kind, index) => write!(text, " {kind:?}{index}"),
                    OperandRef::Immediate(_, value) => write!(text, " {value}"),
                }
                .unwrap();
            });
            text.push('\n');
        }
    }
    text
}
