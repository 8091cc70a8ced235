//! What is known of the kinds of `any` values: types flow through the function, and what a profile has seen is guarded where a
//! value is first used.

use crate::facts::{Facts, entered, seen};
use minivm::raw::Numeric;
use minivm::raw::native::layout::{TAG_FALSE, TAG_FLOAT, TAG_FUNCTION, TAG_INT, TAG_STRING, TAG_TABLE, TAG_TRUE};
use minivm::raw::native::{MANY_NODES, NativeJob, Seen};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::{Input, Instruction as I, Operand, loops};

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Nothing.
    Unknown,
    /// It is an integer or a float.
    Number,
    /// It has this tag.
    Is(u32),
}

pub(crate) const INT: Kind = Kind::Is(TAG_INT);
pub(crate) const FLOAT: Kind = Kind::Is(TAG_FLOAT);

impl Kind {
    fn is_number(self) -> bool {
        matches!(self, Kind::Number | INT | FLOAT)
    }

    fn join(self, other: Kind) -> Kind {
        if self == other {
            self
        } else if self.is_number() && other.is_number() {
            Kind::Number
        } else {
            Kind::Unknown
        }
    }
}

/// How an instruction on two numbers is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Both are integers; guards see to it.
    Ints,
    /// Both are numbers, at least one a float, or the operation is one of floats; guards see to it.
    Floats,
    /// Integers or floats, as it comes; what else there is the interpreter does.
    Either,
    /// The interpreter does it.
    Interpreter,
}

/// An input, as far as its kind is known or was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expected {
    Int,
    Float,
    /// Both, or nobody knows.
    Mixed,
    Other,
}

const INT_BIT: u16 = 1 << TAG_INT;
const FLOAT_BIT: u16 = 1 << TAG_FLOAT;
/// Of values that the collector need not see.
pub(crate) const PLAIN_BITS: u16 = INT_BIT | FLOAT_BIT | 1 << TAG_FALSE | 1 << TAG_TRUE;

/// What an input is expected to be.
pub(crate) fn expected(kind: Kind, tags: u16) -> Expected {
    match kind {
        INT => Expected::Int,
        FLOAT => Expected::Float,
        Kind::Is(_) => Expected::Other,
        Kind::Number | Kind::Unknown => match tags {
            INT_BIT => Expected::Int,
            FLOAT_BIT => Expected::Float,
            tags if tags & !(INT_BIT | FLOAT_BIT) == 0 => Expected::Mixed,
            _ => Expected::Other,
        },
    }
}

/// The way of an instruction on two inputs.
pub(crate) fn way(lhs: Expected, rhs: Expected) -> Way {
    match (lhs, rhs) {
        (Expected::Other, _) | (_, Expected::Other) => Way::Interpreter,
        (Expected::Int, Expected::Int) => Way::Ints,
        (Expected::Mixed, Expected::Mixed | Expected::Int) | (Expected::Int, Expected::Mixed) => Way::Either,
        (Expected::Float, _) | (_, Expected::Float) => Way::Floats,
    }
}

/// An operation on numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Modulo,
    FloorDiv,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

/// The operation of an instruction, with its destination and inputs.
pub(crate) fn operation(instruction: &I) -> Option<(Operation, Reg, Operand, Operand)> {
    Some(match *instruction {
        I::Add { dst, lhs, rhs } => (Operation::Add, dst, lhs, rhs),
        I::Sub { dst, lhs, rhs } => (Operation::Sub, dst, lhs, rhs),
        I::Mul { dst, lhs, rhs } => (Operation::Mul, dst, lhs, rhs),
        I::Div { dst, lhs, rhs } => (Operation::Div, dst, lhs, rhs),
        I::Pow { dst, lhs, rhs } => (Operation::Pow, dst, lhs, rhs),
        I::Modulo { dst, lhs, rhs } => (Operation::Modulo, dst, lhs, rhs),
        I::FloorDiv { dst, lhs, rhs } => (Operation::FloorDiv, dst, lhs, rhs),
        I::BitAnd { dst, lhs, rhs } => (Operation::And, dst, lhs, rhs),
        I::BitOr { dst, lhs, rhs } => (Operation::Or, dst, lhs, rhs),
        I::BitXor { dst, lhs, rhs } => (Operation::Xor, dst, lhs, rhs),
        I::ShiftLeft { dst, lhs, rhs } => (Operation::ShiftLeft, dst, lhs, rhs),
        I::ShiftRight { dst, lhs, rhs } => (Operation::ShiftRight, dst, lhs, rhs),
        _ => return None,
    })
}

/// How an operation is done.
pub(crate) fn way_of(operation: Operation, lhs: Expected, rhs: Expected) -> Way {
    let way = way(lhs, rhs);
    match operation {
        Operation::Add | Operation::Sub | Operation::Mul => way,
        Operation::Div | Operation::Pow if way == Way::Interpreter => way,
        Operation::Div | Operation::Pow => Way::Floats,
        Operation::Modulo | Operation::FloorDiv => way,
        Operation::And | Operation::Or | Operation::Xor | Operation::ShiftLeft | Operation::ShiftRight => match way {
            Way::Ints => Way::Ints,
            Way::Floats | Way::Either | Way::Interpreter => Way::Interpreter,
        },
    }
}

/// The kinds of all registers at a point.
#[derive(Clone)]
pub(crate) struct Kinds<'a> {
    pub(crate) job: &'a NativeJob,
    pub(crate) of: Vec<Kind>,
}

impl Kinds<'_> {
    pub(crate) fn operand(&self, operand: Operand) -> Kind {
        match operand.input() {
            Input::Reg(reg) => self.of[reg.as_u32() as usize],
            Input::Const(constant) => Kind::Is(self.job.constants[constant.as_u32() as usize].1),
        }
    }

    /// What an input is expected to be that is the `index`th of an instruction.
    pub(crate) fn expected(&self, operand: Operand, seen: &Seen, index: usize) -> Expected {
        expected(self.operand(operand), seen.tags[index])
    }

    fn set(&mut self, reg: Reg, kind: Kind) {
        self.of[reg.as_u32() as usize] = kind;
    }

    fn refine(&mut self, operand: Operand, kind: Kind) {
        if let Some(reg) = operand.reg() {
            self.set(reg, kind);
        }
    }

    /// What guards before a way make of an input.
    fn refine_number(&mut self, operand: Operand, seen: &Seen, index: usize) {
        match self.expected(operand, seen, index) {
            Expected::Int => self.refine(operand, INT),
            Expected::Float => self.refine(operand, FLOAT),
            Expected::Mixed | Expected::Other => {}
        }
    }

    /// Whether an input is a table as far as was seen, which a guard sees to.
    pub(crate) fn is_seen(&self, operand: Operand, seen: &Seen, index: usize, tag: u32) -> bool {
        self.operand(operand) == Kind::Is(tag)
            || matches!(self.operand(operand), Kind::Unknown) && seen.tags[index] == 1 << tag
    }

    /// The hash of a key that is a constant and found by its address.
    pub(crate) fn hash_of(&self, key: Operand) -> Option<u32> {
        self.job.short_strings[key.constant()?.as_u32() as usize]
    }

    /// Whether a key is a constant that is found by its address.
    pub(crate) fn is_field(&self, key: Operand) -> bool {
        self.hash_of(key).is_some()
    }

    /// Whether an access to a table went to the same place each time.
    fn is_direct(&self, object: Operand, key: Operand, seen: &Seen) -> bool {
        let is_known = if self.is_field(key) { seen.node < MANY_NODES } else { self.operand(key) == INT };
        self.job.guards_found && self.operand(object) == Kind::Is(TAG_TABLE) && is_known
    }

    /// The tag of what is read from a table, which guards see to.
    pub(crate) fn found(&self, object: Operand, key: Operand, seen: &Seen) -> Option<u32> {
        let tag = seen.found.trailing_zeros();
        let is_one = seen.found.is_power_of_two() && tag >= TAG_INT;
        (is_one && self.is_direct(object, key, seen)).then_some(tag)
    }

    /// The tags of what is overwritten in a table, none of them those of references; guards see to it.
    pub(crate) fn overwritten(&self, object: Operand, key: Operand, seen: &Seen) -> Option<u16> {
        let is_plain = seen.found != 0 && seen.found & !PLAIN_BITS == 0;
        (is_plain && self.is_direct(object, key, seen)).then_some(seen.found)
    }

    /// What of one number the host function gives that was called each time, which guards see to.
    pub(crate) fn numeric(&self, arguments: &[Operand], seen: &Seen) -> Option<Numeric> {
        let &[argument] = arguments else { return None };
        let is_known = self.job.leaves_unseen && seen.host > 1 && !seen.calls_guests && !seen.calls_slowly;
        let is_number = matches!(self.expected(argument, seen, 1), Expected::Int | Expected::Float);
        seen.numeric.filter(|_| is_known && is_number)
    }

    /// How a comparison is done; that of equality has no guards unless both are numbers.
    pub(crate) fn comparison(&self, lhs: Operand, rhs: Operand, seen: &Seen) -> Way {
        way(self.expected(lhs, seen, 0), self.expected(rhs, seen, 1))
    }

    /// What an instruction makes of them.
    fn transfer(&mut self, at: usize) {
        let job = self.job;
        let instruction = &job.function.code[at];
        let seen = seen(job, at);
        if let Some((operation, dst, lhs, rhs)) = operation(instruction) {
            return self.arithmetic(operation, dst, [lhs, rhs], &seen);
        }
        match *instruction {
            I::Copy { dst, src } => {
                if job.function.registers[dst] == minivm_isa::Type::Any {
                    let kind = self.operand(src);
                    self.set(dst, kind);
                }
                return;
            }
            I::Negate { dst, src } => {
                let kind = match self.expected(src, &seen, 0) {
                    Expected::Int => INT,
                    Expected::Float => FLOAT,
                    Expected::Mixed | Expected::Other => Kind::Unknown,
                };
                if kind != Kind::Unknown {
                    self.refine(src, kind);
                }
                return self.set(dst, kind);
            }
            I::BranchLess { lhs, rhs, .. }
            | I::BranchLessEqual { lhs, rhs, .. }
            | I::BranchEqual { lhs, rhs, .. }
            | I::Less { lhs, rhs, .. }
            | I::LessEqual { lhs, rhs, .. }
            | I::Equal { lhs, rhs, .. } => {
                if matches!(self.comparison(lhs, rhs, &seen), Way::Ints | Way::Floats) {
                    self.refine_number(lhs, &seen, 0);
                    self.refine_number(rhs, &seen, 1);
                }
            }
            I::ForPrepare { index, limit, step, variable, .. } => {
                let kind = if self.loop_kind([index, limit, step], &seen) == Some(INT) { INT } else { Kind::Unknown };
                return [index, limit, step, variable].into_iter().for_each(|reg| self.set(reg, kind));
            }
            I::ForLoop { index, limit, step, variable, .. } => {
                let kind = self.loop_kind([index, limit, step], &seen).unwrap_or(Kind::Unknown);
                return [index, limit, step, variable].into_iter().for_each(|reg| self.set(reg, kind));
            }
            I::Get { dst, object, key } => {
                self.refine_access(object, key, &seen);
                let kind = self.found(object, key, &seen).map_or(Kind::Unknown, Kind::Is);
                return self.set(dst, kind);
            }
            I::Set { object, key, .. } => self.refine_access(object, key, &seen),
            I::GetMethod { object, self_value, function, .. } => {
                return self.get_method(object, [self_value, function], &seen);
            }
            I::Length { dst, .. } => return self.set(dst, INT),
            I::TableNew { dst, .. } => return self.set(dst, Kind::Is(TAG_TABLE)),
            I::Closure { dst, .. } if job.functions.contains_key(&at) => {
                return self.set(dst, Kind::Is(TAG_FUNCTION));
            }
            I::TailCallAny { .. } | I::TailCallAnyOpen { .. } => return,
            I::CurrentFunction { dst } => return self.set(dst, Kind::Is(TAG_FUNCTION)),
            _ => {}
        }
        let known = self.refine_call(instruction, &seen);
        instruction.for_each_def(|reg| self.set(reg, Kind::Unknown));
        if let Some((reg, kind)) = known {
            self.set(reg, kind);
        }
    }

    /// What guards before a call make of its callee and argument; its result, where something is known of that.
    fn refine_call(&mut self, instruction: &I, seen: &Seen) -> Option<(Reg, Kind)> {
        let (I::CallAny { callee, arguments, .. } | I::CallAnyToOpen { callee, arguments }) = instruction else {
            return None;
        };
        let numeric = self.numeric(arguments, seen);
        if numeric.is_some() || self.is_seen(*callee, seen, 0, TAG_FUNCTION) {
            self.refine(*callee, Kind::Is(TAG_FUNCTION));
        }
        let I::CallAny { results, .. } = instruction else { return None };
        let (&[result], &[argument], Some(numeric)) = (&results[..], &arguments[..], numeric) else { return None };
        self.refine_number(argument, seen, 1);
        Some((result, if numeric == Numeric::Floor { INT } else { FLOAT }))
    }

    fn arithmetic(&mut self, operation: Operation, dst: Reg, [lhs, rhs]: [Operand; 2], seen: &Seen) {
        let inputs = [self.expected(lhs, seen, 0), self.expected(rhs, seen, 1)];
        let kind = match way_of(operation, inputs[0], inputs[1]) {
            Way::Ints => INT,
            Way::Floats => FLOAT,
            Way::Either => Kind::Number,
            Way::Interpreter => Kind::Unknown,
        };
        if matches!(kind, Kind::Is(_)) {
            self.refine_number(lhs, seen, 0);
            self.refine_number(rhs, seen, 1);
        }
        self.set(dst, kind);
    }

    /// The kind of the numbers of a loop, which guards see to.
    pub(crate) fn loop_kind(&self, regs: [Reg; 3], seen: &Seen) -> Option<Kind> {
        // Those of a loop whose end was not seen are integers, as almost always.
        let or_int = |index: usize, expected| match expected {
            Expected::Mixed if seen.tags[index] == 0 => Expected::Int,
            expected => expected,
        };
        let mut kinds = (0..3).map(|index| or_int(index, self.expected(regs[index].into(), seen, index)));
        let first = kinds.next()?;
        if !kinds.all(|kind| kind == first) {
            return None;
        }
        match first {
            Expected::Int => Some(INT),
            Expected::Float => Some(FLOAT),
            Expected::Mixed | Expected::Other => None,
        }
    }

    fn get_method(&mut self, object: Operand, [self_value, function]: [Reg; 2], seen: &Seen) {
        for tag in [TAG_TABLE, TAG_STRING] {
            if self.is_seen(object, seen, 0, tag) {
                self.refine(object, Kind::Is(tag));
            }
        }
        let kind = self.operand(object);
        self.set(self_value, kind);
        self.set(function, Kind::Unknown);
    }

    fn refine_access(&mut self, object: Operand, key: Operand, seen: &Seen) {
        if !self.is_seen(object, seen, 0, TAG_TABLE) {
            return;
        }
        self.refine(object, Kind::Is(TAG_TABLE));
        if key.constant().is_some() {
            return;
        }
        if self.is_seen(key, seen, 1, TAG_INT) {
            self.refine(key, INT);
        } else if self.is_seen(key, seen, 1, TAG_STRING) {
            self.refine(key, Kind::Is(TAG_STRING));
        }
    }
}

/// The kinds at the starts of blocks that are translated.
pub(crate) fn flow(job: &NativeJob, facts: &Facts) -> Vec<Vec<Kind>> {
    let function = &job.function;
    let nothing = vec![Kind::Unknown; function.registers.len()];
    let mut flow = Flow { job, at_start: vec![None; function.blocks.len()] };
    flow.spread(Block::from_u32(0), nothing.clone(), |block| loops::targets(function, block));
    // What leads to a loop by ways that were not seen to run counts where the loop is entered, not inside of it, unless other
    // code leads to the loop: then kinds are looked at where it is entered.
    let found = std::mem::replace(&mut flow.at_start, vec![None; function.blocks.len()]);
    for first in entered(job) {
        let number = first.as_u32() as usize;
        if flow.at_start[number].is_none() {
            let found = found[number].clone().unwrap_or_else(|| nothing.clone());
            flow.spread(first, found, |block| facts.targets(function, block));
        }
    }
    flow.at_start.into_iter().map(|kinds| kinds.unwrap_or_else(|| nothing.clone())).collect()
}

/// Kinds on their way through a function.
struct Flow<'a> {
    job: &'a NativeJob,
    at_start: Vec<Option<Vec<Kind>>>,
}

impl Flow<'_> {
    /// From a block with these kinds to all that it leads to.
    fn spread(&mut self, first: Block, of: Vec<Kind>, targets: impl Fn(Block) -> Vec<Block>) {
        self.at_start[first.as_u32() as usize] = Some(of);
        let mut work = vec![first];
        while let Some(block) = work.pop() {
            let of = self.at_start[block.as_u32() as usize].clone().expect("blocks that are looked at were reached");
            let mut kinds = Kinds { job: self.job, of };
            self.job.function.block_range(block).for_each(|at| kinds.transfer(at));
            for target in targets(block) {
                let into = &mut self.at_start[target.as_u32() as usize];
                let joined = match into {
                    None => kinds.of.clone(),
                    Some(old) => old.iter().zip(&kinds.of).map(|(old, new)| old.join(*new)).collect(),
                };
                if into.as_ref() != Some(&joined) {
                    *into = Some(joined);
                    work.push(target);
                }
            }
        }
    }
}

/// The tag of a truth value.
pub(crate) fn tag_of_bool(value: bool) -> u32 {
    TAG_FALSE + u32::from(value)
}
