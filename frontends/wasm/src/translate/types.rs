//! Value types and block types.

use super::error::WasmError;
use super::exceptions::Tag;
use minivm_isa::entities::{Func, Global, Layout, Sig, Source};
use minivm_isa::program::Constant;
use minivm_isa::{Signature, Storage, Type};
use wasmparser::{BlockType, FuncType, StorageType, ValType};

/// A function type of the module and its number in the program.
pub(super) struct FunctionType {
    pub(super) number: Sig,
    pub(super) signature: Signature,
}

/// A struct or array type of the module.
pub(super) struct ObjectType {
    pub(super) layout: Layout,
    /// What its fields are stored as; an array has one.
    pub(super) fields: Vec<Storage>,
    /// Which field of the layout holds the descriptor, where the type has one.
    pub(super) descriptor: Option<usize>,
}

impl ObjectType {
    /// Where the layout has a field.
    pub(super) fn place(&self, field: u32) -> u64 {
        let is_after = self.descriptor.is_some_and(|descriptor| field as usize >= descriptor);
        u64::from(field) + u64::from(is_after)
    }
}

/// What translating a function body needs to know of the module.
pub(super) struct Context {
    /// The types; what is no function has one without parameters and results here.
    pub(super) types: Vec<FunctionType>,
    /// For each type what it is when it is no function.
    pub(super) objects: Vec<Option<ObjectType>>,
    /// Type index of each function, imported ones first.
    pub(super) functions: Vec<u32>,
    /// The globals of the program, without those for tags.
    pub(super) globals: Vec<(Global, Type)>,
    /// Whether each of them may hold null.
    pub(super) nullable_globals: Vec<bool>,
    pub(super) tags: Vec<Tag>,
    /// Types of addresses of each memory, and of indices of each table.
    pub(super) memories: Vec<Type>,
    pub(super) tables: Vec<Type>,
    pub(super) source: Source,
}

impl Context {
    /// The machine's function that waits on memories: the one after those of the module.
    pub(super) fn wait_function(&self) -> Func {
        Func::from_u32(u32::try_from(self.functions.len()).expect("validation limits functions"))
    }

    /// A struct or array type. Indices come from validated code.
    pub(super) fn object(&self, ty: u32) -> &ObjectType {
        self.objects[ty as usize].as_ref().expect("validation asks for a struct or array here")
    }

    /// Types of what exceptions with a tag carry.
    pub(super) fn tag_params(&self, tag: u32) -> &[Type] {
        &self.types[self.tags[tag as usize].ty as usize].signature.params
    }

    /// The type of a function. Indices come from validated code.
    pub(super) fn function_type(&self, function: u32) -> &FunctionType {
        &self.types[self.functions[function as usize] as usize]
    }
}

/// The register type of a value type; `None` for what is not supported. All references are `any` values: what they refer to is
/// checked where it is used, as bytecode is not trusted to have been validated.
pub(super) fn value_type(ty: ValType) -> Option<Type> {
    match ty {
        ValType::I32 => Some(Type::I32),
        ValType::I64 => Some(Type::I64),
        ValType::F32 => Some(Type::F32),
        ValType::F64 => Some(Type::F64),
        ValType::V128 => Some(Type::V128),
        ValType::Ref(_) => Some(Type::Any),
    }
}

/// What a field is stored as.
pub(super) fn storage(ty: StorageType, offset: u64) -> Result<Storage, WasmError> {
    Ok(match ty {
        StorageType::I8 => Storage::I8,
        StorageType::I16 => Storage::I16,
        StorageType::Val(ty) => Storage::Whole(expect_value_type(ty, offset)?),
    })
}

/// [`value_type`], as an error at `offset` when it is not supported.
pub(super) fn expect_value_type(ty: ValType, offset: u64) -> Result<Type, WasmError> {
    value_type(ty).ok_or_else(|| WasmError::unsupported(offset, format_args!("values of type {ty}")))
}

/// The typed signature of a function type.
pub(super) fn signature(ty: &FuncType, offset: u64) -> Result<Signature, WasmError> {
    let list = |types: &[ValType]| -> Result<Vec<Type>, WasmError> {
        types.iter().map(|&ty| expect_value_type(ty, offset)).collect()
    };
    Ok(Signature::typed(&list(ty.params())?, &list(ty.results())?))
}

/// What a local or a null reference of a type starts as.
pub(super) fn zero(ty: Type) -> Constant {
    match ty {
        Type::I32 => Constant::I32(0),
        Type::I64 => Constant::I64(0),
        Type::F32 => Constant::F32(0),
        Type::F64 => Constant::F64(0),
        Type::V128 => Constant::V128(0),
        Type::Any | Type::Cell | Type::Ref(_) => Constant::Nil,
    }
}

/// The parameters and results of a block.
#[derive(Clone, Copy)]
pub(super) enum BlockShape {
    /// Neither.
    Empty,
    /// One result.
    Result(Type),
    /// Those of a function type.
    Function(u32),
}

impl BlockShape {
    pub(super) fn new(ty: BlockType, offset: u64) -> Result<Self, WasmError> {
        Ok(match ty {
            BlockType::Empty => BlockShape::Empty,
            BlockType::Type(ty) => BlockShape::Result(expect_value_type(ty, offset)?),
            BlockType::FuncType(index) => BlockShape::Function(index),
        })
    }

    /// Types of the parameters.
    pub(super) fn params(self, context: &Context) -> &[Type] {
        match self {
            BlockShape::Empty | BlockShape::Result(_) => &[],
            BlockShape::Function(index) => &context.types[index as usize].signature.params,
        }
    }

    /// Number and types of the results.
    pub(super) fn results(self, context: &Context) -> Results<'_> {
        match self {
            BlockShape::Empty => Results::List(&[]),
            BlockShape::Result(ty) => Results::One(ty),
            BlockShape::Function(index) => Results::List(&context.types[index as usize].signature.results),
        }
    }
}

/// Types of results.
#[derive(Clone, Copy)]
pub(super) enum Results<'a> {
    One(Type),
    List(&'a [Type]),
}

impl Results<'_> {
    pub(super) fn as_slice(&self) -> &[Type] {
        match self {
            Results::One(ty) => std::slice::from_ref(ty),
            Results::List(types) => types,
        }
    }
}
