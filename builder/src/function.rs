//! One function under construction.

mod last;
mod layout;
mod written;

use cranelift_entity::{EntityRef, PrimaryMap};
use minivm_isa::entities::{Block, Const, Reg, Sig, Source};
use minivm_isa::operand::{OperandMut, OperandRef, Pattern};
use minivm_isa::program::{Constant, Region, RegionKind};
use minivm_isa::size::operand_bytes;
use minivm_isa::{Instruction, Operand, Signature, Type, steps};
use std::collections::HashMap;

use crate::constants::Recent;
use crate::mistakes::Mistakes;
use crate::{IntoOperand, IntoOperands};
pub use minivm_isa::limits::FRAME_WORDS_MAX;
use written::{Pieces, Position, Written};

/// A block under construction.
#[derive(Default)]
struct BlockData {
    code: Pieces,
    position: Option<u32>,
}

struct LocalRange {
    name: String,
    register: Reg,
    start: (Block, usize),
    end: Option<(Block, usize)>,
}

/// Builds one function. It stands alone, so nested functions can be built side by side; give the result to
/// [`ProgramBuilder::define`](crate::ProgramBuilder::define).
///
/// Every instruction of the table is a method. One with a single result `dst` returns its register: a fresh one, or the one named
/// by [`to`](FunctionBuilder::to) just before. Where the type of the result depends on the rest of the program (globals,
/// addresses, fields), [`fresh`](FunctionBuilder::fresh) or `to` must name it. Inputs are registers, constants, or plain Rust
/// values, see [`IntoOperand`]; lists are tuples or slices of them, see [`IntoOperands`]. Blocks are laid out in the order in which
/// they are first switched to.
///
/// Registers are slots of the function's frame on the stack, and nobody assigns them anew: a function with many temporaries has a
/// large frame. [`scoped`](FunctionBuilder::scoped) lets those of one part of a function be used again by the next.
///
/// ```
/// # use minivm_builder::{ProgramBuilder, Signature};
/// let mut f = ProgramBuilder::new().function("largest", Signature::dynamic(2, false));
/// let (a, b, yes, no) = (f.param(0), f.param(1), f.block(), f.block());
/// f.branch_less(a, b, yes, no);
/// for (block, result) in [(yes, b), (no, a)] { f.switch_to(block); f.return_values((result,)) }
/// assert!(f.finish().is_ok());
/// ```
///
/// No method panics. What is used wrongly is noted, and [`finish`](FunctionBuilder::finish) reports all of it.
///
/// ```
/// use minivm_builder::{ProgramBuilder, RegionKind, Signature, Type};
///
/// let mut program = ProgramBuilder::new();
/// let mut f = program.function("try", Signature::dynamic(2, false));
/// let (body, caught, error) = (f.block(), f.block(), f.register(Type::Any));
/// f.protect(RegionKind::Catch, body, caught, caught, error, None);
/// f.jump(body);
///
/// f.switch_to(body);                                     // calls its first parameter with the second one
/// let result = f.call_any_one(f.param(0), (f.param(1),));
/// f.return_values((true, result));
///
/// f.switch_to(caught);                                   // and says what went wrong, if anything did
/// let text = f.concat(("caught: ", error));
/// f.return_values((false, text));
/// let number = program.add(f)?;
/// program.export_function("try", number);
/// assert!(program.finish().is_ok());
/// # Ok::<(), minivm_builder::BuildError>(())
/// ```
pub struct FunctionBuilder {
    name: String,
    signature: Sig,
    params: Vec<Reg>,
    captures: Vec<Type>,
    capture_names: Vec<String>,
    registers: PrimaryMap<Reg, Type>,
    pub(crate) constants: PrimaryMap<Const, Constant>,
    /// The constants, once there are more than are looked through one by one.
    pub(crate) constant_ids: HashMap<Constant, Const>,
    pub(crate) recent: Recent,
    blocks: PrimaryMap<Block, BlockData>,
    written: Written,
    placed: u32,
    current: Block,
    regions: Vec<Region>,
    span: Position,
    locals: Vec<LocalRange>,
    /// For each register its open locals, innermost last.
    open_locals: HashMap<Reg, Vec<usize>>,
    destination: Option<Reg>,
    /// Registers whose scope has ended, by type.
    free: HashMap<Type, Vec<Reg>>,
    /// For each open scope the registers that were taken in it.
    scopes: Vec<Vec<Reg>>,
    mistakes: Mistakes,
    /// Bytes that building it may take, and does.
    room: u64,
    taken: u64,
}

/// Bytes that each of these takes while a function is built and put together, with room to grow. What knows of the flow between
/// blocks has some, too.
const BLOCK_BYTES: u64 = 480;
const INSTRUCTION_BYTES: u64 = 2 * size_of::<Instruction>() as u64 + 104;
const REGISTER_BYTES: u64 = 4 * size_of::<Type>() as u64;
const NAME_BYTES: u64 = 160;

impl FunctionBuilder {
    /// Starts a function with a signature and its number; the entry block is current.
    pub fn new(name: impl Into<String>, number: Sig, signature: &Signature) -> Self {
        let mut registers = PrimaryMap::new();
        let params = signature.params.iter().map(|&ty| registers.push(ty)).collect();
        let mut blocks = PrimaryMap::new();
        let current = blocks.push(BlockData { position: Some(0), ..BlockData::default() });
        FunctionBuilder {
            name: name.into(),
            signature: number,
            params,
            captures: Vec::new(),
            capture_names: Vec::new(),
            registers,
            constants: PrimaryMap::new(),
            constant_ids: HashMap::new(),
            recent: Recent::default(),
            blocks,
            written: Written::default(),
            placed: 1,
            current,
            regions: Vec::new(),
            span: None,
            locals: Vec::new(),
            open_locals: HashMap::new(),
            destination: None,
            free: HashMap::new(),
            scopes: Vec::new(),
            mistakes: Mistakes::default(),
            room: u64::MAX,
            taken: 0,
        }
    }

    /// Says how much memory building the function may take: past it nothing is added any more, and [`finish`](Self::finish)
    /// gives [`BuildError::OutOfMemory`](crate::BuildError::OutOfMemory).
    pub fn set_room(&mut self, bytes: u64) {
        self.room = bytes;
    }

    /// Says about how many instructions come, so that their list is not moved while it grows.
    pub fn expect(&mut self, instructions: usize) {
        self.written.reserve(instructions);
    }

    /// Bytes that were counted so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether what was added does not fit its room.
    pub fn is_out_of_memory(&self) -> bool {
        self.taken > self.room
    }

    /// Counts bytes against its room: what is added takes them, and whoever builds it may.
    pub fn take(&mut self, bytes: u64) {
        self.taken = self.taken.saturating_add(bytes);
    }

    /// Notes a mistake where the next instruction will be.
    pub(crate) fn mistake(&self, operand: &'static str, expected: impl Into<String>, found: impl Into<String>) {
        let offset = self.blocks[self.current].code.len();
        self.mistakes.note((self.current, offset), operand, expected.into(), found.into());
    }

    /// Register of parameter `index`, from 0.
    pub fn param(&self, index: usize) -> Reg {
        self.params.get(index).copied().unwrap_or_else(|| {
            let count = self.params.len();
            self.mistake("param", format!("a number below {count}, the number of parameters"), index.to_string());
            Reg::from_u32(0)
        })
    }

    /// A fresh register, or one whose [scope](Self::scoped) has ended.
    pub fn register(&mut self, ty: Type) -> Reg {
        let register = match self.free.get_mut(&ty).and_then(Vec::pop) {
            Some(register) => register,
            None => {
                steps::count(1);
                self.take(REGISTER_BYTES);
                self.registers.push(ty)
            }
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(register);
        }
        register
    }

    /// Builds a part of the function; the registers that it takes are used again when it is done. What is needed after it has to
    /// be in registers from outside.
    pub fn scoped<T>(&mut self, part: impl FnOnce(&mut Self) -> T) -> T {
        self.begin_scope();
        let result = part(self);
        self.end_scope();
        result
    }

    /// As [`scoped`](Self::scoped), for those who keep the builder in a structure of their own: registers that are taken from here
    /// on are used again after the [`end_scope`](Self::end_scope) that belongs to it.
    pub fn begin_scope(&mut self) {
        self.scopes.push(Vec::new());
    }

    /// Ends what the last [`begin_scope`](Self::begin_scope) has begun.
    pub fn end_scope(&mut self) {
        let Some(registers) = self.scopes.pop() else {
            return self.mistake("end_scope", "a scope that was begun", "none");
        };
        for register in registers.into_iter().rev() {
            self.free.entry(self.registers[register]).or_default().push(register);
        }
    }

    /// Makes `register` the result of the one instruction that `part` emits, whose operands may be asked of the builder:
    /// `f.assign(sum, |f| f.add(f.param(0), 1))`.
    pub fn assign(&mut self, register: Reg, part: impl FnOnce(&mut Self) -> Reg) -> Reg {
        self.to(register);
        part(self)
    }

    /// The type of a register.
    pub fn register_type(&self, register: Reg) -> Type {
        self.registers.get(register).copied().unwrap_or_else(|| {
            self.mistake("register", "a register of this function", register.to_string());
            Type::Any
        })
    }

    /// Declares a captured value of type `any` or `cell`; returns its index.
    pub fn capture(&mut self, ty: Type, name: impl Into<String>) -> u64 {
        let name = name.into();
        self.take(NAME_BYTES + 2 * name.len() as u64);
        self.captures.push(ty);
        self.capture_names.push(name);
        self.captures.len() as u64 - 1
    }

    /// A new block, empty and not yet placed.
    pub fn block(&mut self) -> Block {
        self.take(BLOCK_BYTES);
        self.blocks.push(BlockData::default())
    }

    /// Goes on in `block`. The first time places it after all blocks placed so far.
    pub fn switch_to(&mut self, block: Block) {
        if self.blocks.get(block).is_none() {
            return self.mistake("switch_to", "a block of this function", block.to_string());
        }
        let data = &mut self.blocks[block];
        if data.position.is_none() {
            data.position = Some(self.placed);
            self.placed += 1;
        }
        self.current = block;
    }

    /// The block that instructions go into.
    pub fn current_block(&self) -> Block {
        self.current
    }

    /// Whether the current block ends with an instruction that leaves it.
    pub fn is_terminated(&self) -> bool {
        self.last().is_some_and(|last| last.info().effects.end)
    }

    /// The last instruction of the current block.
    fn last(&self) -> Option<&Instruction> {
        self.written.last(&self.blocks[self.current].code)
    }

    /// Makes `register` the result of the next instruction.
    ///
    /// Operands that are asked of the builder itself go into variables first, or into [`assign`](Self::assign): it is borrowed
    /// here.
    pub fn to(&mut self, register: Reg) -> &mut Self {
        self.is_used("another");
        self.destination = Some(register);
        self
    }

    /// Notes a mistake if there is a result that no instruction has written.
    fn is_used(&mut self, by: &str) {
        if let Some(register) = self.destination.take() {
            self.mistake("to", format!("an instruction with a result for {register}"), by);
        }
    }

    /// Makes a fresh register of type `ty` the result of the next instruction. Needed where the instruction alone does not tell
    /// the type: `f.fresh(Type::I32).global_get(counter)`.
    pub fn fresh(&mut self, ty: Type) -> &mut Self {
        let register = self.register(ty);
        self.to(register)
    }

    /// Source position of the instructions from here on: `line` from 1, byte range in the file.
    pub fn set_span(&mut self, source: Source, line: u32, start: u32, end: u32) {
        self.span = Some((source, line, start, end));
    }

    /// From here on `register` is the local variable `name`.
    pub fn open_local(&mut self, name: impl Into<String>, register: Reg) {
        let start = (self.current, self.blocks[self.current].code.len());
        let name = name.into();
        self.take(NAME_BYTES + 2 * name.len() as u64);
        self.open_locals.entry(register).or_default().push(self.locals.len());
        self.locals.push(LocalRange { name, register, start, end: None });
    }

    /// The innermost open local of `register` ends here.
    pub fn close_local(&mut self, register: Reg) {
        let end = (self.current, self.blocks[self.current].code.len());
        match self.open_locals.get_mut(&register).and_then(Vec::pop) {
            Some(open) => self.locals[open].end = Some(end),
            None => self.mistake("close_local", format!("an open local in {register}"), "none"),
        }
    }

    /// Protects the blocks from `start` up to, not with, `end`, as they are placed. Add inner regions before outer ones.
    /// `error` is the `any` register in which `handler` finds the error value.
    pub fn protect(
        &mut self,
        kind: RegionKind,
        start: Block,
        end: Block,
        handler: Block,
        error: Reg,
        message_handler: Option<Reg>,
    ) {
        self.regions.push(Region { kind, start, end, handler, error, message_handler });
    }

    /// Appends an instruction to the current block. After its end, instructions are dropped: nothing could reach them.
    pub fn emit(&mut self, instruction: Instruction) {
        if self.destination.is_some() {
            self.is_used(&format!("{}, which has none", instruction.info().name));
        }
        if self.is_terminated() {
            return;
        }
        steps::count(1);
        self.take(INSTRUCTION_BYTES + 2 * operand_bytes(&instruction));
        if self.is_out_of_memory() {
            return;
        }
        self.written.push(&mut self.blocks[self.current].code, instruction, self.span);
    }

    /// Emits an instruction with a single result; `make` gets its register, which is the one from [`to`](Self::to) or a fresh
    /// one of the type the table says.
    pub(crate) fn emit_result(&mut self, make: impl FnOnce(Reg) -> Instruction) -> Reg {
        if let Some(register) = self.destination.take() {
            self.emit(make(register));
            return register;
        }
        let mut instruction = make(Reg::new(0));
        let ty = self.result_type(&instruction);
        let register = self.register(ty);
        instruction.for_each_operand_mut(|operand| {
            if let OperandMut::Out(result) = operand {
                *result = register;
            }
        });
        self.emit(instruction);
        register
    }

    /// The pattern of an input of the next instruction, where the register that its result goes to tells more than the table.
    pub(crate) fn resolve(&self, pattern: Pattern) -> Pattern {
        match self.destination {
            Some(register) if pattern == Pattern::Same => Pattern::Exactly(self.register_type(register)),
            _ => pattern,
        }
    }

    /// Calls any value, and returns its first result, or nil if there is none.
    pub fn call_any_one(&mut self, callee: impl IntoOperand, arguments: impl IntoOperands) -> Reg {
        let result = match self.destination.take() {
            Some(register) => register,
            None => self.register(Type::Any),
        };
        self.call_any(&[result], callee, arguments);
        result
    }

    /// The type of the result, as far as the instruction alone tells it.
    fn result_type(&self, instruction: &Instruction) -> Type {
        if let Instruction::CaptureGet { index, .. } = instruction {
            let ty = usize::try_from(*index).ok().and_then(|index| self.captures.get(index));
            return ty.copied().unwrap_or_else(|| {
                self.mistake("index", format!("one of {} captured values", self.captures.len()), index.to_string());
                Type::Any
            });
        }
        let (mut result, mut same, mut layout) = (None, None, None);
        instruction.for_each_operand(|_, operand| match operand {
            OperandRef::Out(_, pattern) => result = result.or(Some(pattern)),
            OperandRef::In(input, Pattern::Same) => same = same.or(Some(self.operand_type(input))),
            OperandRef::Index(minivm_isa::operand::IndexKind::Layout, index) => layout = Some(index),
            _ => {}
        });
        match result.expect("only instructions with a result come here") {
            Pattern::Exactly(ty) => ty,
            Pattern::Same => same.expect("a `Same` result has a `Same` input"),
            Pattern::RefType => {
                Type::Ref(minivm_isa::entities::Layout::from_u32(layout.expect("a `RefType` result names a layout")))
            }
            Pattern::Address | Pattern::GlobalType | Pattern::Special => {
                let name = instruction.info().name;
                self.mistake("dst", "`to` or `fresh`, as the type depends on the program", format!("only {name}"));
                Type::Any
            }
        }
    }

    /// The type of an operand.
    pub fn operand_type(&self, operand: Operand) -> Type {
        match operand.input() {
            minivm_isa::Input::Reg(reg) => self.register_type(reg),
            minivm_isa::Input::Const(constant) => match self.constants.get(constant) {
                Some(constant) => constant.ty(),
                None => {
                    self.mistake("constant", "a constant of this function", constant.to_string());
                    Type::Any
                }
            },
        }
    }
}
