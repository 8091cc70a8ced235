//! Which `any` registers are known to hold an integer or a float, so that code need not look at their tags.
//!
//! A forward dataflow over blocks: at the start of a block a kind is known when all predecessors agree on it. Parameters,
//! results of calls and what is read from tables are not known; constants, loops over constant steps and arithmetic of known
//! numbers are.

use minivm_isa::entities::{Block, Reg};
use minivm_isa::program::{Constant, Function};
use minivm_isa::{Instruction, Operand, Type};

/// What is known of a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fact {
    /// No way leads here, as far as was looked.
    Unreached,
    /// It holds an integer.
    Int,
    /// It holds a float.
    Float,
    /// Nothing.
    Unknown,
}

impl Fact {
    /// What is known where two ways meet.
    fn meet(self, other: Fact) -> Fact {
        match (self, other) {
            (Fact::Unreached, fact) | (fact, Fact::Unreached) => fact,
            (one, two) if one == two => one,
            _ => Fact::Unknown,
        }
    }
}

/// Blocks times registers above which nothing is looked for: it would take long and help little.
const WORK_MAX: usize = 1 << 22;

/// What is known at the start of each block.
pub(crate) struct Facts {
    registers: usize,
    /// For each block, one fact a register; empty when nothing was looked for.
    at_start: Vec<Fact>,
}

impl Facts {
    /// Nothing is known.
    pub(crate) fn none() -> Self {
        Facts { registers: 0, at_start: Vec::new() }
    }

    /// Runs the dataflow.
    pub(crate) fn compute(function: &Function) -> Self {
        let (blocks, registers) = (function.blocks.len(), function.registers.len());
        let has_numbers = function.code.iter().any(makes_number);
        if !has_numbers || blocks.saturating_mul(registers) > WORK_MAX {
            return Facts::none();
        }
        let mut facts = Facts { registers, at_start: vec![Fact::Unreached; blocks * registers] };
        let mut waiting: Vec<Block> = Vec::new();
        let unknown = vec![Fact::Unknown; registers];
        let entries = std::iter::once(Block::from_u32(0)).chain(function.regions.iter().map(|region| region.handler));
        for entry in entries {
            facts.flow_into(entry, &unknown);
            waiting.push(entry);
        }
        while let Some(block) = waiting.pop() {
            let mut state = facts.at(block).to_vec();
            let range = function.block_range(block);
            let Some(last) = range.clone().last() else { continue };
            for at in range.start..last {
                step(function, &function.code[at], &mut state);
            }
            let last = &function.code[last];
            last.for_each_target(|target| {
                let mut state = state.clone();
                leave(function, last, target, &mut state);
                if facts.flow_into(target, &state) {
                    waiting.push(target);
                }
            });
        }
        facts
    }

    /// What is known at the start of a block, by register; empty when nothing is.
    pub(crate) fn at(&self, block: Block) -> &[Fact] {
        let start = block.as_u32() as usize * self.registers;
        &self.at_start[start..start + self.registers]
    }

    /// Takes over what a predecessor leaves; whether that changed anything.
    fn flow_into(&mut self, block: Block, state: &[Fact]) -> bool {
        let start = block.as_u32() as usize * self.registers;
        let mut changed = false;
        for (known, &fact) in self.at_start[start..start + self.registers].iter_mut().zip(state) {
            let met = known.meet(fact);
            changed |= met != *known;
            *known = met;
        }
        changed
    }
}

/// Whether an instruction may make a number whose kind is known.
fn makes_number(instruction: &Instruction) -> bool {
    matches!(
        instruction,
        Instruction::ForPrepare { .. }
            | Instruction::Copy { .. }
            | Instruction::AnyFromI64 { .. }
            | Instruction::AnyFromF64 { .. }
    )
}

/// The kind of an operand.
pub(crate) fn kind(function: &Function, operand: Operand, state: &[Fact]) -> Fact {
    if let Some(reg) = operand.reg() {
        return state.get(reg.as_u32() as usize).copied().unwrap_or(Fact::Unknown);
    }
    match operand.constant().map(|constant| &function.constants[constant]) {
        Some(Constant::Integer(_)) => Fact::Int,
        Some(Constant::Float(_)) => Fact::Float,
        _ => Fact::Unknown,
    }
}

/// What is known after an instruction, on all ways out of it.
pub(crate) fn step(function: &Function, instruction: &Instruction, state: &mut [Fact]) {
    let known = result(function, instruction, state);
    instruction.for_each_def(|reg| set(state, reg, Fact::Unknown));
    if let Some((reg, fact)) = known {
        set(state, reg, fact);
    }
}

/// What is known at `target` after the instruction that ends a block.
fn leave(function: &Function, last: &Instruction, target: Block, state: &mut [Fact]) {
    let (index, limit, step_by, variable, body, done, kind) = match last {
        Instruction::ForPrepare { index, limit, step, variable, body, done } => {
            let of = |reg: &Reg| kind(function, Operand::from(*reg), state);
            // The limit of an integer loop may be a float; it becomes the number of rounds.
            (index, limit, step, variable, body, done, numbers(of(index), of(step), Fact::Int))
        }
        Instruction::ForLoop { index, limit, step, variable, body, done } => {
            let of = |reg: &Reg| kind(function, Operand::from(*reg), state);
            let all = of(index).meet(of(limit)).meet(of(step));
            (index, limit, step, variable, body, done, all)
        }
        _ => return step(function, last, state),
    };
    let runs = target == *body && target != *done;
    let kind = if runs { kind } else { Fact::Unknown };
    for reg in [index, limit, step_by, variable] {
        set(state, *reg, kind);
    }
}

fn set(state: &mut [Fact], reg: Reg, fact: Fact) {
    if let Some(slot) = state.get_mut(reg.as_u32() as usize) {
        *slot = fact;
    }
}

/// The one result of an instruction, when its kind is known.
fn result(function: &Function, instruction: &Instruction, state: &[Fact]) -> Option<(Reg, Fact)> {
    let of = |operand: &Operand| kind(function, *operand, state);
    let is_any = |reg: &Reg| function.registers[*reg] == Type::Any;
    Some(match instruction {
        Instruction::Copy { dst, src } if is_any(dst) => (*dst, of(src)),
        Instruction::AnyFromI64 { dst, .. } => (*dst, Fact::Int),
        Instruction::AnyFromF64 { dst, .. } => (*dst, Fact::Float),
        Instruction::Add { dst, lhs, rhs }
        | Instruction::Sub { dst, lhs, rhs }
        | Instruction::Mul { dst, lhs, rhs } => (*dst, numbers(of(lhs), of(rhs), Fact::Int)),
        Instruction::Modulo { dst, lhs, rhs } | Instruction::FloorDiv { dst, lhs, rhs } => {
            (*dst, numbers(of(lhs), of(rhs), Fact::Int))
        }
        Instruction::Div { dst, lhs, rhs } | Instruction::Pow { dst, lhs, rhs } => {
            (*dst, numbers(of(lhs), of(rhs), Fact::Float))
        }
        Instruction::BitAnd { dst, lhs, rhs }
        | Instruction::BitOr { dst, lhs, rhs }
        | Instruction::BitXor { dst, lhs, rhs }
        | Instruction::ShiftLeft { dst, lhs, rhs }
        | Instruction::ShiftRight { dst, lhs, rhs } => match numbers(of(lhs), of(rhs), Fact::Int) {
            Fact::Int | Fact::Float => (*dst, Fact::Int),
            _ => return None,
        },
        Instruction::Negate { dst, src } => (*dst, of(src)),
        _ => return None,
    })
}

/// The kind of an operation on two numbers that gives `of_ints` for two integers.
fn numbers(lhs: Fact, rhs: Fact, of_ints: Fact) -> Fact {
    match (lhs, rhs) {
        (Fact::Int, Fact::Int) => of_ints,
        (Fact::Float, Fact::Float | Fact::Int) | (Fact::Int, Fact::Float) => Fact::Float,
        _ => Fact::Unknown,
    }
}
