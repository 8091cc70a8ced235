//! Calls of typed functions bit for bit.
//!
//! Values have no `f32`, so a NaN does not survive the way through them. An adapter program imports what an instance
//! exports and exports it again with integers of the same bits in place of floats. A memory becomes a function that sums
//! up what is in it.

use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::Reg;
use minivm_isa::program::{Export, FunctionDef, GlobalDef, Import, Item, MemoryDef, Origin, PAGE_BITS, Program};
use minivm_isa::verify::Verified;
use minivm_isa::{Operand, Signature, Type};

/// The types that stand for a type at the boundary.
pub fn face(ty: Type) -> &'static [Type] {
    match ty {
        Type::I32 | Type::F32 => &[Type::I32],
        Type::I64 | Type::F64 => &[Type::I64],
        Type::V128 => &[Type::I64, Type::I64],
        Type::Any | Type::Cell | Type::Ref(_) => &[Type::Any],
    }
}

/// A signature with the faces of its types.
fn faces(types: &[Type]) -> Vec<Type> {
    types.iter().flat_map(|&ty| face(ty)).copied().collect()
}

/// A program without anything but types, which have the numbers that they have in another one.
pub(crate) fn with_types_of(program: &Program) -> ProgramBuilder {
    let mut builder = ProgramBuilder::new();
    for signature in program.signatures.values() {
        builder.new_signature(signature.clone());
    }
    for layout in program.layouts.values() {
        builder.layout(layout.clone());
    }
    for ty in program.types.values() {
        builder.declared_type(ty.clone());
    }
    builder
}

/// The program that stands between scripts and an instance of `program`, which can be imported as `module`. A getter has
/// the name of its global.
pub fn adapter(program: &Program, module: &str) -> Verified {
    let mut builder = with_types_of(program);
    let imports: Vec<_> = program.exports.iter().map(|export| import(&mut builder, program, module, export)).collect();
    for (export, imported) in program.exports.iter().zip(imports) {
        let function = match imported {
            Some(Imported::Function(callee, signature)) => {
                let boundary = Signature::typed(&faces(&signature.params), &faces(&signature.results));
                let mut f = builder.function(export.name.clone(), boundary);
                let mut next = 0;
                let mut arguments: Vec<Operand> = Vec::new();
                for &ty in &signature.params {
                    arguments.push(from_face(&mut f, next, ty).into());
                    next += face(ty).len();
                }
                let results: Vec<Reg> = signature.results.iter().map(|&ty| f.register(ty)).collect();
                f.call(&results, callee, &arguments);
                let values: Vec<Operand> = results.iter().flat_map(|&result| to_face(&mut f, result)).collect();
                f.return_values(&values);
                f
            }
            Some(Imported::Global(global, ty)) => {
                let mut f = builder.function(export.name.clone(), Signature::typed(&[], face(ty)));
                let value = f.register(ty);
                f.to(value).global_get(global);
                let results = to_face(&mut f, value);
                f.return_values(&results);
                f
            }
            Some(Imported::Memory(memory)) => sum_of(&mut builder, &export.name, memory),
            None => continue,
        };
        let function = builder.add(function).expect("an adapter is small");
        builder.export_function(export.name.clone(), function);
    }
    builder.finish().expect("an adapter verifies")
}

enum Imported {
    Function(minivm_isa::entities::Func, Signature),
    Global(minivm_isa::entities::Global, Type),
    Memory(minivm_isa::entities::Memory),
}

fn import(builder: &mut ProgramBuilder, program: &Program, module: &str, export: &Export) -> Option<Imported> {
    match export.item {
        Item::Function(function) => {
            let number = match &program.functions[function] {
                FunctionDef::Import { signature, .. } => *signature,
                FunctionDef::Code(code) => code.signature,
            };
            let signature = program.signatures[number].clone();
            let import = Import { module: module.to_owned(), name: export.name.clone() };
            let function = builder.import_function_with(import, number);
            Some(Imported::Function(function, signature))
        }
        // A tag is nothing that could be called.
        Item::Global(global) if program.globals[global].holds.is_tag() => None,
        Item::Global(global) => {
            let GlobalDef { ty, mutable, holds, .. } = program.globals[global];
            let origin = Origin::Import(Import { module: module.to_owned(), name: export.name.clone() });
            Some(Imported::Global(
                builder.add_global(GlobalDef { name: String::new(), ty, mutable, holds, origin }),
                ty,
            ))
        }
        Item::Memory(memory) => {
            let MemoryDef { minimum, maximum, is_64, is_shared, page_bits, .. } = program.memories[memory];
            let origin = Origin::Import(Import { module: module.to_owned(), name: export.name.clone() });
            let memory = MemoryDef { origin, minimum, maximum, is_64, is_shared, page_bits };
            (!is_64 && page_bits == PAGE_BITS).then(|| Imported::Memory(builder.add_memory(memory)))
        }
        Item::Table(_) => None,
    }
}

/// What the function for a memory returns: for each word `sum = (sum rotated left by 5) ^ word`.
pub fn sum(memory: &[u8]) -> i64 {
    let words = memory.chunks_exact(8).map(|word| i64::from_le_bytes(word.try_into().expect("it has 8 bytes")));
    words.fold(0, |sum: i64, word| sum.rotate_left(5) ^ word)
}

fn sum_of(builder: &mut ProgramBuilder, name: &str, memory: minivm_isa::entities::Memory) -> FunctionBuilder {
    let mut f = builder.function(name, Signature::typed(&[], &[Type::I64]));
    let (address, pages, sum) = (f.register(Type::I32), f.register(Type::I32), f.register(Type::I64));
    let (page, body, done) = (f.block(), f.block(), f.block());
    f.to(sum).copy(0i64);
    f.to(address).copy(0i32);
    f.to(pages).memory_size(memory);
    f.branch_i32_eq(pages, 0i32, done, body);
    f.switch_to(body);
    let word = f.i64_load(memory, address, 0);
    let rotated = f.i64_rotl(sum, 5i64);
    f.to(sum).i64_xor(rotated, word);
    f.to(address).i32_add(address, 8i32);
    let rest = f.i32_and(address, 0xffffi32);
    f.branch_if(rest, body, page);
    f.switch_to(page);
    f.to(pages).i32_add(pages, -1i32);
    f.branch_if(pages, body, done);
    f.switch_to(done);
    f.return_values(&[sum.into()]);
    f
}

fn from_face(f: &mut FunctionBuilder, param: usize, ty: Type) -> Reg {
    let first = f.param(param);
    match ty {
        Type::F32 => f.f32_reinterpret_i32(first),
        Type::F64 => f.f64_reinterpret_i64(first),
        Type::V128 => {
            let (low, high) = (f.i64x2_splat(first), f.param(param + 1));
            f.i64x2_replace_lane(low, high, 1)
        }
        _ => first,
    }
}

fn to_face(f: &mut FunctionBuilder, value: Reg) -> Vec<Operand> {
    match f.register_type(value) {
        Type::F32 => vec![f.i32_reinterpret_f32(value).into()],
        Type::F64 => vec![f.i64_reinterpret_f64(value).into()],
        Type::V128 => vec![f.i64x2_extract_lane(value, 0).into(), f.i64x2_extract_lane(value, 1).into()],
        _ => vec![value.into()],
    }
}
