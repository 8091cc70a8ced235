//! Which `any` registers are known to hold an integer or a float, so that code need not look at their tags.
//!
//! A forward dataflow over blocks: at the start of a block a kind is known when all predecessors agree on it. Parameters,
//! results of calls and what is read from tables are not known; constants, loops over constant steps and arithmetic of known
//! numbers are.

use minivm_isa::entities::{Block, Reg};
use minivm_isa::facts::Numbers;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::{Constant, Function};
use minivm_isa::{Instruction, Operand, Type, steps};

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

/// Facts that may be looked at for each instruction of a function; where that is not enough, nothing is known: it would take
/// long and help little.
const WORK_PER_INSTRUCTION: usize = 1024;

/// Facts that may be kept for each instruction while they are being found.
const FACTS_PER_INSTRUCTION: usize = 256;

/// What is known at the start of each block.
pub(crate) struct Facts {
    /// Number of registers; 0 when nothing was looked for.
    registers: usize,
    /// Where the list of each block begins, and the end of the last.
    starts: Vec<usize>,
    /// Blocks that no way leads to: what they would do to registers is not taken into account.
    unreached: Vec<bool>,
    /// The registers with a number of a known kind.
    known: Vec<(Reg, Fact)>,
}

impl Facts {
    /// Nothing is known.
    pub(crate) fn none() -> Self {
        Facts { registers: 0, starts: Vec::new(), unreached: Vec::new(), known: Vec::new() }
    }

    /// Runs the dataflow, for registers that are not [block-local](super::temporaries::block_local).
    pub(crate) fn compute(function: &Function, local: &[bool]) -> Self {
        if !function.code.iter().any(|instruction| makes_number(function, instruction)) {
            return Facts::none();
        }
        let mut finding = Finding::new(function, local);
        if !finding.run() {
            return Facts::none();
        }
        let registers = function.registers.len();
        let unreached = finding.reached.iter().map(|reached| !reached).collect();
        let mut facts = Facts { registers, starts: vec![0], unreached, known: Vec::new() };
        for block in function.blocks.keys() {
            let at_start = finding.registers.iter().copied().zip(finding.at(block).iter().copied());
            facts.known.extend(at_start.filter(|(_, fact)| matches!(fact, Fact::Int | Fact::Float)));
            facts.starts.push(facts.known.len());
        }
        facts
    }

    /// Whether no way leads to a block, so that what is known does not hold if one gets there.
    pub(crate) fn is_unreached(&self, block: Block) -> bool {
        self.unreached.get(block.as_u32() as usize).copied().unwrap_or(false)
    }

    /// Takes what is known at the start of a block in place of what was known before.
    pub(crate) fn enter(&self, block: Block, known: &mut Known) {
        known.facts.resize(self.registers, Fact::Unknown);
        steps::count(known.changed.len());
        for reg in known.changed.drain(..) {
            known.facts[reg.as_u32() as usize] = Fact::Unknown;
        }
        if self.registers > 0 {
            let index = block.as_u32() as usize;
            for &(reg, fact) in &self.known[self.starts[index]..self.starts[index + 1]] {
                steps::count(1);
                known.set(reg, fact);
            }
        }
    }
}

/// What is known of registers at an instruction.
#[derive(Default)]
pub(crate) struct Known {
    /// By register; empty when nothing was looked for.
    facts: Vec<Fact>,
    /// Those of which something is, or was.
    changed: Vec<Reg>,
}

impl Known {
    /// The same, to go on from here once more; it cannot [enter](Facts::enter) another block.
    pub(crate) fn again(&self) -> Known {
        Known { facts: self.facts.clone(), changed: Vec::new() }
    }

    /// Bytes that this takes [again](Self::again).
    pub(crate) fn bytes(&self) -> u64 {
        (size_of::<Self>() + size_of_val(&self.facts[..])) as u64
    }

    /// What is known of a register.
    pub(crate) fn of(&self, reg: Reg) -> Fact {
        self.facts.get(reg.as_u32() as usize).copied().unwrap_or(Fact::Unknown)
    }

    fn set(&mut self, reg: Reg, fact: Fact) {
        let Some(known) = self.facts.get_mut(reg.as_u32() as usize) else { return };
        if *known != fact {
            *known = fact;
            self.changed.push(reg);
        }
    }

    /// Takes over what is known after an instruction, on all ways out of it.
    pub(crate) fn step(&mut self, function: &Function, instruction: &Instruction) {
        if self.facts.is_empty() {
            return;
        }
        let known = result(function, instruction, self);
        instruction.for_each_def(|reg| self.set(reg, Fact::Unknown));
        if let Some((reg, fact)) = known {
            self.set(reg, fact);
        }
    }
}

/// The dataflow under way.
struct Finding<'a> {
    function: &'a Function,
    /// The `any` registers that some block reads before it writes them: of others nothing needs to be known at a start.
    registers: Vec<Reg>,
    /// For each block one fact for each of these.
    at_start: Vec<Fact>,
    reached: Vec<bool>,
    /// Blocks whose facts have changed since they were gone through.
    waiting: Vec<bool>,
    work_left: usize,
}

impl<'a> Finding<'a> {
    fn new(function: &'a Function, local: &[bool]) -> Self {
        let crosses = |&(reg, &ty): &(Reg, &Type)| ty == Type::Any && !local[reg.as_u32() as usize];
        let registers = function.registers.iter().filter(crosses).map(|(reg, _)| reg).collect();
        let work_left = WORK_PER_INSTRUCTION.saturating_mul(function.code.len());
        let (reached, waiting) = (vec![false; function.blocks.len()], vec![false; function.blocks.len()]);
        Finding { function, registers, at_start: Vec::new(), reached, waiting, work_left }
    }

    /// False when it would take too long.
    fn run(&mut self) -> bool {
        let function = self.function;
        let facts = function.blocks.len().saturating_mul(self.registers.len());
        if facts > FACTS_PER_INSTRUCTION.saturating_mul(function.code.len()) {
            return false;
        }
        self.at_start = vec![Fact::Unreached; facts];
        let mut known = Known { facts: vec![Fact::Unknown; function.registers.len()], changed: Vec::new() };
        let handlers = function.regions.iter().map(|region| region.handler);
        for entry in std::iter::once(Block::from_u32(0)).chain(handlers) {
            self.waiting[entry.as_u32() as usize] = true;
            self.reached[entry.as_u32() as usize] = true;
            self.at_mut(entry).fill(Fact::Unknown);
        }
        let mut is_done = false;
        while !is_done {
            is_done = true;
            for block in function.blocks.keys() {
                if std::mem::take(&mut self.waiting[block.as_u32() as usize]) {
                    is_done = false;
                    if !self.go_through(block, &mut known) {
                        return false;
                    }
                }
            }
            if !self.works(function.blocks.len()) {
                return false;
            }
        }
        true
    }

    /// Counts work; false when there was too much of it.
    fn works(&mut self, work: usize) -> bool {
        steps::count(work);
        self.work_left = self.work_left.saturating_sub(work);
        self.work_left > 0
    }

    fn at(&self, block: Block) -> &[Fact] {
        let start = block.as_u32() as usize * self.registers.len();
        &self.at_start[start..start + self.registers.len()]
    }

    fn at_mut(&mut self, block: Block) -> &mut [Fact] {
        let start = block.as_u32() as usize * self.registers.len();
        &mut self.at_start[start..start + self.registers.len()]
    }

    fn go_through(&mut self, block: Block, known: &mut Known) -> bool {
        let function = self.function;
        let range = function.block_range(block);
        for (&reg, &fact) in self.registers.iter().zip(self.at(block)) {
            known.facts[reg.as_u32() as usize] = fact;
        }
        let Some((last, before)) = function.code[range.clone()].split_last() else { return true };
        before.iter().for_each(|instruction| known.step(function, instruction));
        let mut goes_on = self.works(range.len() + self.registers.len());
        let counter = loop_counter(last, known, function);
        if counter.is_none() {
            known.step(function, last);
        }
        last.for_each_target(|target| {
            if let Some(counter) = &counter {
                counter.leave(target, known);
            }
            goes_on = goes_on && self.flow_into(target, known);
        });
        known.changed.clear();
        goes_on
    }

    /// Takes over what a predecessor leaves.
    fn flow_into(&mut self, block: Block, known: &Known) -> bool {
        let start = block.as_u32() as usize * self.registers.len();
        let mut changed = !std::mem::replace(&mut self.reached[block.as_u32() as usize], true);
        for (reg, at) in self.registers.iter().zip(&mut self.at_start[start..]) {
            let met = at.meet(known.of(*reg));
            changed |= met != *at;
            *at = met;
        }
        self.waiting[block.as_u32() as usize] |= changed;
        self.works(self.registers.len())
    }
}

/// Whether an instruction may make a number whose kind is known.
fn makes_number(function: &Function, instruction: &Instruction) -> bool {
    match instruction {
        Instruction::ForPrepare { .. } | Instruction::AnyFromI64 { .. } | Instruction::AnyFromF64 { .. } => true,
        Instruction::Copy { dst, .. } => function.registers[*dst] == Type::Any,
        _ => false,
    }
}

/// The kind of an operand.
pub(crate) fn kind(function: &Function, operand: Operand, known: &Known) -> Fact {
    if let Some(reg) = operand.reg() {
        return known.of(reg);
    }
    match operand.constant().map(|constant| &function.constants[constant]) {
        Some(Constant::Integer(_)) => Fact::Int,
        Some(Constant::Float(_)) => Fact::Float,
        _ => Fact::Unknown,
    }
}

/// The end of a block that counts a loop on.
struct LoopCounter {
    registers: [Reg; 4],
    body: Block,
    done: Block,
    /// What the registers hold in the body.
    kind: Fact,
}

fn loop_counter(last: &Instruction, known: &Known, function: &Function) -> Option<LoopCounter> {
    let of = |reg: &Reg| kind(function, Operand::from(*reg), known);
    let (registers, body, done, kind) = match last {
        Instruction::ForPrepare { index, limit, step, variable, body, done } => {
            // The limit of an integer loop may be a float; it becomes the number of rounds.
            ([*index, *limit, *step, *variable], *body, *done, numbers(of(index), of(step), Fact::Int))
        }
        Instruction::ForLoop { index, limit, step, variable, body, done } => {
            ([*index, *limit, *step, *variable], *body, *done, of(index).meet(of(limit)).meet(of(step)))
        }
        _ => return None,
    };
    Some(LoopCounter { registers, body, done, kind })
}

impl LoopCounter {
    /// What is known at a block where the loop goes on.
    fn leave(&self, target: Block, known: &mut Known) {
        let runs = target == self.body && target != self.done;
        let kind = if runs { self.kind } else { Fact::Unknown };
        self.registers.iter().for_each(|&reg| known.set(reg, kind));
    }
}

/// The one result of an instruction, when its kind is known.
fn result(function: &Function, instruction: &Instruction, known: &Known) -> Option<(Reg, Fact)> {
    match instruction {
        Instruction::Copy { dst, src } if function.registers[*dst] == Type::Any => {
            return Some((*dst, kind(function, *src, known)));
        }
        Instruction::AnyFromI64 { dst, .. } => return Some((*dst, Fact::Int)),
        Instruction::AnyFromF64 { dst, .. } => return Some((*dst, Fact::Float)),
        _ => {}
    }
    let rule = instruction.info().facts.numbers?;
    let (mut result, mut inputs) = (None, [None; 2]);
    instruction.for_each_operand(|_, operand| match operand {
        OperandRef::Out(reg, _) => result = Some(reg),
        OperandRef::In(input, _) => inputs = [inputs[1], Some(kind(function, input, known))],
        _ => {}
    });
    let (lhs, rhs) = (inputs[0].unwrap_or(Fact::Unknown), inputs[1]?);
    let made = match rule {
        Numbers::Common => numbers(lhs, rhs, Fact::Int),
        Numbers::Float => numbers(lhs, rhs, Fact::Float),
        Numbers::Same => rhs,
        Numbers::Integer => match numbers(lhs, rhs, Fact::Int) {
            Fact::Int | Fact::Float => Fact::Int,
            _ => return None,
        },
    };
    Some((result?, made))
}

/// The kind of an operation on two numbers that gives `of_ints` for two integers.
fn numbers(lhs: Fact, rhs: Fact, of_ints: Fact) -> Fact {
    match (lhs, rhs) {
        (Fact::Int, Fact::Int) => of_ints,
        (Fact::Float, Fact::Float | Fact::Int) | (Fact::Int, Fact::Float) => Fact::Float,
        _ => Fact::Unknown,
    }
}
