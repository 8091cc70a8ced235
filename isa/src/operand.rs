//! Operands of instructions: what roles they have, and how tools read and visit them without knowing the instruction.

use crate::entities::{Block, Const, Data, Element, Func, Global, Layout, Memory, Reg, Sig, Table};
use crate::types::Type;
use cranelift_entity::EntityRef;
use std::fmt;

/// An input: a register or a constant of the function.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand(u32);

/// An [`Operand`], taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The value of a register.
    Reg(Reg),
    /// A constant.
    Const(Const),
}

const CONST_BIT: u32 = 1 << 31;

impl Operand {
    /// Takes the operand apart.
    pub fn input(self) -> Input {
        if self.0 & CONST_BIT == 0 {
            Input::Reg(Reg::from_u32(self.0))
        } else {
            Input::Const(Const::from_u32(self.0 & !CONST_BIT))
        }
    }

    /// The register, unless it is a constant.
    pub fn reg(self) -> Option<Reg> {
        match self.input() {
            Input::Reg(reg) => Some(reg),
            Input::Const(_) => None,
        }
    }

    /// The constant, unless it is a register.
    pub fn constant(self) -> Option<Const> {
        match self.input() {
            Input::Reg(_) => None,
            Input::Const(constant) => Some(constant),
        }
    }
}

impl From<Reg> for Operand {
    fn from(reg: Reg) -> Self {
        debug_assert!(reg.as_u32() & CONST_BIT == 0, "register numbers have 31 bits");
        Operand(reg.as_u32())
    }
}

impl From<Const> for Operand {
    fn from(constant: Const) -> Self {
        debug_assert!(constant.as_u32() & CONST_BIT == 0, "constant numbers have 31 bits");
        Operand(constant.as_u32() | CONST_BIT)
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.input() {
            Input::Reg(reg) => write!(f, "{reg}"),
            Input::Const(constant) => write!(f, "{constant}"),
        }
    }
}

/// Which types an operand may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// This one.
    Exactly(Type),
    /// Any type, but the same for all `Same` operands of the instruction.
    Same,
    /// The address type of the memory or table that the instruction names: `i32`, or `i64` when it is 64-bit.
    Address,
    /// The type of the global that the instruction names.
    GlobalType,
    /// `ref` of the layout that the instruction names.
    RefType,
    /// Given by another operand in a way only the verifier knows: signatures, fields, captures.
    Special,
}

/// What an operand is, in the table of instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A register that is written.
    Out(Pattern),
    /// A register or constant that is read.
    In(Pattern),
    /// A register that is read and written.
    InOut(Pattern),
    /// Registers that are written, in order.
    Outs(Pattern),
    /// Registers or constants that are read, in order.
    Ins(Pattern),
    /// A block where execution may continue.
    Target,
    /// Blocks where execution may continue.
    Targets,
    /// Something else of the program, by index.
    Index(IndexKind),
    /// A number that is part of the instruction.
    Immediate(ImmediateKind),
}

/// The kinds of things an instruction can name by index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IndexKind {
    /// A function.
    Func,
    /// A signature.
    Sig,
    /// A global.
    Global,
    /// A memory.
    Memory,
    /// A table.
    Table,
    /// A data segment.
    Data,
    /// An element segment.
    Element,
    /// A layout.
    Layout,
}

/// The kinds of immediate numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImmediateKind {
    /// A constant that is added to an address.
    Offset,
    /// A count or an index from zero.
    Number,
    /// The number of a [`Kind`](crate::types::Kind).
    Kind,
    /// The number of a [`TrapCode`](crate::trap::TrapCode).
    Trap,
}

/// An operand as a visitor sees it.
#[derive(Clone, Copy, Debug)]
pub enum OperandRef<'a> {
    /// A written register.
    Out(Reg, Pattern),
    /// A read register or constant.
    In(Operand, Pattern),
    /// A read and written register.
    InOut(Reg, Pattern),
    /// Written registers.
    Outs(&'a [Reg], Pattern),
    /// Read registers or constants.
    Ins(&'a [Operand], Pattern),
    /// A block.
    Target(Block),
    /// Blocks.
    Targets(&'a [Block]),
    /// Something of the program.
    Index(IndexKind, u32),
    /// A number.
    Immediate(ImmediateKind, u64),
}

/// An operand that a visitor may rewrite.
#[derive(Debug)]
pub enum OperandMut<'a> {
    /// A written register.
    Out(&'a mut Reg),
    /// A read register or constant.
    In(&'a mut Operand),
    /// A read and written register.
    InOut(&'a mut Reg),
    /// Written registers.
    Outs(&'a mut [Reg]),
    /// Read registers or constants.
    Ins(&'a mut [Operand]),
    /// A block.
    Target(&'a mut Block),
    /// Blocks.
    Targets(&'a mut [Block]),
    /// Something that is neither a register nor a block.
    Other,
}

/// Where operands come from when an instruction is decoded or parsed.
pub trait OperandSource {
    /// What can go wrong.
    type Error;
    /// A written register.
    fn reg(&mut self, name: &'static str) -> Result<Reg, Self::Error>;
    /// A read register or constant.
    fn input(&mut self, name: &'static str, pattern: Pattern) -> Result<Operand, Self::Error>;
    /// A list of written registers.
    fn regs(&mut self, name: &'static str) -> Result<Box<[Reg]>, Self::Error>;
    /// A list of read registers or constants.
    fn inputs(&mut self, name: &'static str, pattern: Pattern) -> Result<Box<[Operand]>, Self::Error>;
    /// A block.
    fn block(&mut self, name: &'static str) -> Result<Block, Self::Error>;
    /// A list of blocks.
    fn blocks(&mut self, name: &'static str) -> Result<Box<[Block]>, Self::Error>;
    /// The index of something.
    fn index(&mut self, name: &'static str, kind: IndexKind) -> Result<u32, Self::Error>;
    /// A number.
    fn immediate(&mut self, name: &'static str, kind: ImmediateKind) -> Result<u64, Self::Error>;
}

/// How a column of the table becomes a field of the instruction. The types below are only ever named in the table.
pub trait OperandSpec {
    /// The type of the field.
    type Field;
    /// What tools see.
    const ROLE: Role;
    /// Reads the field.
    fn read<S: OperandSource>(source: &mut S, name: &'static str) -> Result<Self::Field, S::Error>;
    /// Shows the field.
    fn show(field: &Self::Field) -> OperandRef<'_>;
    /// Shows the field for rewriting.
    fn show_mut(field: &mut Self::Field) -> OperandMut<'_>;
    /// Visits the registers that are read.
    #[inline(always)]
    fn each_use(_: &Self::Field, _: &mut impl FnMut(Reg)) {}
    /// Visits the registers that are written.
    #[inline(always)]
    fn each_def(_: &Self::Field, _: &mut impl FnMut(Reg)) {}
    /// Visits the blocks.
    #[inline(always)]
    fn each_target(_: &Self::Field, _: &mut impl FnMut(Block)) {}
    /// Visits the blocks for rewriting.
    #[inline(always)]
    fn each_target_mut(_: &mut Self::Field, _: &mut impl FnMut(&mut Block)) {}
}

/// Names of patterns in the table.
pub mod patterns {
    use super::{Pattern, Type};

    /// A pattern as a type.
    pub trait PatternSpec {
        /// The pattern.
        const PATTERN: Pattern;
    }

    macro_rules! patterns {
        ($($(#[$doc:meta])* $name:ident = $pattern:expr;)*) => {$(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}
            impl PatternSpec for $name {
                const PATTERN: Pattern = $pattern;
            }
        )*};
    }

    patterns! {
        /// `any`.
        Any = Pattern::Exactly(Type::Any);
        /// `i32`.
        I32 = Pattern::Exactly(Type::I32);
        /// `i64`.
        I64 = Pattern::Exactly(Type::I64);
        /// `f32`.
        F32 = Pattern::Exactly(Type::F32);
        /// `f64`.
        F64 = Pattern::Exactly(Type::F64);
        /// `v128`.
        V128 = Pattern::Exactly(Type::V128);
        /// `cell`.
        Cell = Pattern::Exactly(Type::Cell);
        /// See [`Pattern::Same`].
        Same = Pattern::Same;
        /// See [`Pattern::Address`].
        Address = Pattern::Address;
        /// See [`Pattern::GlobalType`].
        GlobalType = Pattern::GlobalType;
        /// See [`Pattern::RefType`].
        RefType = Pattern::RefType;
        /// See [`Pattern::Special`].
        Special = Pattern::Special;
    }
}

use patterns::PatternSpec;
use std::marker::PhantomData;

#[inline(always)]
fn visit_register(input: Operand, visit: &mut impl FnMut(Reg)) {
    if let Some(register) = input.reg() {
        visit(register);
    }
}

macro_rules! pattern_specs {
    ($(
        $(#[$doc:meta])* $name:ident($field:ty) $role:ident, read $read:ident($($pass:ident)?), show($value:ident) $show:expr
        $(, $visitor:ident($visited:ident, $visit:ident) $how:expr)*;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<P>(PhantomData<P>);
        impl<P: PatternSpec> OperandSpec for $name<P> {
            type Field = $field;
            const ROLE: Role = Role::$role(P::PATTERN);
            fn read<S: OperandSource>(source: &mut S, name: &'static str) -> Result<$field, S::Error> {
                source.$read(name $(, P::$pass)?)
            }
            fn show($value: &$field) -> OperandRef<'_> {
                OperandRef::$role($show, P::PATTERN)
            }
            fn show_mut(field: &mut $field) -> OperandMut<'_> {
                OperandMut::$role(field)
            }
            $(#[inline(always)]
            fn $visitor($visited: &$field, $visit: &mut impl FnMut(Reg)) {
                $how
            })*
        }
    )*};
}

pattern_specs! {
    /// A written register.
    Out(Reg) Out, read reg(), show(field) *field, each_def(field, visit) visit(*field);
    /// A read register or constant.
    In(Operand) In, read input(PATTERN), show(field) *field, each_use(field, visit) visit_register(*field, visit);
    /// A read and written register.
    InOut(Reg) InOut, read reg(), show(field) *field,
        each_use(field, visit) visit(*field), each_def(field, visit) visit(*field);
    /// Written registers.
    Outs(Box<[Reg]>) Outs, read regs(), show(field) field,
        each_def(field, visit) field.iter().for_each(|&register| visit(register));
    /// Read registers or constants.
    Ins(Box<[Operand]>) Ins, read inputs(PATTERN), show(field) field,
        each_use(field, visit) field.iter().for_each(|&input| visit_register(input, visit));
}

/// A branch target.
#[derive(Debug)]
pub enum Target {}
impl OperandSpec for Target {
    type Field = Block;
    const ROLE: Role = Role::Target;
    fn read<S: OperandSource>(source: &mut S, name: &'static str) -> Result<Block, S::Error> {
        source.block(name)
    }
    fn show(field: &Block) -> OperandRef<'_> {
        OperandRef::Target(*field)
    }
    fn show_mut(field: &mut Block) -> OperandMut<'_> {
        OperandMut::Target(field)
    }
    #[inline(always)]
    fn each_target(field: &Block, visit: &mut impl FnMut(Block)) {
        visit(*field);
    }
    #[inline(always)]
    fn each_target_mut(field: &mut Block, visit: &mut impl FnMut(&mut Block)) {
        visit(field);
    }
}

/// A list of branch targets.
#[derive(Debug)]
pub enum Targets {}
impl OperandSpec for Targets {
    type Field = Box<[Block]>;
    const ROLE: Role = Role::Targets;
    fn read<S: OperandSource>(source: &mut S, name: &'static str) -> Result<Box<[Block]>, S::Error> {
        source.blocks(name)
    }
    fn show(field: &Box<[Block]>) -> OperandRef<'_> {
        OperandRef::Targets(field)
    }
    fn show_mut(field: &mut Box<[Block]>) -> OperandMut<'_> {
        OperandMut::Targets(field)
    }
    #[inline(always)]
    fn each_target(field: &Box<[Block]>, visit: &mut impl FnMut(Block)) {
        field.iter().for_each(|&block| visit(block));
    }
    #[inline(always)]
    fn each_target_mut(field: &mut Box<[Block]>, visit: &mut impl FnMut(&mut Block)) {
        field.iter_mut().for_each(visit);
    }
}

macro_rules! index_specs {
    ($($name:ident)*) => {$(
        impl OperandSpec for $name {
            type Field = $name;
            const ROLE: Role = Role::Index(IndexKind::$name);
            fn read<S: OperandSource>(source: &mut S, name: &'static str) -> Result<$name, S::Error> {
                source.index(name, IndexKind::$name).map($name::from_u32)
            }
            fn show(field: &$name) -> OperandRef<'_> {
                OperandRef::Index(IndexKind::$name, u32::try_from(field.index()).expect("indices have 32 bits"))
            }
            fn show_mut(_: &mut $name) -> OperandMut<'_> {
                OperandMut::Other
            }
        }
    )*};
}

index_specs! { Func Sig Global Memory Table Data Element Layout }

macro_rules! immediate_specs {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl OperandSpec for $name {
            type Field = u64;
            const ROLE: Role = Role::Immediate(ImmediateKind::$name);
            fn read<S: OperandSource>(source: &mut S, name: &'static str) -> Result<u64, S::Error> {
                source.immediate(name, ImmediateKind::$name)
            }
            fn show(field: &u64) -> OperandRef<'_> {
                OperandRef::Immediate(ImmediateKind::$name, *field)
            }
            fn show_mut(_: &mut u64) -> OperandMut<'_> {
                OperandMut::Other
            }
        }
    )*};
}

immediate_specs! {
    /// A constant that is added to an address.
    Offset;
    /// A count or an index from zero.
    Number;
    /// The number of a kind of `any` value.
    Kind;
    /// The number of a trap.
    Trap;
}
