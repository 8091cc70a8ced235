//! Functions in the place of those that nobody has for a program: calling one is an error with its name.

use crate::script::with_types_of;
use minivm_isa::program::{FunctionDef, Import, Program};
use minivm_isa::verify::Verified;
use minivm_isa::{Instruction, program::Constant};

/// The functions that a program imports and nobody has, as `is_there` says, and a program that exports one for each, by its place in
/// the list.
pub fn stubs(program: &Program, is_there: impl Fn(&Import) -> bool) -> (Vec<Import>, Verified) {
    let mut builder = with_types_of(program);
    let mut missing: Vec<Import> = Vec::new();
    for function in program.functions.values() {
        let FunctionDef::Import { import, signature } = function else { continue };
        if is_there(import) || missing.contains(import) {
            continue;
        }
        let name = format!("{}.{}", import.module, import.name);
        let mut f = builder.function(name.as_str(), program.signatures[*signature].clone());
        let message = f.constant(Constant::String(format!("unknown import '{name}' was called").into_bytes().into()));
        f.emit(Instruction::Throw { value: message });
        let function = builder.add(f).expect("a stub is small");
        builder.export_function(missing.len().to_string(), function);
        missing.push(import.clone());
    }
    (missing, builder.finish().expect("stubs verify"))
}
