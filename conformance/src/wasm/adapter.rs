//! Calls of typed functions bit for bit.
//!
//! Values have no `f32`, so a NaN does not survive the way through them. An adapter program imports what an instance
//! exports and exports it again with integers of the same bits in place of floats.

use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::Reg;
use minivm_isa::program::{Export, FunctionDef, GlobalDef, Import, Item, Origin, Program};
use minivm_isa::verify::Verified;
use minivm_isa::{Operand, Signature, Type};

/// The type that stands for a type at the border.
fn face(ty: Type) -> Type {
    match ty {
        Type::F32 => Type::I32,
        Type::F64 => Type::I64,
        other => other,
    }
}

/// A signature with the faces of its types.
fn faces(types: &[Type]) -> Vec<Type> {
    types.iter().copied().map(face).collect()
}

/// The program that stands between scripts and an instance of `program`, which can be imported as `module`. A getter has
/// the name of its global.
pub(super) fn adapter(program: &Program, module: &str) -> Verified {
    let mut builder = ProgramBuilder::new();
    let imports: Vec<_> = program.exports.iter().map(|export| import(&mut builder, program, module, export)).collect();
    for (export, imported) in program.exports.iter().zip(imports) {
        let function = match imported {
            Some(Imported::Function(callee, signature)) => {
                let face = Signature::typed(&faces(&signature.params), &faces(&signature.results));
                let mut f = builder.function(export.name.clone(), face);
                let arguments: Vec<Operand> = (signature.params.iter().enumerate())
                    .map(|(index, &ty)| from_face(&mut f, index, ty).into())
                    .collect();
                let results: Vec<Reg> = signature.results.iter().map(|&ty| f.register(ty)).collect();
                f.call(&results, callee, &arguments);
                let values: Vec<Operand> = results.iter().map(|&result| to_face(&mut f, result).into()).collect();
                f.return_values(&values);
                f
            }
            Some(Imported::Global(global, ty)) => {
                let mut f = builder.function(export.name.clone(), Signature::typed(&[], &[face(ty)]));
                let value = f.register(ty);
                f.to(value).global_get(global);
                let result = to_face(&mut f, value);
                f.return_values(&[result.into()]);
                f
            }
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
}

fn import(builder: &mut ProgramBuilder, program: &Program, module: &str, export: &Export) -> Option<Imported> {
    match export.item {
        Item::Function(function) => {
            let number = match &program.functions[function] {
                FunctionDef::Import { signature, .. } => *signature,
                FunctionDef::Code(code) => code.signature,
            };
            let signature = program.signatures[number].clone();
            let function = builder.import_function(module, export.name.clone(), signature.clone());
            Some(Imported::Function(function, signature))
        }
        Item::Global(global) => {
            let GlobalDef { ty, mutable, .. } = program.globals[global];
            let origin = Origin::Import(Import { module: module.to_owned(), name: export.name.clone() });
            Some(Imported::Global(builder.add_global(GlobalDef { ty, mutable, origin }), ty))
        }
        Item::Memory(_) | Item::Table(_) => None,
    }
}

fn from_face(f: &mut FunctionBuilder, param: usize, ty: Type) -> Reg {
    let param = f.param(param);
    match ty {
        Type::F32 => f.f32_reinterpret_i32(param),
        Type::F64 => f.f64_reinterpret_i64(param),
        _ => param,
    }
}

fn to_face(f: &mut FunctionBuilder, value: Reg) -> Reg {
    match f.register_type(value) {
        Type::F32 => f.i32_reinterpret_f32(value),
        Type::F64 => f.i64_reinterpret_f64(value),
        _ => value,
    }
}
