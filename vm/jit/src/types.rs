//! Types of the bytecode as types of machine registers, and the calling convention between native functions.

use cranelift_codegen::ir::{self, AbiParam, types};
use cranelift_codegen::isa::CallConv;
use minivm_isa::{Convention, Signature, Type};

/// The machine type of a register; none for what stays in the frame.
pub(crate) fn native(ty: Type) -> Option<ir::Type> {
    match ty {
        Type::I32 => Some(types::I32),
        Type::I64 => Some(types::I64),
        Type::F32 => Some(types::F32),
        Type::F64 => Some(types::F64),
        Type::V128 => Some(types::I8X16),
        Type::Any | Type::Cell | Type::Ref(_) => None,
    }
}

/// Whether functions of a convention are `any` code.
pub(crate) fn is_dynamic(convention: Convention) -> bool {
    convention != Convention::Typed
}

/// The types of a list with the word that each begins at.
pub(crate) fn words(list: &[Type]) -> impl Iterator<Item = (Type, u32)> + '_ {
    let mut next = 0;
    list.iter().map(move |&ty| {
        let word = next;
        next += ty.words();
        (ty, word)
    })
}

/// How native functions call one another: context, registers, fuel, then all parameters that machine registers hold; fuel, then
/// all results that they hold. The others are in frames. What is entered at a loop does not read the parameters.
pub(crate) fn signature(signature: &Signature) -> ir::Signature {
    let held = |list: &[Type]| list.iter().filter_map(|&ty| native(ty)).map(AbiParam::new).collect::<Vec<_>>();
    let mut found = ir::Signature::new(CallConv::Tail);
    found.params = vec![AbiParam::new(types::I64); 3];
    found.params.extend(held(&signature.params));
    found.returns = vec![AbiParam::new(types::I64)];
    found.returns.extend(held(&signature.results));
    found
}

/// As [`signature`], of functions of `any` code: context, registers, fuel; fuel, and the first result as payload and tag.
/// Parameters are in the frame.
pub(crate) fn dynamic_signature() -> ir::Signature {
    let mut found = ir::Signature::new(CallConv::Tail);
    found.params = vec![AbiParam::new(types::I64); 3];
    found.returns = [types::I64, types::I64, types::I32].map(AbiParam::new).to_vec();
    found
}

/// `refuel(context, fuel)`, which keeps all registers and leaves its result in the context.
pub(crate) fn refuel_signature() -> ir::Signature {
    let mut found = ir::Signature::new(CallConv::PreserveAll);
    found.params = vec![AbiParam::new(types::I64); 2];
    found
}
