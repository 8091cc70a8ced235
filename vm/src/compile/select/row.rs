//! What the loader of typed code knows of a row of the table: operands by kind, and what may be exchanged with what.

use minivm_isa::entities::{Block, Reg};
use minivm_isa::operand::OperandRef;
use minivm_isa::{Instruction, Opcode, Operand};

/// What a typed instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An operator over one or two numbers.
    Operation(Opcode),
    /// `copy`.
    Copy,
    /// `select`.
    Select,
    /// `global_get`.
    GlobalGet,
    /// `ref_null`.
    Null,
    /// A load.
    Load,
    /// A store.
    Store,
    /// `global_set`.
    GlobalSet,
    /// A conditional branch, with the comparison it makes, if it makes one.
    Branch(Option<Opcode>),
    /// `jump`.
    Jump,
    /// Anything else.
    Other,
}

/// The operands of an instruction by kind.
pub(super) struct Row {
    pub(super) dst: Option<Reg>,
    pub(super) inputs: [Option<Operand>; 3],
    pub(super) index: Option<u32>,
    pub(super) offset: u64,
    pub(super) targets: [Option<Block>; 2],
}

impl Row {
    /// Takes an instruction of at most three inputs and two targets apart.
    pub(super) fn of(instruction: &Instruction) -> Row {
        let mut row = Row { dst: None, inputs: [None; 3], index: None, offset: 0, targets: [None; 2] };
        instruction.for_each_operand(|_, operand| match operand {
            OperandRef::Out(reg, _) => row.dst = Some(reg),
            OperandRef::In(input, _) => fill(&mut row.inputs, input),
            OperandRef::Index(_, index) => row.index = Some(index),
            OperandRef::Immediate(_, number) => row.offset = number,
            OperandRef::Target(block) => fill(&mut row.targets, block),
            OperandRef::InOut(..) | OperandRef::Outs(..) | OperandRef::Ins(..) | OperandRef::Targets(_) => {}
        });
        row
    }

    /// The input at a position that the kind of the instruction has.
    pub(super) fn input(&self, index: usize) -> Operand {
        self.inputs[index].expect("the row has so many inputs")
    }
}

fn fill<T>(places: &mut [Option<T>], value: T) {
    if let Some(free) = places.iter_mut().find(|place| place.is_none()) {
        *free = Some(value);
    }
}

fn within(opcode: Opcode, first: Opcode, last: Opcode) -> bool {
    (first as u16..=last as u16).contains(&(opcode as u16))
}

/// What an instruction is.
pub(super) fn kind(instruction: &Instruction) -> Kind {
    let opcode = instruction.opcode();
    match opcode {
        Opcode::Copy => Kind::Copy,
        Opcode::Select => Kind::Select,
        Opcode::GlobalGet => Kind::GlobalGet,
        Opcode::GlobalSet => Kind::GlobalSet,
        Opcode::RefNull => Kind::Null,
        Opcode::RefIsNull => Kind::Operation(Opcode::I64Eqz),
        Opcode::RefSame => Kind::Operation(Opcode::I64Eq),
        Opcode::Jump => Kind::Jump,
        Opcode::BranchIf => Kind::Branch(None),
        _ if within(opcode, Opcode::I32Add, Opcode::F64ReinterpretI64) => Kind::Operation(opcode),
        _ if within(opcode, Opcode::I32Load, Opcode::I64Load32U) => Kind::Load,
        _ if within(opcode, Opcode::I32Store, Opcode::I64Store32) => Kind::Store,
        _ => comparison(opcode).map_or(Kind::Other, |comparison| Kind::Branch(Some(comparison))),
    }
}

/// The comparison that a branch makes.
fn comparison(branch: Opcode) -> Option<Opcode> {
    Some(match branch {
        Opcode::BranchI32Eq => Opcode::I32Eq,
        Opcode::BranchI32Ne => Opcode::I32Ne,
        Opcode::BranchI32LtS => Opcode::I32LtS,
        Opcode::BranchI32LtU => Opcode::I32LtU,
        Opcode::BranchI32LeS => Opcode::I32LeS,
        Opcode::BranchI32LeU => Opcode::I32LeU,
        Opcode::BranchI64Eq => Opcode::I64Eq,
        Opcode::BranchI64Ne => Opcode::I64Ne,
        Opcode::BranchI64LtS => Opcode::I64LtS,
        Opcode::BranchI64LtU => Opcode::I64LtU,
        Opcode::BranchI64LeS => Opcode::I64LeS,
        Opcode::BranchI64LeU => Opcode::I64LeU,
        Opcode::BranchF32Eq => Opcode::F32Eq,
        Opcode::BranchF32Lt => Opcode::F32Lt,
        Opcode::BranchF32Le => Opcode::F32Le,
        Opcode::BranchF64Eq => Opcode::F64Eq,
        Opcode::BranchF64Lt => Opcode::F64Lt,
        Opcode::BranchF64Le => Opcode::F64Le,
        _ => return None,
    })
}

/// Whether an instruction does nothing but compute a value that a tree may take in.
pub(super) fn is_value(instruction: &Instruction) -> bool {
    match kind(instruction) {
        Kind::Operation(_) | Kind::Copy | Kind::Select | Kind::GlobalGet | Kind::Null | Kind::Load => true,
        Kind::Store | Kind::GlobalSet | Kind::Branch(_) | Kind::Jump | Kind::Other => false,
    }
}

/// The register that an instruction with one result writes.
pub(super) fn result(instruction: &Instruction) -> Option<Reg> {
    let (mut result, mut count) = (None, 0);
    instruction.for_each_def(|reg| {
        result = Some(reg);
        count += 1;
    });
    result.filter(|_| count == 1)
}

/// What minds when instructions change places.
#[derive(Clone, Copy, Default)]
pub(super) struct Traits {
    /// It reads memory, a table or a global.
    pub(super) reads: bool,
    /// It changes something besides its result.
    pub(super) writes: bool,
    /// It may trap.
    pub(super) traps: bool,
    /// Its trap, if any, is that of an access past the end of a memory.
    pub(super) is_load: bool,
    /// Other code may run, or the machine may stop and go on later, in the middle of it.
    pub(super) stops: bool,
}

/// The traits of an instruction.
pub(super) fn traits(instruction: &Instruction) -> Traits {
    let effects = instruction.info().effects;
    let mut traits = Traits { traps: effects.trap, ..Traits::default() };
    let stops = effects.call || effects.allocate || effects.leaves_open || effects.takes_open || effects.end;
    // What may stop half-way finds every value in its register.
    traits.stops = stops || effects.bulk;
    match kind(instruction) {
        Kind::Operation(_) | Kind::Copy | Kind::Select | Kind::Null => {}
        Kind::GlobalGet => traits.reads = true,
        Kind::Load => {
            traits.reads = true;
            traits.is_load = true;
        }
        Kind::Store | Kind::GlobalSet => traits.writes = true,
        Kind::Branch(_) | Kind::Jump | Kind::Other => {
            traits.reads = true;
            traits.writes = true;
        }
    }
    traits
}

/// The comparison with its operands exchanged, for comparisons and operators where that can be.
pub(super) fn mirrored(opcode: Opcode) -> Option<Opcode> {
    use Opcode::*;
    Some(match opcode {
        I32Add | I32Mul | I32And | I32Or | I32Xor | I32Eq | I32Ne => opcode,
        I64Add | I64Mul | I64And | I64Or | I64Xor | I64Eq | I64Ne => opcode,
        F32Eq | F32Ne | F64Eq | F64Ne => opcode,
        I32LtS => I32GtS,
        I32LtU => I32GtU,
        I32GtS => I32LtS,
        I32GtU => I32LtU,
        I32LeS => I32GeS,
        I32LeU => I32GeU,
        I32GeS => I32LeS,
        I32GeU => I32LeU,
        I64LtS => I64GtS,
        I64LtU => I64GtU,
        I64GtS => I64LtS,
        I64GtU => I64LtU,
        I64LeS => I64GeS,
        I64LeU => I64GeU,
        I64GeS => I64LeS,
        I64GeU => I64LeU,
        F32Lt => F32Gt,
        F32Gt => F32Lt,
        F32Le => F32Ge,
        F32Ge => F32Le,
        F64Lt => F64Gt,
        F64Gt => F64Lt,
        F64Le => F64Ge,
        F64Ge => F64Le,
        _ => return None,
    })
}

/// Sums and products of floats: a constant may change sides, as at most the other side is not a number.
pub(super) fn is_float_sum(opcode: Opcode) -> bool {
    use Opcode::*;
    matches!(opcode, F32Add | F32Mul | F64Add | F64Mul)
}

/// The comparison of integers that is true when this one is not.
pub(super) fn inverted(opcode: Opcode) -> Option<Opcode> {
    use Opcode::*;
    Some(match opcode {
        I32Eq => I32Ne,
        I32Ne => I32Eq,
        I32LtS => I32GeS,
        I32LtU => I32GeU,
        I32GtS => I32LeS,
        I32GtU => I32LeU,
        I32LeS => I32GtS,
        I32LeU => I32GtU,
        I32GeS => I32LtS,
        I32GeU => I32LtU,
        I64Eq => I64Ne,
        I64Ne => I64Eq,
        I64LtS => I64GeS,
        I64LtU => I64GeU,
        I64GtS => I64LeS,
        I64GtU => I64LeU,
        I64LeS => I64GtS,
        I64LeU => I64GtU,
        I64GeS => I64LtS,
        I64GeU => I64LtU,
        _ => return None,
    })
}

/// For a comparison with a constant: the strict one with the constant's neighbour that says the same, if it has that.
pub(super) fn strict(opcode: Opcode, constant: u64) -> Option<(Opcode, u64)> {
    use Opcode::*;
    let narrow = constant as u32;
    let (opcode, constant) = match opcode {
        I32LeS => (I32LtS, u64::from((narrow as i32).checked_add(1)? as u32)),
        I32GeS => (I32GtS, u64::from((narrow as i32).checked_sub(1)? as u32)),
        I32LeU => (I32LtU, u64::from(narrow.checked_add(1)?)),
        I32GeU => (I32GtU, u64::from(narrow.checked_sub(1)?)),
        I64LeS => (I64LtS, (constant as i64).checked_add(1)? as u64),
        I64GeS => (I64GtS, (constant as i64).checked_sub(1)? as u64),
        I64LeU => (I64LtU, constant.checked_add(1)?),
        I64GeU => (I64GtU, constant.checked_sub(1)?),
        _ => return None,
    };
    Some((opcode, constant))
}
