//! One function: its parameters, its captured variables, and what all of its parts need.

use super::closings::Closing;
use super::registers::{Pool, Registers};
use super::{Import, Unit};
use crate::syntax::hir::*;
use cranelift_entity::SecondaryMap;
use minivm_builder::{BuildError, FunctionBuilder};
use minivm_isa::entities::{Block as Target, Reg};
use minivm_isa::size::function_bytes;
use minivm_isa::{Operand, Signature, Type};
use std::collections::HashMap;

/// Most functions have no more blocks.
const BLOCKS_EXPECTED: usize = 16;

/// Generates one function.
pub(super) struct FunctionGenerator<'unit, 'chunk> {
    pub(super) unit: &'unit mut Unit<'chunk>,
    pub(super) chunk: &'chunk Chunk,
    pub(super) id: FunctionId,
    pub(super) f: FunctionBuilder,
    pub(super) registers: Registers,
    /// The captured values declared so far.
    captured: Vec<UpvalueId>,
    capture_numbers: HashMap<UpvalueId, u64>,
    strings: HashMap<StringId, Operand>,
    pub(super) labels: HashMap<LabelId, Target>,
    /// Blocks that some jump leads to.
    pub(super) referenced: SecondaryMap<Target, bool>,
    pub(super) loops: Vec<Loop>,
    /// Variables to be closed around the current place, innermost last.
    pub(super) closings: Vec<Closing>,
    /// The line of what stands after the condition that is decided next: there its last operand is tested.
    pub(super) test_line: Option<u32>,
    /// The line of the operator whose first operand is evaluated next.
    pub(super) operator_line: Option<u32>,
}

/// A loop around the current place.
pub(super) struct Loop {
    /// Where `break` leads.
    pub(super) exit: Target,
    /// How many variables to be closed are in scope outside of it.
    pub(super) closings: usize,
}

/// An evaluated operand.
#[derive(Clone, Copy)]
pub(super) struct Value {
    /// Where it is.
    pub(super) operand: Operand,
    /// The register to give back after its use.
    pub(super) owned: Option<Reg>,
}

impl Value {
    /// A value that needs no register of its own.
    pub(super) fn of(operand: impl Into<Operand>) -> Self {
        Self { operand: operand.into(), owned: None }
    }
}

/// How a function reaches a variable.
#[derive(Clone, Copy)]
pub(super) enum Access {
    /// In a register.
    Register(Reg),
    /// In a cell in a register.
    Cell(Reg),
    /// Captured by value.
    Captured(u64),
    /// In a captured cell.
    CapturedCell(u64),
    /// It is the running function itself.
    Itself,
}

impl<'unit, 'chunk> FunctionGenerator<'unit, 'chunk> {
    /// Starts function `id`, which may take so many bytes.
    pub(super) fn new(unit: &'unit mut Unit<'chunk>, id: FunctionId, room: u64) -> Self {
        let chunk = unit.chunk;
        let function = &chunk.functions[id];
        let name = match function.parent {
            None => "main chunk".to_owned(),
            Some(_) => format!("function <{}:{}>", String::from_utf8_lossy(&chunk.id), function.line_defined),
        };
        let signature = Signature::dynamic(function.parameters.len(), function.vararg);
        let mut f = unit.program.function(name, signature);
        f.set_room(room);
        let mut referenced = SecondaryMap::new();
        referenced.resize(BLOCKS_EXPECTED);
        Self {
            unit,
            chunk,
            id,
            f,
            registers: Registers::new(),
            captured: Vec::new(),
            capture_numbers: HashMap::new(),
            strings: HashMap::new(),
            labels: HashMap::new(),
            referenced,
            loops: Vec::new(),
            closings: Vec::new(),
            test_line: None,
            operator_line: None,
        }
    }

    /// The function itself.
    pub(super) fn function(&self) -> &'chunk Function {
        &self.chunk.functions[self.id]
    }

    /// Generates the whole function and hands it to the program; gives the bytes that it takes there.
    pub(super) fn run(mut self) -> Result<u64, BuildError> {
        let function = self.function();
        if function.parent.is_none() || self.unit.is_exact {
            // Whoever loads the chunk gives it its environment, used or not.
            for upvalue in function.upvalues.keys() {
                self.capture(upvalue);
            }
        }
        // Cells for parameters are made on no line.
        for (index, &local) in function.parameters.iter().enumerate() {
            let register = self.f.param(index);
            self.registers.adopt(register);
            self.bind(local, register);
        }
        self.block(&function.body);
        if !self.f.is_terminated() {
            self.at(Span { start: function.span.end, ..function.span }, function.last_line);
            self.f.return_values(&[]);
        }
        for &local in &function.parameters {
            self.unbind(local);
        }
        self.unit.captured[self.id] = self.captured;
        let number = self.unit.numbers[self.id];
        self.unit.program.define(number, self.f)?;
        Ok(self.unit.program.code(number).map_or(0, function_bytes))
    }

    /// Names the source position of what is emitted next.
    pub(super) fn at(&mut self, span: Span, line: u32) {
        self.f.set_span(self.unit.source, line, span.start, span.end);
    }

    /// Makes the value in a lasting register a local variable. If that must be a cell, the register becomes free.
    pub(super) fn bind(&mut self, local: LocalId, register: Reg) {
        let place = if self.chunk.locals[local].needs_cell() {
            let cell = self.registers.take(&mut self.f, Pool::Cell);
            self.f.to(cell).cell_new(register);
            self.registers.give_back(register);
            cell
        } else {
            register
        };
        self.bind_place(local, place);
    }

    /// Makes a register, or the register of a cell, the place of a local variable.
    pub(super) fn bind_place(&mut self, local: LocalId, place: Reg) {
        let name = String::from_utf8_lossy(&self.chunk.strings[self.chunk.locals[local].name]);
        self.f.open_local(name, place);
        self.unit.places[local] = Some(place);
    }

    /// Ends the scope of a local variable.
    pub(super) fn unbind(&mut self, local: LocalId) {
        if let Some(place) = self.unit.places[local].take() {
            self.f.close_local(place);
            self.registers.give_back(place);
        }
    }

    /// How to reach a variable.
    pub(super) fn access(&mut self, variable: Variable) -> Access {
        match variable {
            Variable::Local(local) => {
                let place = self.unit.places[local].expect("a variable is declared before it is used");
                if self.chunk.locals[local].needs_cell() { Access::Cell(place) } else { Access::Register(place) }
            }
            Variable::Upvalue(upvalue) => {
                if self.is_itself(upvalue) {
                    return Access::Itself;
                }
                let number = self.capture(upvalue);
                match self.capture_type(upvalue) {
                    Type::Cell => Access::CapturedCell(number),
                    _ => Access::Captured(number),
                }
            }
        }
    }

    /// The local behind a variable.
    pub(super) fn local_of(&self, variable: Variable) -> LocalId {
        match variable {
            Variable::Local(local) => local,
            Variable::Upvalue(upvalue) => self.function().upvalues[upvalue].local,
        }
    }

    /// Whether an upvalue is the local that this very function was declared as.
    fn is_itself(&self, upvalue: UpvalueId) -> bool {
        let local = self.function().upvalues[upvalue].local;
        self.function().own_local == Some(local) && !self.chunk.locals[local].needs_cell()
    }

    fn capture_type(&self, upvalue: UpvalueId) -> Type {
        let local = self.function().upvalues[upvalue].local;
        if self.chunk.locals[local].needs_cell() { Type::Cell } else { Type::Any }
    }

    /// The number of a captured value, declared on first use.
    fn capture(&mut self, upvalue: UpvalueId) -> u64 {
        if let Some(&number) = self.capture_numbers.get(&upvalue) {
            return number;
        }
        let local = &self.chunk.locals[self.function().upvalues[upvalue].local];
        let name = String::from_utf8_lossy(&self.chunk.strings[local.name]).into_owned();
        let number = self.f.capture(self.capture_type(upvalue), name);
        self.captured.push(upvalue);
        self.capture_numbers.insert(upvalue, number);
        number
    }

    /// A new closure over `function`.
    pub(super) fn closure(&mut self, function: FunctionId, destination: Reg) {
        let upvalues = std::mem::take(&mut self.unit.captured[function]);
        let values: Vec<Value> = upvalues
            .iter()
            .map(|&upvalue| match self.chunk.functions[function].upvalues[upvalue].source {
                UpvalueSource::Local(local) => self.captured_value(Variable::Local(local)),
                UpvalueSource::Upvalue(outer) => self.captured_value(Variable::Upvalue(outer)),
                UpvalueSource::Environment => unreachable!("only the main function captures the environment"),
            })
            .collect();
        self.unit.captured[function] = upvalues;
        let operands: Vec<Operand> = values.iter().map(|value| value.operand).collect();
        values.into_iter().for_each(|value| self.release(value));
        let number = self.unit.numbers[function];
        self.f.to(destination).closure(number, &operands);
    }

    /// What a closure captures to share `variable`: its value, or its cell.
    fn captured_value(&mut self, variable: Variable) -> Value {
        let (register, number) = match self.access(variable) {
            Access::Register(register) | Access::Cell(register) => return Value::of(register),
            Access::Itself => {
                let register = self.registers.take(&mut self.f, Pool::Temporary);
                self.f.to(register).current_function();
                return Value { operand: register.into(), owned: Some(register) };
            }
            Access::Captured(number) => (self.registers.take(&mut self.f, Pool::Temporary), number),
            Access::CapturedCell(number) => (self.registers.take(&mut self.f, Pool::TemporaryCell), number),
        };
        self.f.to(register).capture_get(number);
        Value { operand: register.into(), owned: Some(register) }
    }

    /// Ends the use of a value.
    pub(super) fn release(&mut self, value: Value) {
        if let Some(register) = value.owned {
            self.registers.give_back(register);
        }
    }

    /// A constant as operand.
    pub(super) fn constant(&mut self, constant: Constant) -> Operand {
        match constant {
            Constant::Nil => self.f.nil(),
            Constant::Boolean(value) => self.f.boolean(value),
            Constant::Integer(value) => self.f.integer(value),
            Constant::Float(value) => self.f.float(value),
            Constant::String(string) => self.string(string),
        }
    }

    /// A string of the chunk as operand.
    pub(super) fn string(&mut self, string: StringId) -> Operand {
        let (f, chunk) = (&mut self.f, self.chunk);
        *self.strings.entry(string).or_insert_with(|| f.string(chunk.strings[string].clone()))
    }

    /// An imported function in a temporary register.
    pub(super) fn import(&mut self, import: Import) -> Value {
        let function = self.unit.import(import);
        let register = self.registers.take(&mut self.f, Pool::Temporary);
        self.f.to(register).ref_func(function);
        Value { operand: register.into(), owned: Some(register) }
    }
}
