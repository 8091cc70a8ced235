//! What the loader of typed code knows of a row of the table: operands by kind, and what may be exchanged with what.

use crate::handlers::typed::vector;
use minivm_isa::entities::{Block, Reg};
use minivm_isa::facts::Class;
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
    /// `branch_table`.
    Table,
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

/// What an instruction is.
pub(super) fn kind(instruction: &Instruction) -> Kind {
    let opcode = instruction.opcode();
    let facts = &opcode.info().facts;
    match opcode {
        Opcode::Copy => return Kind::Copy,
        Opcode::Select => return Kind::Select,
        Opcode::GlobalGet => return Kind::GlobalGet,
        Opcode::GlobalSet => return Kind::GlobalSet,
        Opcode::RefNull => return Kind::Null,
        Opcode::Jump => return Kind::Jump,
        Opcode::BranchTable => return Kind::Table,
        Opcode::BranchIf => return Kind::Branch(None),
        Opcode::I8x16Shuffle if permutation(instruction).is_some() => return Kind::Operation(Opcode::I8x16Swizzle),
        _ => {}
    }
    if let Some(operation) = facts.same_as {
        return Kind::Operation(operation);
    }
    match facts.class {
        Class::Operation => Kind::Operation(opcode),
        Class::Load => Kind::Load,
        Class::Store => Kind::Store,
        Class::Other if vector::is_operator(opcode) => Kind::Operation(opcode),
        Class::Other => facts.compares.map_or(Kind::Other, |comparison| Kind::Branch(Some(comparison))),
    }
}

/// The lanes that a shuffle names, if it shuffles one vector with itself, so that the vector is one operand.
pub(in crate::compile) fn permutation(instruction: &Instruction) -> Option<Operand> {
    match *instruction {
        Instruction::I8x16Shuffle { lhs, rhs, lanes, .. }
            if lhs == rhs && lhs.reg().is_some() && lanes.reg().is_none() =>
        {
            Some(lanes)
        }
        _ => None,
    }
}

/// Half of the lanes of a [`permutation`] as a swizzle of the one vector names them.
pub(super) fn of_one_vector(lanes: u64) -> u64 {
    u64::from_le_bytes(lanes.to_le_bytes().map(|lane| if lane < 32 { lane % 16 } else { u8::MAX }))
}

/// Whether an instruction does nothing but compute a value that a tree may take in.
pub(super) fn is_value(instruction: &Instruction) -> bool {
    match kind(instruction) {
        Kind::Operation(_) | Kind::Copy | Kind::Select | Kind::GlobalGet | Kind::Null | Kind::Load => true,
        Kind::Store | Kind::GlobalSet | Kind::Branch(_) | Kind::Jump | Kind::Table | Kind::Other => false,
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
        Kind::Branch(_) | Kind::Jump | Kind::Table | Kind::Other => {
            traits.reads = true;
            traits.writes = true;
        }
    }
    traits
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

/// Whether a comparison asks for the greater one: the mirrored one does the same.
pub(super) fn is_greater(opcode: Opcode) -> bool {
    use Opcode::*;
    matches!(
        opcode,
        I32GtS | I32GtU | I32GeS | I32GeU | I64GtS | I64GtU | I64GeS | I64GeU | F32Gt | F32Ge | F64Gt | F64Ge
    )
}
