//! From portable bytecode to threaded code, a function at a time, at its first call.
//!
//! | file | what |
//! |---|---|
//! | `temporaries` | which results are read once, in their block |
//! | `plan` | what becomes of each instruction |
//! | `facts` | which registers are known to hold integers or floats |
//! | `sources` | what writes operators for pairs of inputs |
//! | `dynamic`, `calls`, `convert`, `fiber` | `any` instructions, calls, conversions and records, fibers |
//! | `select/` | typed instructions as expression trees |
//! | `explain` | the result for people |

/// Writes an instruction of the table: `put!(loading, at, row)`.
macro_rules! put {
    ($compiling:expr, $at:expr, $row:expr) => {{
        let row = $row;
        let handler = $compiling.handler(row.handlers());
        $compiling.asm.row(handler, $at, row)
    }};
}

/// The same with the elements of its list: `put_list!(loading, at, elements, |list| row)`.
macro_rules! put_list {
    ($compiling:expr, $at:expr, $elements:expr, |$list:ident| $row:expr) => {{
        let elements = $elements;
        let $list = $crate::threaded::kinds::Elements::of(elements);
        let row = $row;
        let handler = $compiling.handler(row.handlers());
        $compiling.asm.row_with_list(handler, $at, row, $list, elements)
    }};
}

mod calls;
mod convert;
mod dynamic;
pub(crate) mod explain;
pub(crate) mod facts;
mod fiber;
pub(crate) mod plan;
pub(crate) mod select;
mod sources;
mod strings;
pub(crate) mod temporaries;
mod words;

use crate::handlers::table::Handlers;
use crate::heap::Str;
use crate::runtime::context::Context;
use crate::runtime::engine::CompileError;
use crate::runtime::engine::Engine;
use crate::runtime::function::{FunctionInfo, GuestFunction};
use crate::runtime::instance::Instance;
use crate::threaded::HandlerAddress;
use crate::threaded::continuation::HOST_CALL_WORDS;
use crate::threaded::kinds::BranchTo;
use crate::threaded::notes::Note;
use crate::threaded::rows;
use crate::threaded::slots::SCRATCH_VALUES;
use crate::threaded::slots::Slots;
use crate::threaded::slots::window;
use crate::threaded::stack_map::Fate;
use crate::threaded::stack_map::STRETCH;
use crate::threaded::stack_map::StackMap;
use crate::threaded::{Assembler, Code, EntryHeader};
use crate::value::{Tag, Value};
use minivm_isa::entities::{Block, Const, Reg};
use minivm_isa::program::{Constant, Function, Program};
use minivm_isa::steps;
use minivm_isa::{Input, Instruction, Operand};
use plan::Plan;
use std::ops::Range;
use temporaries::Temporaries;

/// A function on its way to threaded code.
pub(crate) struct Compiling<'a> {
    /// The portable function.
    pub(crate) function: &'a Function,
    /// Its program.
    pub(crate) program: &'a Program,
    /// Its instance.
    pub(crate) instance: &'a Instance,
    /// The memory whose accesses need no operand.
    pub(crate) main_memory: *const crate::memory::LinearMemory,
    /// Where registers lie.
    pub(crate) slots: &'a Slots,
    /// What is read once.
    pub(crate) temporaries: Temporaries,
    /// Which typed instructions are done inside another one.
    pub(crate) absorbed: Vec<Option<u32>>,
    /// What the typed part decided for the block at hand.
    pub(crate) typed: select::Plan,
    /// Whether control falls out of the end of the block so far.
    pub(crate) falls_through: bool,
    /// What happens to each instruction.
    pub(crate) plan: Plan,
    /// The code so far.
    pub(crate) asm: Assembler,
    /// One threaded instruction for each canonical one, and a step before each.
    pub(crate) baseline: bool,
    /// What is known of registers at the starts of blocks, and at the instruction at hand.
    facts: facts::Facts,
    known: facts::Known,
    /// The register whose float was computed last, and the number of instructions then: nothing came in between if it is
    /// still the same.
    accumulator: Option<(Reg, usize)>,
    /// Canonical instructions since the last charge.
    pub(crate) pending: u32,
    /// The instruction at hand.
    at: usize,
    /// The block laid out after the one at hand.
    pub(crate) next_block: Option<Block>,
    /// Whether the function is variadic.
    variadic: bool,
    params: usize,
    constants: &'a [Value],
    /// First word where constants are put that an instruction cannot take in place, and how many were for this one.
    scratch: usize,
    scratch_used: usize,
    /// Word where a callee's registers begin.
    window: usize,
    unsupported: Option<&'static str>,
}

/// Makes sure that a function has optimised code.
///
/// # Errors
/// When it cannot be loaded.
pub(crate) fn ensure_loaded(cx: &mut Context, info: &FunctionInfo, guest: &GuestFunction) -> Result<(), CompileError> {
    if guest.code().is_some() {
        return Ok(());
    }
    guest.make_portable(cx.heap.budget()).map_err(|_| CompileError::OutOfMemory)?;
    let held = cx.heap.budget().hold(crate::runtime::cost::loading_bytes(guest.portable()));
    if held.is_err() && !guest.is_small() {
        return Err(CompileError::OutOfMemory);
    }
    make_closures(cx, guest)?;
    let constants = make_constants(cx, guest)?;
    let Translated { code, plan, .. } = translate(guest, info, constants, cx.main_memory_of, Form::Optimised)?;
    cx.widest_frame = cx.widest_frame.max(code.extent());
    let fates = (0..guest.portable().code.len()).map(|index| plan.fate(index)).collect();
    let stack_map = StackMap::new(guest.portable(), guest.params as usize, fates, plan.waiting());
    drop(held);
    crate::runtime::cost::charge_code(cx.heap.budget(), guest, (&code, &stack_map))
        .map_err(|_| CompileError::OutOfMemory)?;
    let _ = guest.derived().stack_map.set(stack_map);
    let _ = guest.derived().code.set(code);
    crate::runtime::native::loaded(cx, info, guest);
    Ok(())
}

/// Word of a frame where the registers of a callee begin.
pub(crate) fn window_of(guest: &GuestFunction) -> usize {
    window(guest.slots())
}

/// The baseline code of a function that has optimised code.
fn compile_baseline(cx: &Context, info: &FunctionInfo, guest: &GuestFunction) -> Code {
    let constants = guest.constants().expect("they are made with the optimised code");
    let translated = translate(guest, info, constants, cx.main_memory_of, Form::Baseline);
    translated.expect("what has optimised code has baseline code: their frames are equal").code
}

/// What the machine runs with.
pub(crate) static ENGINE: Engine =
    Engine { stubs: crate::handlers::stubs, compile: ensure_loaded, compile_baseline, run: crate::handlers::run };

/// Makes what the machine knows of the functions that a function names, and their closures, as its code has their addresses.
fn make_closures(cx: &mut Context, guest: &GuestFunction) -> Result<(), CompileError> {
    // SAFETY: instances outlive their functions.
    let instance = unsafe { &*guest.instance };
    steps::count(guest.portable().code.len());
    for instruction in &guest.portable().code {
        let (Instruction::Call { function, .. }
        | Instruction::TailCall { function, .. }
        | Instruction::RefFunc { function, .. }
        | Instruction::Closure { function, .. }) = instruction
        else {
            continue;
        };
        cx.function_closure(instance, *function).map_err(|_| CompileError::OutOfMemory)?;
    }
    Ok(())
}

/// Makes the values of a function's constants.
fn make_constants<'a>(cx: &mut Context, guest: &'a GuestFunction) -> Result<&'a [Value], CompileError> {
    if let Some(constants) = guest.constants() {
        return Ok(constants);
    }
    // SAFETY: instances outlive their functions.
    let instance = unsafe { &*guest.instance };
    let mut values = Vec::with_capacity(guest.portable().constants.len());
    for constant in guest.portable().constants.values() {
        values.push(match constant {
            Constant::Nil => Value::NIL,
            Constant::False => Value::FALSE,
            Constant::True => Value::TRUE,
            Constant::Integer(int) => Value::int(*int),
            Constant::Float(bits) => Value::float(f64::from_bits(*bits)),
            Constant::String(bytes) => match instance.long_string(bytes) {
                Some(string) => string,
                None => cx.heap.string_value(bytes).map_err(|_| CompileError::OutOfMemory)?,
            },
            Constant::I32(_) | Constant::I64(_) | Constant::F32(_) | Constant::F64(_) | Constant::V128(_) => Value::NIL,
        });
    }
    let constants = guest.derived().constants.get_or_init(|| values.into_boxed_slice());
    instance.note_long_strings(constants);
    Ok(constants)
}

/// Words that the widest window of a function takes. They fit with all else: [`FRAME_WORDS_MAX`] leaves room for headers.
fn window_words(instance: &Instance, function: &Function) -> usize {
    steps::count(function.code.len());
    let signature_words = |signature| instance.signature_words(signature) as u64;
    let words = |instruction| minivm_isa::frame::window_words(&instance.program, instruction, signature_words);
    function.code.iter().map(words).max().unwrap_or(0) as usize
}

/// What a function is translated to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Optimised code.
    Optimised,
    /// The same, with notes for people.
    Explained,
    /// Baseline code.
    Baseline,
}

/// A translated function.
struct Translated {
    code: Code,
    plan: Plan,
    /// What each threaded instruction is, if it is to be explained.
    notes: Vec<Note>,
}

/// Translates one function.
fn translate(
    guest: &GuestFunction,
    info: &FunctionInfo,
    constants: &[Value],
    main_memory: *const crate::memory::LinearMemory,
    form: Form,
) -> Result<Translated, CompileError> {
    let baseline = form == Form::Baseline;
    let function = guest.portable();
    let program = guest.program();
    let slots = guest.slots();
    let scratch = slots.words();
    let window = window(slots);
    // SAFETY: instances outlive their functions.
    let instance = unsafe { &*guest.instance };
    let extent = window + window_words(instance, function) + HOST_CALL_WORDS;
    debug_assert!(extent <= usize::from(u16::MAX), "the verifier has bounded frames");
    let local = temporaries::block_local(function);
    let mut compiling = Compiling {
        function,
        program,
        instance,
        main_memory,
        slots,
        temporaries: Temporaries::compute(function, &local),
        absorbed: vec![None; function.code.len()],
        typed: select::Plan::default(),
        falls_through: true,
        plan: Plan::baseline(function),
        asm: Assembler::new(function.blocks.len(), function.code.len()),
        baseline,
        facts: if baseline { facts::Facts::none() } else { facts::Facts::compute(function, &local) },
        known: facts::Known::default(),
        accumulator: None,
        pending: 0,
        at: 0,
        next_block: None,
        variadic: guest.convention == minivm_isa::Convention::Variadic,
        params: guest.params as usize,
        constants,
        scratch,
        scratch_used: 0,
        window,
        unsupported: None,
    };
    if !baseline {
        compiling.plan = Plan::compute(function, &compiling.temporaries, window);
    }
    if form == Form::Explained {
        compiling.asm.take_notes();
    }
    compiling.emit_blocks();
    if let Some(name) = compiling.unsupported {
        return Err(CompileError::Unsupported(name));
    }
    let params = crate::runtime::call::direct_params(info, guest.convention, guest.params);
    let header = EntryHeader { extent: extent as u32, params };
    compiling.plan.fold_typed(&compiling.absorbed);
    let notes = compiling.asm.notes();
    Ok(Translated { code: compiling.asm.finish(std::ptr::from_ref(info).cast(), header), plan: compiling.plan, notes })
}

impl Compiling<'_> {
    fn emit_blocks(&mut self) {
        let function = self.function;
        let order = select::calls::layout(self);
        for (index, &block) in order.iter().enumerate() {
            self.next_block = order.get(index + 1).copied();
            select::enter_block(self, block);
            self.facts.enter(block, &mut self.known);
            self.accumulator = None;
            let range = function.block_range(block);
            if self.baseline {
                put!(self, range.start, rows::EnterBlock { block: block.as_u32() });
            }
            for start in range.clone().step_by(STRETCH) {
                self.emit_stretch(start..range.end.min(start + STRETCH));
            }
        }
    }

    /// Emits a part of a block. Nothing is moved over its boundaries, and everything before it is paid for or known.
    fn emit_stretch(&mut self, range: Range<usize>) {
        if self.pending as usize > STRETCH {
            select::charge(self, range.start);
        }
        select::plan(self, range.clone());
        for at in range {
            self.at = at;
            steps::count(1);
            self.pending += u32::from(!self.baseline);
            if self.absorbed[at].is_none() && !matches!(self.plan.fate(at), Fate::Folded(_)) {
                if self.baseline {
                    put!(self, at, rows::Step {});
                    self.asm.is_step();
                }
                self.scratch_used = 0;
                if !select::emit(self, at) {
                    select::settle(self, at, 0);
                    self.emit(at);
                }
            }
            self.known.step(self.function, &self.function.code[at]);
        }
    }

    /// What is pending, for an instruction that charges for it.
    pub(crate) fn take_pending(&mut self) -> i64 {
        self.asm.charges(self.at + 1);
        i64::from(std::mem::take(&mut self.pending))
    }

    /// The handler of a row in the form of code that is written.
    fn handler(&self, handlers: Handlers) -> HandlerAddress {
        HandlerAddress::from(if self.baseline { handlers.baseline } else { handlers.optimised })
    }

    /// A constant of the function.
    pub(crate) fn constant(&self, constant: Const) -> &Constant {
        &self.function.constants[constant]
    }

    /// Where an `any` result of instruction `at` goes.
    pub(crate) fn destination(&self, at: usize, reg: Reg) -> usize {
        match self.plan.fate(at) {
            Fate::Window { at: word, .. } => usize::from(word),
            Fate::Emitted | Fate::Folded(_) => self.slot(reg),
        }
    }

    /// The value of an `any` constant operand.
    fn any_constant(&self, operand: Operand) -> Option<Value> {
        operand.constant().map(|constant| self.constants[constant.as_u32() as usize])
    }

    /// The slot of a register.
    pub(crate) fn slot(&self, reg: Reg) -> usize {
        usize::from(self.slots.of(reg))
    }

    /// The slot of an `any` operand; a constant is put into a scratch register before instruction `at`.
    fn any_slot(&mut self, at: usize, operand: Operand) -> usize {
        match operand.input() {
            Input::Reg(reg) => self.slot(reg),
            Input::Const(constant) => {
                let value = self.constants[constant.as_u32() as usize];
                let slot = self.scratch_slot();
                self.copy_constant(at, slot, value);
                slot
            }
        }
    }

    /// A free scratch register of two words.
    pub(crate) fn scratch_slot(&mut self) -> usize {
        debug_assert!(self.scratch_used < SCRATCH_VALUES, "instructions have at most four inputs besides lists");
        let slot = self.scratch + 2 * self.scratch_used;
        self.scratch_used += 1;
        slot
    }

    fn copy_constant(&mut self, at: usize, dst: usize, value: Value) {
        put!(self, at, rows::CopyConstant { value, dst });
    }

    /// Puts `any` operands into consecutive slots from `window` on; those that are there already stay.
    fn gather(&mut self, at: usize, operands: &[Operand]) {
        steps::count(operands.len());
        // The register that is copied together with the next one.
        let mut waiting: Option<(usize, usize)> = None;
        for (index, operand) in operands.iter().enumerate() {
            let dst = self.window + 2 * index;
            match operand.input() {
                Input::Reg(reg) => {
                    if self.plan.is_in_place(at, dst as u16) {
                        continue;
                    }
                    let src = self.slot(reg);
                    match waiting.take() {
                        Some((first, first_src)) => {
                            put!(self, at, rows::CopyTwo { first, first_src, second: dst, second_src: src })
                        }
                        None => waiting = Some((dst, src)),
                    }
                }
                Input::Const(constant) => {
                    let value = self.constants[constant.as_u32() as usize];
                    self.copy_constant(at, dst, value);
                }
            }
        }
        if let Some((dst, src)) = waiting {
            put!(self, at, rows::CopyAny { dst, src });
        }
    }

    /// A branch to a block.
    pub(crate) fn branch_to(&self, target: Block) -> BranchTo {
        BranchTo::block(target, self.pending)
    }

    /// Goes to a block at the end of another, unless it is laid out next.
    pub(crate) fn go_to(&mut self, at: usize, target: Block) {
        self.falls_through = self.next_block == Some(target);
        if !self.falls_through {
            put!(self, at, rows::Jump { branch: self.branch_to(target) });
            self.asm.exit(target);
        }
    }

    /// The end of code that control does not leave by falling.
    fn leave(&mut self) {
        self.pending = 0;
        self.falls_through = false;
    }
}

/// The short string that a constant operand is.
pub(crate) fn short_string(function: &Function, operand: Operand) -> Option<&[u8]> {
    match &function.constants[operand.constant()?] {
        Constant::String(bytes) if bytes.len() <= crate::heap::SHORT_BYTES_MAX => Some(bytes),
        _ => None,
    }
}

/// The operands that an instruction wants in consecutive `any` slots of the window.
pub(crate) fn window_arguments(instruction: &Instruction) -> Option<&[Operand]> {
    match instruction {
        Instruction::CallAny { arguments, .. }
        | Instruction::CallAnyToOpen { arguments, .. }
        | Instruction::TailCallAny { arguments, .. } => Some(arguments),
        Instruction::Append { values, .. } => Some(values),
        Instruction::ReturnValues { values } if values.len() > 1 => Some(values),
        _ => None,
    }
}

/// Whether an instruction writes to the window, so that nothing may wait there.
pub(crate) fn uses_window(instruction: &Instruction) -> bool {
    let info = instruction.info();
    // Metamethods are called above the window.
    let calls = info.effects.call && info.facts.metamethod.is_none();
    let has_list = info.facts.gathers || info.effects.leaves_open || info.effects.takes_open;
    calls || has_list
}

/// Whether an instruction has one `any` result that its handler can put anywhere in the frame.
pub(crate) fn has_any_result(instruction: &Instruction) -> bool {
    instruction.info().facts.placed
}

/// An integer constant that fits into 32 bits.
fn small_int(value: Value) -> Option<i32> {
    (value.tag() == Tag::INT).then(|| i32::try_from(value.payload() as i64).ok()).flatten()
}

/// The address of an interned constant string.
fn key_address(value: Value) -> u64 {
    debug_assert!(value.as_string().is_some_and(|string: *mut Str| !string.is_null()));
    value.payload()
}
