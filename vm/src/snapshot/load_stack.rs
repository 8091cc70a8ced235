//! Fibers from bytes: every level of a stack must be one that the level below it can have called.

use super::SnapshotError;
use super::bytes::Reader;
use super::load::Loading;
use super::save_stack::{GUEST, HOST, RECORD, RECORD_KINDS, state};
use super::settle::{body_of, place_record, receiver_of, take_receiver};
use crate::code::Code;
use crate::context::NO_SIGNATURE;
use crate::dispatch::Pc;
use crate::dispatch::operands::set_any;
use crate::function::{Body, FunctionInfo, GuestFunction, header_at};
use crate::heap::transfer::HeapLoader;
use crate::heap::{Closure, FiberCell};
use crate::loader;
use crate::stack::call::host_record;
use crate::stack::fiber::{Fiber, FiberState};
use crate::stack::memory::{FIRST_WORDS, RESERVE_WORDS, StackMemory};
use crate::stack::record::{Protect, RECORD_DELTA, RECORD_WORDS, Record, RecordKind};
use crate::value::{Tag, Value};
use minivm_isa::{Convention, Instruction, Type};

/// Words kept free above the top of a stack.
const MARGIN_WORDS: usize = 16;

/// A level that was read: what may stand above it.
enum Below<'a> {
    /// Nothing yet.
    Ground,
    /// A guest frame at an instruction.
    Guest { guest: &'a GuestFunction, plain: &'a Code, at: usize, instruction: usize },
    /// A record.
    Record { at: usize, kind: RecordKind, closure: *mut Closure },
}

/// What a callee gives back.
#[derive(PartialEq)]
enum Wanted {
    /// Any number of `any` values.
    Values,
    /// Values of these types of the machine.
    Typed(Vec<Type>),
}

/// A stack that is being built.
struct Building<'a> {
    words: Vec<u64>,
    below: Below<'a>,
    /// Words that the stack must have.
    needed: usize,
    record_return: Pc,
}

impl Building<'_> {
    fn reach(&mut self, words: usize) {
        self.needed = self.needed.max(words);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    fn set_value(&mut self, at: usize, value: Value) {
        self.reach(at + 2);
        // SAFETY: the words are there.
        unsafe { set_any(self.words.as_mut_ptr(), at, value) };
    }

    fn set_record(&mut self, at: usize, record: Record) {
        self.reach(at + RECORD_WORDS + RECORD_DELTA);
        // SAFETY: the words are there, and a record may begin at any of them.
        unsafe { self.words.as_mut_ptr().add(at).cast::<Record>().write(record) };
    }

    fn set_header(&mut self, at: usize, closure: *mut Closure, place: Pc) {
        self.reach(at);
        self.words[at - 2] = closure.expose_provenance() as u64;
        self.words[at - 1] = place as u64;
    }
}

impl<'c> Loading<'c> {
    /// Reads a fiber.
    pub(super) fn fiber(
        &mut self,
        cell: *mut FiberCell,
        fiber: &mut Fiber,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let kind = from.byte()?;
        fiber.state = match kind {
            state::NEW | state::SUSPENDED => FiberState::Suspended,
            state::RUNNING => FiberState::Running,
            state::NORMAL => FiberState::Normal,
            state::DEAD | state::FAILED => FiberState::Dead,
            _ => return Err(from.damaged("its state is none")),
        };
        fiber.failed = kind == state::FAILED;
        if kind == state::DEAD {
            return Ok(());
        }
        let record_return = self.cx.record_return();
        let mut building = Building { words: Vec::new(), below: Below::Ground, needed: FIRST_WORDS, record_return };
        if kind == state::NEW {
            let entry = Record::instruction(RecordKind::Entry, std::ptr::null(), std::ptr::null(), 0);
            building.set_record(0, entry);
            building.set_value(RECORD_DELTA - 2, cells.value(from)?);
            fiber.stack = self.stack(&building)?;
            return Ok(());
        }
        fiber.resumer = cells.reference_to(Tag::FIBER, from)?.cast();
        if !fiber.resumer.is_null() && matches!(kind, state::SUSPENDED | state::FAILED) {
            return Err(from.damaged("one that nobody waits for has a resumer"));
        }
        let closing = from.number()?;
        let heights = self.levels(&mut building, cells, from)?;
        fiber.closing_height = match closing {
            0 => None,
            1 => Some(usize::MAX),
            level => match heights.get(usize::try_from(level - 2).unwrap_or(usize::MAX)) {
                Some(&Some(height)) => Some(height),
                _ => return Err(from.damaged("it is being closed at no frame")),
            },
        };
        let (pc, at) = top(&building, kind).ok_or_else(|| from.damaged("it cannot have stopped like that"))?;
        fiber.stack = self.stack(&building)?;
        (fiber.pc, fiber.regs) = (pc, at);
        if kind == state::NORMAL {
            self.waiting += 1;
        }
        if kind == state::RUNNING && self.running.replace((cell, pc, fiber.saved_regs())).is_some() {
            return Err(from.damaged("two fibers run at once"));
        }
        Ok(())
    }

    /// The memory of a stack that was built.
    fn stack(&self, building: &Building<'_>) -> Result<StackMemory, SnapshotError> {
        let words = building.needed + RESERVE_WORDS;
        if words > self.cx.limits.stack_words_max.saturating_add(1 << 16) {
            return Err(SnapshotError::OutOfMemory);
        }
        let stack = StackMemory::new(words).ok_or(SnapshotError::OutOfMemory)?;
        // SAFETY: the stack has as many words and more.
        unsafe { stack.start().copy_from_nonoverlapping(building.words.as_ptr(), building.words.len()) };
        Ok(stack)
    }

    /// Reads the levels of a stack; gives the heights of the guest frames among them.
    fn levels<'a>(
        &mut self,
        building: &mut Building<'a>,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<Vec<Option<usize>>, SnapshotError> {
        let count = from.count()?;
        let mut heights = Vec::with_capacity(count);
        for _ in 0..count {
            match from.byte()? {
                GUEST => self.guest(building, cells, from)?,
                HOST => self.host(building, cells, from)?,
                RECORD => self.record(building, cells, from)?,
                _ => return Err(from.damaged("a level of its stack is none")),
            }
            heights.push(match building.below {
                Below::Guest { at, .. } => Some(at),
                Below::Ground | Below::Record { .. } => None,
            });
            if building.needed > self.cx.limits.stack_words_max.saturating_add(1 << 16) {
                return Err(SnapshotError::OutOfMemory);
            }
        }
        Ok(heights)
    }

    /// Where a callee of the level below begins, where it returns to, and what it must give.
    fn callee(&self, building: &Building<'_>, from: &Reader<'_>) -> Result<(usize, Pc, Wanted), SnapshotError> {
        let no_call = || from.damaged("a level of its stack calls nothing");
        match &building.below {
            Below::Ground => Err(no_call()),
            Below::Guest { guest, plain, at, instruction, .. } => {
                let wanted = self.wanted(guest, *instruction).ok_or_else(no_call)?;
                let place = plain.return_place(*instruction).ok_or_else(no_call)?;
                Ok((at + loader::window_of(guest), place, wanted))
            }
            Below::Record { at, kind, closure } => {
                let wanted = match kind {
                    RecordKind::Resume | RecordKind::Close => return Err(no_call()),
                    RecordKind::TypedResults => Wanted::Typed(self.results_of(*closure).ok_or_else(no_call)?),
                    _ => Wanted::Values,
                };
                Ok((at + RECORD_DELTA, building.record_return, wanted))
            }
        }
    }

    /// What the call at an instruction wants; none where it waits for no callee.
    fn wanted(&self, guest: &GuestFunction, instruction: usize) -> Option<Wanted> {
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        let number = match &guest.portable().code[instruction] {
            Instruction::CallAny { .. }
            | Instruction::CallAnyToOpen { .. }
            | Instruction::CallAnyOpen { .. }
            | Instruction::CallAnyOpenToOpen { .. }
            | Instruction::ForEach { .. } => return Some(Wanted::Values),
            Instruction::Call { function, .. } => {
                instance.signature_number(guest.program().functions[*function].signature())
            }
            Instruction::CallIndirect { signature, .. } | Instruction::CallRef { signature, .. } => {
                instance.signature_number(*signature)
            }
            _ => return None,
        };
        let signature = self.cx.signatures.get(number as usize)?;
        Some(Wanted::Typed(signature.results.clone()))
    }

    /// The results of a typed function.
    fn results_of(&self, closure: *mut Closure) -> Option<Vec<Type>> {
        // SAFETY: a closure that was read has its function, which lives as long as the machine.
        let number = unsafe { (*(*closure).function.cast::<FunctionInfo>()).signature };
        self.cx.signatures.get(number as usize).map(|signature| signature.results.clone())
    }

    /// Reads a frame of bytecode.
    fn guest<'a>(
        &mut self,
        building: &mut Building<'a>,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let (base, place, wanted) = self.callee(building, from)?;
        let closure: *mut Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
        if closure.is_null() {
            return Err(from.damaged("a frame has no function"));
        }
        // SAFETY: closures point to functions, which live as long as the machine.
        let info: &'a FunctionInfo = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
        let Body::Guest(guest) = &info.body else { return Err(from.damaged("a frame is of no function with code")) };
        let fits = match guest.convention {
            Convention::Typed => self.results_of(closure).map(Wanted::Typed) == Some(wanted),
            Convention::Dynamic | Convention::Variadic => wanted == Wanted::Values,
        };
        let instruction = from.size()?;
        if !fits || instruction >= guest.portable().code.len() {
            return Err(from.damaged("a frame is where its function cannot be"));
        }
        loader::ensure_loaded(self.cx, info, guest).map_err(|error| from.damaged(&error.to_string()))?;
        let plain = loader::plain_code(self.cx, info, guest);
        // SAFETY: the closure is one of those that were read, and its function has code now.
        let extent = unsafe {
            (*closure).code = info.entry().cast();
            header_at(info.entry()).extent as usize
        };
        let at = self.registers(building, guest, base, extent, instruction, cells, from)?;
        building.set_header(at, closure, place);
        building.below = Below::Guest { guest, plain, at, instruction };
        Ok(())
    }

    /// Reads the registers of a frame at `base`; gives where they begin.
    #[allow(clippy::too_many_arguments, reason = "what a frame consists of")]
    fn registers(
        &self,
        building: &mut Building<'_>,
        guest: &GuestFunction,
        base: usize,
        extent: usize,
        instruction: usize,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<usize, SnapshotError> {
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        let (function, slots) = (guest.portable(), guest.slots());
        let map = guest.frame_map.get().expect("it is made with the code");
        let held = map.held_plain(function, instruction);
        let mut values = Vec::new();
        for (reg, &ty) in function.registers.iter() {
            if held.contains(reg) {
                let words = self.typed(cells, loader::layouts::machine_type(&instance.layouts, ty), from)?;
                values.push((slots.of(reg) as usize, ty.words(), words));
            }
        }
        let mut at = base;
        if guest.convention == Convention::Variadic {
            let params = guest.params as usize;
            let count = from.count()?;
            let shift = 2 * (params + count) + 3;
            at += shift;
            for index in 0..count {
                building.set_value(base + 2 * (params + index), cells.value(from)?);
            }
            building.reach(at);
            building.words[at - 3] = shift as u64;
        }
        building.reach(at + extent + MARGIN_WORDS);
        for (slot, count, words) in values {
            building.words[at + slot..at + slot + count as usize].copy_from_slice(&words[..count as usize]);
        }
        Ok(at)
    }

    /// Reads a frame of a host function, with its record.
    fn host(
        &mut self,
        building: &mut Building<'_>,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let (base, place, wanted) = self.callee(building, from)?;
        let closure: *mut Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
        // SAFETY: a closure that was read has its function.
        let is_host = !closure.is_null() && matches!(unsafe { body_of(closure) }, Body::Host(_));
        if !is_host || wanted != Wanted::Values {
            return Err(from.damaged("a host function is where it cannot be"));
        }
        let call_state = from.u32()?;
        let protect = match from.byte()? {
            0 => Protect::No,
            1 => Protect::Catch,
            2 => Protect::CatchWith,
            _ => return Err(from.damaged("a host function is protected in no known way")),
        };
        let value = cells.value(from)?;
        let count = self.list(building, base, cells, from)?;
        building.set_header(base, closure, place);
        let at = base + 2 * count;
        building.set_record(at, host_record(call_state, protect, value, count));
        building.below = Below::Record { at, kind: RecordKind::Host, closure };
        Ok(())
    }

    /// Reads values to consecutive places; gives their number.
    fn list(
        &self,
        building: &mut Building<'_>,
        at: usize,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<usize, SnapshotError> {
        let count = from.count()?;
        for index in 0..count {
            building.set_value(at + 2 * index, cells.value(from)?);
        }
        Ok(count)
    }

    /// Reads a record that is no host function's.
    fn record(
        &mut self,
        building: &mut Building<'_>,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let number = from.byte()?;
        let kind = RECORD_KINDS.get(number as usize).copied();
        let kind = kind.ok_or_else(|| from.damaged("a record is of no known kind"))?;
        let value = cells.value(from)?;
        let mut record = Record::instruction(kind, std::ptr::null(), std::ptr::null(), 0);
        record.value = value;
        let wrong = from.damaged("a record is where it cannot be");
        let no_closure = std::ptr::null_mut();
        let (at, closure) = match (kind, &building.below) {
            (RecordKind::Entry, Below::Ground) => (0, no_closure),
            (RecordKind::Entry | RecordKind::Host, _) | (_, Below::Ground) => return Err(wrong),
            (RecordKind::TypedResults | RecordKind::AnyResults, _) => {
                self.adapter(building, &mut record, cells, from)?
            }
            (RecordKind::MessageHandler, Below::Record { at, .. }) => {
                record.delta = RECORD_WORDS as u32;
                (record.next, record.instruction) = (building.record_return, building.record_return);
                (at + RECORD_WORDS, no_closure)
            }
            (_, Below::Record { .. }) => return Err(wrong),
            (_, Below::Guest { .. }) => (self.instruction_record(building, &mut record, cells, from)?, no_closure),
        };
        building.set_record(at, record);
        building.reach(at + RECORD_DELTA + MARGIN_WORDS);
        building.below = Below::Record { at, kind, closure };
        Ok(())
    }

    /// Reads the frame of a call between `any` and typed code; gives where its record is, and its closure.
    fn adapter(
        &self,
        building: &mut Building<'_>,
        record: &mut Record,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(usize, *mut Closure), SnapshotError> {
        let (base, place, wanted) = self.callee(building, from)?;
        let closure: *mut Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
        if closure.is_null() {
            return Err(from.damaged("a call between languages is of no function"));
        }
        let results = self.results_of(closure).map(Wanted::Typed);
        // SAFETY: a closure that was read has its function.
        let sound = match (record.kind, unsafe { body_of(closure) }) {
            (RecordKind::TypedResults, Body::Guest(guest)) => {
                guest.convention == Convention::Typed && wanted == Wanted::Values
            }
            (RecordKind::AnyResults, Body::Bridge(_)) => results == Some(wanted),
            _ => false,
        };
        let count = self.list(building, base, cells, from)?;
        if !sound || record.kind == RecordKind::AnyResults && count > 0 {
            return Err(from.damaged("a call between languages is where it cannot be"));
        }
        building.set_header(base, closure, place);
        record.values = u32::try_from(2 * count).map_err(|_| SnapshotError::OutOfMemory)?;
        Ok((base + 2 * count, closure))
    }

    /// Completes the record of an instruction of the guest frame below; gives where it is.
    fn instruction_record(
        &self,
        building: &mut Building<'_>,
        record: &mut Record,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<usize, SnapshotError> {
        let Below::Guest { guest, plain, at, instruction, .. } = building.below else {
            return Err(from.damaged("a record belongs to no frame"));
        };
        let code = &guest.portable().code[instruction];
        if !may_make(record.kind, code) {
            return Err(from.damaged("a record is of an instruction that makes none"));
        }
        // SAFETY: the function has code, so its entry has a header.
        let extent = unsafe { header_at(guest.loaded().entry()).extent as usize };
        let mut delta = extent - RECORD_DELTA;
        if record.kind == RecordKind::Concat {
            let count = self.list(building, at + delta, cells, from)?;
            record.values = u32::try_from(2 * count).map_err(|_| SnapshotError::OutOfMemory)?;
            delta += 2 * count;
        }
        record.delta = u32::try_from(delta).map_err(|_| SnapshotError::OutOfMemory)?;
        if record.kind == RecordKind::Finaliser {
            record.protect = Protect::Catch;
        }
        place_record(guest, plain, instruction, record);
        if let Some(receiver) = receiver_of(code)
            && record.kind == RecordKind::Store
        {
            // SAFETY: the frame was built, and the instruction has these registers.
            unsafe { take_receiver(guest, building.words.as_mut_ptr().add(at), receiver) };
        }
        Ok(at + delta)
    }
}

/// Where a fiber goes on, and the registers there; none if it cannot be in that state.
fn top(building: &Building<'_>, kind: u8) -> Option<(Pc, usize)> {
    match (&building.below, kind) {
        (Below::Guest { plain, at, instruction, .. }, state::RUNNING | state::FAILED) => {
            Some((plain.place_of(*instruction), *at))
        }
        (Below::Guest { guest, plain, at, instruction, .. }, state::SUSPENDED) => {
            let waits = matches!(
                guest.portable().code[*instruction],
                Instruction::CallAny { .. }
                    | Instruction::CallAnyToOpen { .. }
                    | Instruction::CallAnyOpen { .. }
                    | Instruction::CallAnyOpenToOpen { .. }
                    | Instruction::ForEach { .. }
                    | Instruction::FiberYieldToOpen { .. }
                    | Instruction::FiberYieldOpenToOpen { .. }
            );
            waits.then(|| plain.return_place(*instruction)).flatten().map(|place| (place, *at))
        }
        (Below::Record { at, kind: record, .. }, kind) => {
            let is_waiting = matches!(record, RecordKind::Resume | RecordKind::Close);
            let sound = match kind {
                state::SUSPENDED => !is_waiting && *record != RecordKind::TypedResults,
                state::NORMAL => is_waiting || *record == RecordKind::Host,
                state::FAILED => true,
                _ => false,
            };
            sound.then_some((building.record_return, *at))
        }
        (Below::Guest { .. } | Below::Ground, _) => None,
    }
}

/// Whether an instruction makes records of a kind.
fn may_make(kind: RecordKind, instruction: &Instruction) -> bool {
    use Instruction as I;
    match kind {
        RecordKind::Finaliser | RecordKind::MessageHandler => true,
        RecordKind::Return => matches!(instruction, I::TailCallAny { .. } | I::TailCallAnyOpen { .. }),
        RecordKind::Concat => matches!(instruction, I::Concat { .. }),
        RecordKind::Discard => matches!(instruction, I::Set { .. }),
        RecordKind::StoreTruthy => {
            matches!(instruction, I::Equal { .. } | I::Less { .. } | I::LessEqual { .. })
        }
        RecordKind::Branch => {
            matches!(instruction, I::BranchEqual { .. } | I::BranchLess { .. } | I::BranchLessEqual { .. })
        }
        RecordKind::Resume => {
            matches!(instruction, I::FiberResumeToOpen { .. } | I::FiberResumeOpenToOpen { .. })
        }
        RecordKind::Close => matches!(instruction, I::FiberClose { .. }),
        RecordKind::Store => matches!(
            instruction,
            I::Add { .. }
                | I::Sub { .. }
                | I::Mul { .. }
                | I::Div { .. }
                | I::Modulo { .. }
                | I::Pow { .. }
                | I::FloorDiv { .. }
                | I::BitAnd { .. }
                | I::BitOr { .. }
                | I::BitXor { .. }
                | I::ShiftLeft { .. }
                | I::ShiftRight { .. }
                | I::Negate { .. }
                | I::BitNot { .. }
                | I::Length { .. }
                | I::Get { .. }
                | I::GetMethod { .. }
        ),
        RecordKind::Entry | RecordKind::Host | RecordKind::TypedResults | RecordKind::AnyResults => false,
    }
}

const _: () = assert!(NO_SIGNATURE == u32::MAX, "functions that are not typed have no results");
