//! What a rule sees: the running frame, the store and the budget.

use crate::fiber::Frame;
use crate::store::{Instance, List, Memory, Store};
use crate::value::{Any, ObjectId, Typed, Value};
use minivm_isa::entities::{self, Block, Layout, Reg};
use minivm_isa::program::Function;
use minivm_isa::types::Storage;
use minivm_isa::{Input, Operand, TrapCode};

/// Where a program goes on after an instruction that calls nothing.
#[derive(Debug)]
pub(crate) enum Flow {
    /// At the next instruction.
    Next,
    /// At the first instruction of a block.
    Jump(Block),
}

/// Why an instruction does not end as usual.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A trap.
    Trap(TrapCode),
    /// An error whose value is a message, after the position of the instruction.
    Message(String),
    /// An error.
    Error(Any),
    /// The budget is used up.
    OutOfFuel,
}

impl From<TrapCode> for Stop {
    fn from(code: TrapCode) -> Stop {
        Stop::Trap(code)
    }
}

/// What is left of a budget, in units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter(pub(crate) Option<u64>);

impl Meter {
    /// Pays for something; what cannot be paid is not done, and the budget is used up.
    pub(crate) fn pay(&mut self, units: u64) -> Result<(), Stop> {
        let Some(left) = self.0 else { return Ok(()) };
        self.0 = Some(left.saturating_sub(units));
        if left < units { Err(Stop::OutOfFuel) } else { Ok(()) }
    }
}

/// The state that the rules of instructions work on.
pub(crate) struct Scope<'a> {
    pub(crate) code: &'a Function,
    pub(crate) frame: &'a mut Frame,
    pub(crate) store: &'a mut Store,
    pub(crate) meter: &'a mut Meter,
}

impl Scope<'_> {
    /// The value of an operand.
    pub(crate) fn value(&self, operand: Operand) -> Value {
        match operand.input() {
            Input::Reg(reg) => self.frame.get(reg),
            Input::Const(constant) => Value::of_constant(&self.code.constants[constant]),
        }
    }

    /// The value of an operand of a type.
    pub(crate) fn get<T: Typed>(&self, operand: Operand) -> T {
        T::of(self.value(operand))
    }

    /// The values of operands.
    pub(crate) fn values(&self, operands: &[Operand]) -> Vec<Value> {
        operands.iter().map(|&operand| self.value(operand)).collect()
    }

    /// The values of `any` operands.
    pub(crate) fn anys(&self, operands: &[Operand]) -> Vec<Any> {
        operands.iter().map(|&operand| self.get(operand)).collect()
    }

    /// The values of `any` operands, then those of the open list, which is taken.
    pub(crate) fn with_open(&mut self, operands: &[Operand]) -> Vec<Any> {
        let mut values = self.anys(operands);
        values.append(&mut self.frame.open);
        values
    }

    /// Writes a register.
    pub(crate) fn set(&mut self, register: Reg, value: impl Typed) {
        self.frame.set(register, value.value());
    }

    /// The running program.
    pub(crate) fn instance(&self) -> &Instance {
        &self.store[self.frame.instance]
    }

    /// A memory of the program.
    pub(crate) fn memory(&mut self, memory: entities::Memory) -> &mut Memory {
        let number = self.instance().memories[memory.as_u32() as usize];
        &mut self.store.memories[number]
    }

    /// A table of `any` values of the program.
    pub(crate) fn list(&mut self, table: entities::Table) -> &mut List {
        let number = self.instance().lists[table.as_u32() as usize];
        &mut self.store.lists[number]
    }

    /// The number of a layout of the program.
    pub(crate) fn layout(&self, layout: Layout) -> usize {
        self.instance().layouts[layout.as_u32() as usize]
    }

    /// How the fields or elements of a layout are stored; an array has one storage for all.
    pub(crate) fn storages(&self, layout: Layout) -> Vec<Storage> {
        self.instance().program.layouts[layout].storages().to_vec()
    }

    /// The object that a reference names.
    pub(crate) fn object(&self, operand: Operand) -> Result<ObjectId, TrapCode> {
        self.value(operand).object().ok_or(TrapCode::NullReference)
    }
}

/// What the right side of a rule can be: a value, or a value or a trap.
pub(crate) trait RightSide {
    /// Ends the instruction.
    fn end(self, scope: &mut Scope<'_>, dst: Reg) -> Result<Flow, Stop>;
}

impl<T: Typed> RightSide for T {
    fn end(self, scope: &mut Scope<'_>, dst: Reg) -> Result<Flow, Stop> {
        scope.set(dst, self);
        Ok(Flow::Next)
    }
}

impl<T: Typed> RightSide for Result<T, TrapCode> {
    fn end(self, scope: &mut Scope<'_>, dst: Reg) -> Result<Flow, Stop> {
        scope.set(dst, self?);
        Ok(Flow::Next)
    }
}
