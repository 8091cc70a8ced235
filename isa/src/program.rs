//! The program container: what a frontend makes, the verifier checks and a machine loads.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::entities::{Block, Const, Data, Declared, Element, Func, Global, Layout, Memory, Reg, Sig, Source, Table};
use crate::instruction::Instruction;
use crate::types::{Signature, Storage, Type};
use cranelift_entity::PrimaryMap;
use std::ops::Range;

/// A constant operand. The first six are `any` values, the others typed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Constant {
    /// The `any` nil; as a `ref`, see [`Instruction::RefNull`].
    Nil,
    /// The `any` false.
    False,
    /// The `any` true.
    True,
    /// An `any` integer.
    Integer(i64),
    /// An `any` float, by its bits.
    Float(u64),
    /// An `any` string.
    String(Box<[u8]>),
    /// A typed 32-bit integer.
    I32(i32),
    /// A typed 64-bit integer.
    I64(i64),
    /// A typed single, by its bits.
    F32(u32),
    /// A typed double, by its bits.
    F64(u64),
    /// 128 bits, little-endian.
    V128(u128),
}

impl Constant {
    /// The type of a register that can hold the constant.
    pub fn ty(&self) -> Type {
        match self {
            Constant::Nil | Constant::False | Constant::True => Type::Any,
            Constant::Integer(_) | Constant::Float(_) | Constant::String(_) => Type::Any,
            Constant::I32(_) => Type::I32,
            Constant::I64(_) => Type::I64,
            Constant::F32(_) => Type::F32,
            Constant::F64(_) => Type::F64,
            Constant::V128(_) => Type::V128,
        }
    }
}

/// An item that comes from outside, named as in WebAssembly by a module and a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// Name of the module.
    pub module: String,
    /// Name of the item in it.
    pub name: String,
}

/// A function of the program.
#[derive(Clone, PartialEq, Debug)]
pub enum FunctionDef {
    /// It is looked up by the linker.
    Import {
        /// Where it comes from.
        import: Import,
        /// What it must be called with.
        signature: Sig,
    },
    /// It has code.
    Code(Code),
}

impl FunctionDef {
    /// The signature, imported or not.
    pub fn signature(&self) -> Sig {
        match self {
            FunctionDef::Import { signature, .. } => *signature,
            FunctionDef::Code(code) => code.signature(),
        }
    }
}

/// The code of one function.
///
/// Blocks are consecutive ranges of `code` in the order of their numbers; `block0` is the entry. An instruction's
/// place in `code` is its canonical index: what spans, fuel, snapshots and errors count in.
#[derive(Clone, PartialEq, Debug)]
pub struct Function {
    /// Name for people; not unique.
    pub name: String,
    /// Parameters and results.
    pub signature: Sig,
    /// Types of the captured values of a closure over this function, each `any` or `cell`.
    pub captures: Vec<Type>,
    /// Types of the registers; parameters come first.
    pub registers: PrimaryMap<Reg, Type>,
    /// Constants that operands name.
    pub constants: PrimaryMap<Const, Constant>,
    /// Index of the first instruction of each block, ascending.
    pub blocks: PrimaryMap<Block, u32>,
    /// The instructions of all blocks.
    pub code: Vec<Instruction>,
    /// Protected regions, inner before outer.
    pub regions: Vec<Region>,
    /// Where instructions come from, ascending; an entry holds up to the next one.
    pub spans: Vec<Span>,
    /// Which register holds which local variable where.
    pub locals: Vec<Local>,
    /// Names of the captured values, as far as known.
    pub capture_names: Vec<String>,
}

impl Function {
    /// Canonical indices of the instructions of a block.
    pub fn block_range(&self, block: Block) -> Range<usize> {
        let start = self.blocks[block] as usize;
        let next = Block::from_u32(block.as_u32() + 1);
        start..self.blocks.get(next).map_or(self.code.len(), |&end| end as usize)
    }

    /// The block that holds an instruction.
    pub fn block_of(&self, instruction: usize) -> Block {
        let starts = self.blocks.values().as_slice();
        let after = starts.partition_point(|&start| start as usize <= instruction);
        Block::from_u32(u32::try_from(after.saturating_sub(1)).expect("blocks are counted in u32"))
    }

    /// The span of an instruction, if the frontend gave one.
    pub fn span_at(&self, instruction: usize) -> Option<&Span> {
        let after = self.spans.partition_point(|span| span.instruction as usize <= instruction);
        self.spans.get(after.checked_sub(1)?)
    }
}

/// What a protected region does with an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegionKind {
    /// The error ends here: the handler decides what happens next.
    Catch,
    /// The handler cleans up and throws the error on. It also runs when a suspended fiber is closed; what nobody on a fiber
    /// catches leaves its clean-ups for when the failed fiber is closed.
    Cleanup,
    /// As `Catch`, but of exceptions only, which are records of an exception layout: traps and other error values pass through.
    Exception,
}

/// A range of blocks whose errors continue at a handler block. Entering and leaving it costs nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// Catch or clean up.
    pub kind: RegionKind,
    /// First block of the region.
    pub start: Block,
    /// First block after the region.
    pub end: Block,
    /// Where an error inside continues; lies outside of the region.
    pub handler: Block,
    /// The `any` register that holds the error value when the handler begins.
    pub error: Reg,
    /// An `any` register with a function that maps the error value first, called where the error happened, before the
    /// stack is unwound.
    pub message_handler: Option<Reg>,
}

/// The line of spans whose place in the source is not known, as in programs that were stripped.
pub const NO_LINE: u32 = u32::MAX;

/// Source position of instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Canonical index of the first instruction it holds for.
    pub instruction: u32,
    /// The file.
    pub source: Source,
    /// Line, from 1; 0 where the file has no lines, as a module in a binary format; [`NO_LINE`] where nobody knows.
    pub line: u32,
    /// First byte in the file. Where the line was found in the line tables of a module, the byte of the module, and `end` is the
    /// same.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

/// A named local variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Local {
    /// The source name.
    pub name: String,
    /// The register that holds it.
    pub register: Reg,
    /// First canonical instruction where the name is visible.
    pub start: u32,
    /// First canonical instruction where it is not visible any more.
    pub end: u32,
}

/// A source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Name as the user gave it.
    pub name: String,
    /// Its text, when it travels with the program.
    pub text: Option<Box<[u8]>>,
}

/// A value that is known before the program runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Initial {
    /// A constant.
    Constant(Constant),
    /// The null of a reference type.
    Null,
    /// A function as an `any` value.
    Function(Func),
    /// The value of a global that stands before it.
    Global(Global),
    /// `lhs op rhs` of two initial values, wrapping (extended constant expressions).
    Arithmetic(InitialOp, Box<Initial>, Box<Initial>),
    /// A new record with those fields, as a reference or an `any` value.
    Record(Layout, Vec<Initial>),
    /// A new array with those elements, as a reference or an `any` value.
    Array(Layout, Vec<Initial>),
    /// A new array of one value, the first of the two, so many times as the second says, an `i32`; as a reference or an `any` value.
    ArrayOf(Layout, Box<[Initial; 2]>),
    /// The low 31 bits of an `i32`, with their sign, as an `any` integer.
    Integer31(Box<Initial>),
    /// An `any` value that is not nil; where it is, linking ends with the trap `null_reference`.
    NotNull(Box<Initial>),
}

/// An operation in an initial value; both sides are `i32` or both `i64`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitialOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
}

/// A global variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GlobalDef {
    /// What it is called in the source; empty if it has no name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether `global_set` may name it.
    pub mutable: bool,
    /// What an `any` global is declared to hold; importer and exporter must agree. Globals of other types say `Any`.
    pub holds: ElementType,
    /// Where it comes from.
    pub origin: Origin<Initial>,
}

/// Imported or defined here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin<T> {
    /// Looked up by the linker.
    Import(Import),
    /// Defined by the program.
    Own(T),
}

/// The binary logarithm of the bytes of a page, where a memory does not say otherwise: pages of 64 KiB.
pub const PAGE_BITS: u8 = 16;

/// A linear memory; sizes in pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemoryDef {
    /// Where it comes from.
    pub origin: Origin<()>,
    /// Pages at the start.
    pub minimum: u64,
    /// Pages it may grow to.
    pub maximum: Option<u64>,
    /// Whether addresses are `i64`.
    pub is_64: bool,
    /// Whether threads share it.
    pub is_shared: bool,
    /// The binary logarithm of the bytes of a page: [`PAGE_BITS`], or 0 for pages of one byte.
    pub page_bits: u8,
}

/// A type of the source language, where signatures and layouts alone do not tell types apart.
///
/// Types that stand one after the other are one group when all but the first are joined. Two types are the same, also in
/// different programs, when they are at the same place in groups whose types have the same forms, supertypes and descriptions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredType {
    /// Whether it belongs to the group of the type before it.
    pub is_joined: bool,
    /// What tells it from others; the numbers mean something to the frontend only. Types are of its group or before it.
    pub form: Vec<FormPart>,
    /// Types before it whose values its values are, too. Casts know the first one.
    pub supertypes: Vec<Declared>,
    /// What has this type.
    pub describes: Described,
}

/// A part of the form of a type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FormPart {
    /// A number.
    Number(u64),
    /// A type.
    Type(Declared),
}

/// What has a declared type: at most one type describes a signature or layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Described {
    /// Only what is declared to be of it.
    Nothing,
    /// Functions of a signature. A function of a subtype can be called with the signature too.
    Signature(Sig),
    /// Records or arrays of a layout. Those of a subtype count as ones of the layout, too.
    Layout(Layout),
}

/// What a table or a global may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElementType {
    /// Functions and nil.
    Function,
    /// Any value.
    Any,
    /// As `Function` or `Any`; the program says more of it, and importer and exporter must agree. An immutable global may be of a
    /// subtype.
    Declared {
        /// Functions and nil only.
        is_function: bool,
        /// The type.
        ty: Declared,
    },
    /// A tag of exceptions: a record of an exception layout that all exceptions with this tag name as their first field, and that
    /// is itself never thrown. Only an immutable global of such a type can be one. It may be declared to carry values of a type.
    Tag(Option<Declared>),
}

/// A table of `any` values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableDef {
    /// Where it comes from; an own table says what fills it.
    pub origin: Origin<Initial>,
    /// What it may hold.
    pub element: ElementType,
    /// Elements at the start.
    pub minimum: u64,
    /// Elements it may grow to.
    pub maximum: Option<u64>,
    /// Whether indices are `i64`.
    pub is_64: bool,
}

/// When a segment is copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentMode<T> {
    /// By an instruction.
    Passive,
    /// At instantiation, to an offset of a memory or table.
    Active(T, Initial),
    /// Never: it only declares (element segments).
    Declared,
}

/// A data segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataDef {
    /// When it is copied, and where to.
    pub mode: SegmentMode<Memory>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An element segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElementDef {
    /// When it is copied, and where to.
    pub mode: SegmentMode<Table>,
    /// What it may hold.
    pub element: ElementType,
    /// Its values.
    pub values: Vec<Initial>,
}

/// The layout of a record or an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LayoutDef {
    /// A fixed number of fields.
    Record(Vec<Storage>),
    /// As `Record`; what is thrown of it is an exception, see [`RegionKind::Exception`].
    Exception(Vec<Storage>),
    /// Any number of elements of one kind.
    Array(Storage),
}

impl LayoutDef {
    /// What its fields or elements are stored as; an array has one for all.
    pub fn storages(&self) -> &[Storage] {
        match self {
            LayoutDef::Record(fields) | LayoutDef::Exception(fields) => fields,
            LayoutDef::Array(element) => std::slice::from_ref(element),
        }
    }
}

impl ElementType {
    /// Whether only functions and nil are held.
    pub fn is_function(self) -> bool {
        match self {
            ElementType::Function | ElementType::Declared { is_function: true, .. } => true,
            ElementType::Any | ElementType::Tag(_) | ElementType::Declared { is_function: false, .. } => false,
        }
    }

    /// Whether any value is held.
    pub fn is_any(self) -> bool {
        match self {
            ElementType::Any | ElementType::Declared { is_function: false, .. } => true,
            ElementType::Function | ElementType::Tag(_) | ElementType::Declared { is_function: true, .. } => false,
        }
    }

    /// Whether it is a tag of exceptions.
    pub fn is_tag(self) -> bool {
        matches!(self, ElementType::Tag(_))
    }

    /// The declared type, if there is one.
    pub fn declared(self) -> Option<Declared> {
        match self {
            ElementType::Declared { ty, .. } => Some(ty),
            ElementType::Tag(ty) => ty,
            ElementType::Function | ElementType::Any => None,
        }
    }

    /// The same with another declared type.
    pub fn with_declared(self, number: impl FnOnce(Declared) -> Declared) -> ElementType {
        match self {
            ElementType::Declared { is_function, ty } => ElementType::Declared { is_function, ty: number(ty) },
            ElementType::Tag(ty) => ElementType::Tag(ty.map(number)),
            ElementType::Function | ElementType::Any => self,
        }
    }
}

/// Something a program exports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// A function.
    Function(Func),
    /// A global.
    Global(Global),
    /// A memory.
    Memory(Memory),
    /// A table.
    Table(Table),
}

/// A named export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// Unique name.
    pub name: String,
    /// What it names.
    pub item: Item,
}

/// A custom section: carried, never interpreted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomSection {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Box<[u8]>,
}

/// A whole program, not yet verified.
#[derive(Clone, PartialEq, Debug)]
pub struct Program {
    /// What it was made for, in words that its frontend and its host agree on, as `wasm32-wasi`; empty where it is for all.
    pub target: String,
    /// Signatures.
    pub signatures: PrimaryMap<Sig, Signature>,
    /// Declared types.
    pub types: PrimaryMap<Declared, DeclaredType>,
    /// Record and array layouts.
    pub layouts: PrimaryMap<Layout, LayoutDef>,
    /// Functions, imported ones among them.
    pub functions: PrimaryMap<Func, FunctionDef>,
    /// Globals.
    pub globals: PrimaryMap<Global, GlobalDef>,
    /// Memories.
    pub memories: PrimaryMap<Memory, MemoryDef>,
    /// Tables.
    pub tables: PrimaryMap<Table, TableDef>,
    /// Data segments.
    pub data: PrimaryMap<Data, DataDef>,
    /// Element segments.
    pub elements: PrimaryMap<Element, ElementDef>,
    /// Exports by name.
    pub exports: Vec<Export>,
    /// A function without parameters that runs at instantiation, after segments are copied.
    pub start: Option<Func>,
    /// Source files.
    pub sources: PrimaryMap<Source, SourceFile>,
    /// Custom sections.
    pub custom: Vec<CustomSection>,
}

impl Default for Program {
    fn default() -> Self {
        Program {
            target: String::new(),
            signatures: PrimaryMap::new(),
            types: PrimaryMap::new(),
            layouts: PrimaryMap::new(),
            functions: PrimaryMap::new(),
            globals: PrimaryMap::new(),
            memories: PrimaryMap::new(),
            tables: PrimaryMap::new(),
            data: PrimaryMap::new(),
            elements: PrimaryMap::new(),
            exports: Vec::new(),
            start: None,
            sources: PrimaryMap::new(),
            custom: Vec::new(),
        }
    }
}

impl Program {
    /// What a global is called: its own name, else that which it is imported or exported by.
    pub fn global_name(&self, global: Global) -> Option<&str> {
        let definition = self.globals.get(global)?;
        let own = Some(definition.name.as_str()).filter(|name| !name.is_empty());
        let imported = match &definition.origin {
            Origin::Import(import) => Some(import.name.as_str()),
            Origin::Own(_) => None,
        };
        let exported = || {
            let export = self.exports.iter().find(|export| export.item == Item::Global(global));
            export.map(|export| export.name.as_str())
        };
        own.or(imported).or_else(exported)
    }
}
