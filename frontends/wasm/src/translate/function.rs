//! One function body: its registers, the deferred instruction, reading and writing operands.
//!
//! Every instruction with one result is held back until the next one is made, so that `local.set` can make its local the
//! result, and a branch can take a comparison in. Invariants: an entry of the operand stack that is a temporary is in the
//! register of its own position and type; the deferred instruction's result is such an entry.

use super::cleanup;
use super::compare;
use super::control::{Edge, Frame};
use super::error::WasmError;
use super::exceptions::Exceptions;
use super::local_set::LocalSet;
use super::locals::{Locals, NamedLocals};
use super::stack::{OperandStack, Value};
use super::types::{Context, expect_value_type, zero};
use minivm_builder::{BuildError, FunctionBuilder};
use minivm_isa::entities::{Block, Layout, Reg};
use minivm_isa::operand::OperandMut;
use minivm_isa::program::{Constant, Function};
use minivm_isa::{Allowance, Instruction, Operand, Type, steps};
use std::collections::HashMap;
use wasmparser::{FuncValidator, FunctionBody, OperatorsReader, ValidatorResources};

/// Validates the body of one function.
pub(super) type BodyValidator = FuncValidator<ValidatorResources>;

/// A translated body.
pub(super) struct Body {
    pub(super) function: Function,
    pub(super) locals: NamedLocals,
    /// Whether it waits on a memory.
    pub(super) waits: bool,
}

/// Validates and translates a body. `room` is how many more operands and registers the module may have besides those that its
/// bytes pay for.
pub(super) fn translate_body(
    context: &Context,
    body: &FunctionBody<'_>,
    validator: &mut BodyValidator,
    (room, allowance): (&mut usize, &mut Allowance),
) -> Result<Body, WasmError> {
    let mut reader = body.get_binary_reader();
    let start = reader.original_position();
    validator.read_locals(&mut reader)?;
    let mut declared = Vec::new();
    for run in body.get_locals_reader()? {
        let (count, ty) = run?;
        declared.push((count, expect_value_type(ty, start)?));
    }
    let bytes = body.as_bytes().len();
    let mut translator = FunctionTranslator::new(context, validator.index(), &declared, (bytes, *room));
    translator.builder.set_room(allowance.left());
    translator.builder.expect((bytes / BYTES_PER_INSTRUCTION).min(EXPECTED_MAX));
    let mut height = 0;
    let mut operators = OperatorsReader::new(reader);
    while !operators.eof() {
        let offset = operators.original_position();
        let operator = operators.read()?;
        validator.op(offset, &operator)?;
        translator.span = (offset, operators.original_position());
        translator.operator(operator)?;
        if translator.room == 0 {
            let what = "so many values that are moved, passed or returned by so little code";
            return Err(WasmError::unsupported(offset, what));
        }
        if translator.stack.len() > height {
            translator.builder.take(VALUE_BYTES * (translator.stack.len() - height) as u64);
            height = translator.stack.len();
        }
        if translator.builder.is_out_of_memory() {
            let _ = allowance.take(u64::MAX);
            return Err(WasmError::new(offset, BuildError::OutOfMemory.to_string()));
        }
    }
    *room = translator.room;
    operators.finish()?;
    // What was not too much for the builder is not too much here.
    let _ = allowance.touch(translator.builder.taken());
    translator.finish(start)
}

/// Bytes of a module for each instruction that they become, in nearly all functions.
const BYTES_PER_INSTRUCTION: usize = 4;
/// Instructions that room is made for before they are there.
const EXPECTED_MAX: usize = 4096;

/// Bytes that a place of the operand stack takes, here and in the validator.
const VALUE_BYTES: u64 = 128;

/// An instruction with one result that is not emitted yet.
pub(super) struct Deferred {
    pub(super) instruction: Instruction,
    /// The value is 1 when the instruction's result is 0, else 0.
    pub(super) negated: bool,
    /// Where the result is on the operand stack.
    position: usize,
    ty: Type,
    span: (u64, u64),
}

/// What a branch depends on.
pub(super) enum Condition {
    /// The result of a comparison that the branch takes in.
    Comparison(Deferred),
    /// An `i32` that is not zero.
    Operand(Operand),
}

/// A function while it is translated.
pub(super) struct FunctionTranslator<'a> {
    pub(super) context: &'a Context,
    pub(super) builder: FunctionBuilder,
    pub(super) stack: OperandStack,
    pub(super) frames: Vec<Frame>,
    /// Copies on the way of conditional branches, placed at the end of the function.
    pub(super) edges: Vec<Edge>,
    /// Where conditional returns without values go, once there is one.
    pub(super) return_block: Option<Block>,
    /// Whether the next operator can be reached; nothing is emitted otherwise.
    pub(super) is_reachable: bool,
    /// Whether it waits on a memory.
    pub(super) waits: bool,
    /// Blocks opened in unreachable code.
    pub(super) skipped: u32,
    /// Locals that are assigned on all ways to here.
    pub(super) assigned: LocalSet,
    /// Bytes of the current operator.
    pub(super) span: (u64, u64),
    /// See [`translate_body`].
    room: usize,
    pub(super) locals: Locals,
    pub(super) exceptions: Exceptions,
    /// See [`FunctionTranslator::object_registers`].
    pub(super) objects: HashMap<Layout, [Reg; 2]>,
    /// Keeps a vector while others are computed.
    kept_vector: Option<Reg>,
    /// Registers for a test of integers.
    pub(super) wide: Option<[Reg; 2]>,
    pub(super) described: Option<(Reg, Reg)>,
    /// Locals that are read where they may still be zero.
    read_unassigned: Vec<bool>,
    /// Registers of stack entries by position and type.
    temporaries: Vec<[Option<Reg>; 6]>,
    deferred: Option<Deferred>,
}

impl<'a> FunctionTranslator<'a> {
    fn new(context: &'a Context, function: u32, declared: &[(u32, Type)], (bytes, room): (usize, usize)) -> Self {
        let ty = context.function_type(function);
        let mut builder = FunctionBuilder::new(format!("func{function}"), ty.number, &ty.signature);
        let params = &ty.signature.params;
        let locals = Locals::new(params, declared, bytes, &mut builder);
        let frame = Frame::function(context.functions[function as usize], builder.current_block());
        FunctionTranslator {
            context,
            builder,
            stack: OperandStack::default(),
            frames: vec![frame],
            edges: Vec::new(),
            return_block: None,
            is_reachable: true,
            waits: false,
            skipped: 0,
            assigned: LocalSet::first(u32::try_from(params.len()).expect("validation limits parameters")),
            span: (0, 0),
            room: room.saturating_sub(params.len()),
            read_unassigned: Vec::new(),
            locals,
            exceptions: Exceptions::default(),
            objects: HashMap::new(),
            wide: None,
            described: None,
            kept_vector: None,
            temporaries: Vec::new(),
            deferred: None,
        }
    }

    fn finish(mut self, offset: u64) -> Result<Body, WasmError> {
        let mut zeros = Vec::new();
        for (local, dst, ty) in self.locals.all() {
            if self.read_unassigned.get(local as usize) == Some(&true) {
                zeros.push(Instruction::Copy { dst, src: self.builder.constant(zero(ty)) });
            }
        }
        let function = self.builder.finish().map_err(|error| WasmError::unsupported(offset, error))?;
        let (function, waits) = (cleanup::cleanup(function, zeros), self.waits);
        Ok(Body { function, locals: self.locals.into_named(), waits })
    }

    /// The register of a temporary.
    pub(super) fn temporary(&mut self, position: usize, ty: Type) -> Reg {
        let slot = match ty {
            Type::I32 => 0,
            Type::I64 => 1,
            Type::F32 => 2,
            Type::F64 => 3,
            Type::V128 => 4,
            Type::Any | Type::Cell | Type::Ref(_) => 5,
        };
        if self.temporaries.len() <= position {
            self.temporaries.resize(position + 1, [None; 6]);
        }
        *self.temporaries[position][slot].get_or_insert_with(|| self.builder.register(ty))
    }

    /// A register that keeps a vector until the next operator.
    pub(super) fn kept_vector(&mut self) -> Reg {
        *self.kept_vector.get_or_insert_with(|| self.builder.register(Type::V128))
    }

    /// Emits an instruction, after the deferred one.
    pub(super) fn emit(&mut self, instruction: Instruction) {
        self.flush();
        self.emit_at(self.span, instruction);
    }

    /// Emits an instruction that comes from those bytes.
    pub(super) fn emit_at(&mut self, (start, end): (u64, u64), instruction: Instruction) {
        let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        self.builder.set_span(self.context.source, 0, offset(start), offset(end));
        self.builder.emit(instruction);
    }

    /// Emits the deferred instruction, if there is one.
    pub(super) fn flush(&mut self) {
        if let Some(deferred) = self.deferred.take() {
            let register = self.temporary(deferred.position, deferred.ty);
            self.place(deferred, register);
        }
    }

    /// Emits an instruction that was deferred, with that result.
    pub(super) fn place(&mut self, deferred: Deferred, register: Reg) {
        let Deferred { mut instruction, negated, position, span, .. } = deferred;
        let result = if negated { self.temporary(position, Type::I32) } else { register };
        instruction.for_each_operand_mut(|operand| match operand {
            OperandMut::Out(dst) => *dst = result,
            OperandMut::Outs([dst]) => *dst = result,
            _ => {}
        });
        self.emit_at(span, instruction);
        if negated {
            self.emit_at(span, Instruction::I32Eqz { dst: register, src: result.into() });
        }
    }

    /// Pushes the result of an instruction, which is deferred.
    pub(super) fn produce(&mut self, ty: Type, make: impl FnOnce(Reg) -> Instruction) {
        self.flush();
        let (position, span) = (self.stack.len(), self.span);
        // Stands for the result until it has a register.
        let unplaced = Reg::from_u32(0);
        self.deferred = Some(Deferred { instruction: make(unplaced), negated: false, position, ty, span });
        self.stack.push(Value::Temporary, ty);
    }

    pub(super) fn push_constant(&mut self, constant: Constant) {
        let ty = constant.ty();
        self.stack.push(Value::Constant(constant), ty);
    }

    /// The operand for a value on the stack.
    pub(super) fn operand_at(&mut self, position: usize) -> Operand {
        let entry = self.stack.entry(position);
        let (value, ty) = (entry.value.clone(), entry.ty);
        self.operand(value, position, ty)
    }

    fn operand(&mut self, value: Value, position: usize, ty: Type) -> Operand {
        match value {
            Value::Local(local) => self.locals.register(local).into(),
            Value::Constant(constant) => self.builder.constant(constant),
            Value::Temporary => self.temporary(position, ty).into(),
        }
    }

    /// Takes the topmost value as an operand of an instruction that is emitted next.
    pub(super) fn pop(&mut self) -> Operand {
        let entry = self.stack.pop();
        self.operand(entry.value, self.stack.len(), entry.ty)
    }

    /// Takes the topmost values as operands, in the order in which they were pushed.
    pub(super) fn pop_list(&mut self, count: usize) -> Box<[Operand]> {
        self.take_room(count);
        let mut operands: Vec<Operand> = (0..count).map(|_| self.pop()).collect();
        operands.reverse();
        operands.into()
    }

    /// The deferred instruction, if its result is the topmost value.
    pub(super) fn deferred_top(&mut self) -> Option<&mut Deferred> {
        let top = self.stack.len().checked_sub(1)?;
        self.deferred.as_mut().filter(|deferred| deferred.position == top)
    }

    /// Takes the deferred instruction, if its result is the topmost value; the value stays on the stack.
    pub(super) fn take_deferred_top(&mut self) -> Option<Deferred> {
        self.deferred_top()?;
        self.deferred.take()
    }

    /// An instruction names so many values, or so many are moved: more than a few are paid for by the size of the module.
    pub(super) fn take_room(&mut self, values: usize) {
        steps::count(values);
        self.room = self.room.saturating_sub(values);
    }

    /// The number of a local, by which all else names it.
    fn local(&mut self, index: u32) -> u32 {
        self.locals.number(index, &mut self.builder)
    }

    pub(super) fn local_get(&mut self, index: u32) {
        let local = self.local(index);
        if !self.assigned.contains(local) && !self.locals.is_parameter(local) {
            let needed = local as usize + 1;
            if self.read_unassigned.len() < needed {
                self.read_unassigned.resize(needed, false);
            }
            self.read_unassigned[local as usize] = true;
        }
        self.stack.push(Value::Local(local), self.locals.ty(local));
    }

    pub(super) fn local_set(&mut self, index: u32) {
        let local = self.local(index);
        let register = self.locals.register(local);
        if let Some(deferred) = self.take_deferred_top() {
            self.stack.pop();
            self.evaluate_readers(local);
            self.place(deferred, register);
        } else {
            let src = self.pop();
            self.flush();
            if src != register.into() {
                self.evaluate_readers(local);
                self.emit(Instruction::Copy { dst: register, src });
            }
        }
        self.assigned.insert(local);
    }

    pub(super) fn local_tee(&mut self, index: u32) {
        self.local_set(index);
        let local = self.local(index);
        self.stack.push(Value::Local(local), self.locals.ty(local));
    }

    /// Evaluates entries that still read `local`, which is about to change.
    fn evaluate_readers(&mut self, local: u32) {
        while let Some(position) = self.stack.evaluate_reader(local) {
            self.evaluate(position, local);
        }
    }

    /// Evaluates all entries that read locals, because ways part or meet here.
    pub(super) fn evaluate_reads(&mut self) {
        while let Some((position, local)) = self.stack.evaluate_read() {
            self.evaluate(position, local);
        }
    }

    fn evaluate(&mut self, position: usize, local: u32) {
        let dst = self.temporary(position, self.locals.ty(local));
        self.emit(Instruction::Copy { dst, src: self.locals.register(local).into() });
    }

    /// Takes the topmost value as a condition.
    pub(super) fn pop_condition(&mut self) -> Condition {
        let nil = || self.builder.nil();
        let top = self.stack.len().checked_sub(1);
        let on_top = self.deferred.as_ref().filter(|deferred| Some(deferred.position) == top);
        let is_comparison = on_top.is_some_and(|deferred| compare::is_comparison(&deferred.instruction, nil));
        if is_comparison && let Some(deferred) = self.take_deferred_top() {
            self.stack.pop();
            return Condition::Comparison(deferred);
        }
        let operand = self.pop();
        self.flush();
        Condition::Operand(operand)
    }

    /// Emits a branch.
    pub(super) fn branch(&mut self, condition: Condition, if_true: Block, if_false: Block) {
        match condition {
            Condition::Operand(cond) => self.emit(Instruction::BranchIf { cond, if_true, if_false }),
            Condition::Comparison(deferred) => {
                let (if_true, if_false) = if deferred.negated { (if_false, if_true) } else { (if_true, if_false) };
                let zero = || self.builder.i64(0);
                let branch = compare::branch(&deferred.instruction, zero, if_true, if_false);
                self.emit(branch.expect("it was taken as a comparison"));
            }
        }
    }
}
