//! Fibers from bytes: every level of a stack must be one that the level below it can have called.

use super::hooks::{hook_event, set_hook_levels};
use super::invariants::{may_make, top};
use super::levels::{Below, Building, MARGIN_WORDS, Wanted};
use super::load::Loading;
use super::load_runs::OVERFLOW_WORDS_MAX;
use super::save_stack::{
    BOUNDARY, CONTINUATION, CONTINUATION_KINDS, GUEST, HOST, HOST_FINALISER, HOST_HOOK, HOST_PAUSED, state,
};
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::compile;
use crate::compile::facts::Known;
use crate::compile::facts::{Fact, Facts};
use crate::compile::temporaries::block_local;
use crate::heap::transfer::{HeapLoader, LoadOutside};
use crate::heap::{Closure, FiberCell};
use crate::runtime::call::host_continuation;
use crate::runtime::context::{NO_SIGNATURE, return_info};
use crate::runtime::cost;
use crate::runtime::deoptimise::{body_of, place_continuation, receiver_of, take_receiver};
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::stack_memory::FIRST_WORDS;
use crate::threaded::Pc;
use crate::threaded::continuation::Came;
use crate::threaded::continuation::{CONTINUATION_DELTA, CONTINUATION_WORDS, Continuation, ContinuationKind, Protect};
use crate::threaded::header_at;
use crate::threaded::stack_map::takes_open;
use crate::value::Tag;
use minivm_isa::entities::{Func, Sig};
use minivm_isa::facts::Waits;
use minivm_isa::operand::{IndexKind, OperandRef};
use minivm_isa::{Convention, Type};

/// Of so many instructions of a block one has what is known there kept.
const KNOWN_EVERY: usize = 256;

/// What a level is, as far as others name it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LevelKind {
    Guest,
    MessageHandler,
    Other,
}

impl<'c> Loading<'c> {
    /// Reads a fiber.
    pub(crate) fn fiber(
        &mut self,
        cell: *mut FiberCell,
        fiber: &mut Fiber,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("fiber");
        let kind = from.byte()?;
        fiber.state = match kind {
            state::NEW | state::SUSPENDED => FiberState::Suspended,
            state::RUNNING | state::RAISED => FiberState::Running,
            state::NORMAL => FiberState::Normal,
            state::PARKED_NEW | state::PARKED | state::PARKED_RAISED => FiberState::Parked,
            state::DEAD | state::FAILED => FiberState::Dead,
            _ => return Err(from.damaged(&format!("unknown fiber state {kind}"))),
        };
        fiber.failed = matches!(kind, state::FAILED | state::RAISED | state::PARKED_RAISED);
        let is_in_run = !matches!(fiber.state, FiberState::Suspended | FiberState::Dead);
        self.in_runs += usize::from(is_in_run);
        let words = from.size()?;
        let mut building = Building::new(words, self.stack_words_max(), self.cx.continuation_return())?;
        if from.flag()? {
            fiber.suspended_in = self.suspended_in(from)?;
        }
        fiber.hook = self.hook(cells, from)?;
        match kind {
            state::DEAD => {}
            state::NEW | state::PARKED_NEW => {
                let entry = Continuation::instruction(ContinuationKind::Entry, std::ptr::null(), std::ptr::null(), 0);
                building.set_continuation(0, entry)?;
                building.set_value(CONTINUATION_DELTA - 2, cells.value(from)?)?;
            }
            _ => self.stack((cell, fiber), kind, &mut building, cells, from)?,
        }
        // Something was charged for it when it was made.
        let stack = building.finish();
        let more = (stack.words() - FIRST_WORDS) * 8;
        // SAFETY: the fiber is one of those that were read.
        if !unsafe { self.cx.heap.charge_fiber(cell, more) } || self.cx.heap.is_over_limit() {
            return Err(SnapshotError::OutOfMemory);
        }
        fiber.stack = stack;
        Ok(())
    }

    /// The most words that a stack may have now.
    fn stack_words_max(&self) -> usize {
        let room = self.cx.heap.room_bytes();
        self.cx.limits.stack_words_max.saturating_add(OVERFLOW_WORDS_MAX).min(FIRST_WORDS + room / 8)
    }

    /// Reads the stack of a fiber that has begun and not ended without an error.
    fn stack(
        &mut self,
        (cell, fiber): (*mut FiberCell, &mut Fiber),
        kind: u8,
        building: &mut Building<'c>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let is_in_run = !matches!(fiber.state, FiberState::Suspended | FiberState::Dead);
        fiber.resumer = cells.reference_to(Tag::FIBER, from)?.cast();
        if !fiber.resumer.is_null() && !is_in_run {
            return Err(from.damaged("a fiber that nobody waits for has a resumer"));
        }
        let closing = from.number()?;
        let overflow = from.number()?;
        let hooked = if fiber.hook.is_some() { [from.number()?, from.number()?] } else { [0; 2] };
        let heights = self.levels(building, cells, from)?;
        let level = |number: u64| heights.get(usize::try_from(number).unwrap_or(usize::MAX));
        if let Some(hook) = &mut fiber.hook {
            set_hook_levels(
                hook,
                hooked.map(|number| number.checked_sub(1).and_then(level).map(|&(_, height)| height)),
            );
        }
        fiber.pinned = std::mem::take(&mut building.pinned);
        match overflow.checked_sub(1).map(level) {
            None => {}
            Some(Some(&(LevelKind::MessageHandler, height))) => _ = self.overflow_handlers.insert(cell, height),
            Some(_) => return Err(from.damaged("a stack overflow without a handler")),
        }
        fiber.closing_height = match (closing, closing.checked_sub(2).map(level)) {
            (0, _) => None,
            (1, _) => Some(usize::MAX),
            (_, Some(Some(&(LevelKind::Guest, height)))) => Some(height),
            _ => return Err(from.damaged("closing at a frame that does not exist")),
        };
        if building.finalisers > usize::from(is_in_run) {
            return Err(from.damaged("a finaliser runs where none can"));
        }
        if building.finalisers > 0 {
            self.finalising.insert(cell);
        }
        let (pc, at) = top(building, kind).ok_or_else(|| from.damaged("impossible stop state"))?;
        (fiber.pc, fiber.regs) = (pc, at);
        Ok(())
    }

    /// Reads the host function that suspended a fiber.
    fn suspended_in(&mut self, from: &mut Reader<'_>) -> Result<*const FunctionInfo, SnapshotError> {
        let (info, _) = self.function(from)?;
        let info: *const FunctionInfo = info.cast();
        // SAFETY: functions live as long as closures of theirs.
        match unsafe { &(*info).body } {
            Body::Host(_) => Ok(info),
            Body::Guest(_) | Body::Bridge(_) => Err(from.damaged("a fiber was suspended by no host function")),
        }
    }

    /// Reads the levels of a stack; gives their kinds and heights.
    fn levels(
        &mut self,
        building: &mut Building<'c>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<Vec<(LevelKind, usize)>, SnapshotError> {
        let mut heights = Vec::new();
        for _ in 0..from.count()? {
            from.label("level");
            match from.byte()? {
                GUEST => self.guest(building, cells, from)?,
                kind @ (HOST | HOST_FINALISER | HOST_PAUSED | HOST_HOOK) => self.host(building, kind, cells, from)?,
                BOUNDARY => self.boundary(building, cells, from)?,
                CONTINUATION => self.continuation(building, cells, from)?,
                kind => return Err(from.damaged(&format!("unknown kind of level {kind}"))),
            }
            heights.push(match building.below {
                Below::Guest { at, .. } => (LevelKind::Guest, at),
                Below::Continuation { at, kind: ContinuationKind::MessageHandler, .. } => {
                    (LevelKind::MessageHandler, at)
                }
                Below::Continuation { at, .. } | Below::Boundary { at, .. } => (LevelKind::Other, at),
                Below::Ground => (LevelKind::Other, 0),
            });
        }
        Ok(heights)
    }

    /// Where a callee of the level below begins, where it returns to, and what it must give.
    fn callee(&self, building: &Building<'_>, from: &Reader<'_>) -> Result<(usize, Pc, Wanted), SnapshotError> {
        let no_call = || from.damaged("a stack level without a callee");
        match &building.below {
            Below::Ground => Err(no_call()),
            Below::Guest { calling: false, .. } => Err(no_call()),
            Below::Boundary { at, place, results } => {
                // SAFETY: the machine's places have what is before every place that a call returns to.
                let delta = unsafe { return_info(*place) }.delta as usize;
                Ok((at + delta, *place, results.clone().map_or(Wanted::Values, Wanted::Typed)))
            }
            Below::Guest { guest, baseline, at, instruction, .. } => {
                let wanted = self.wanted(guest, *instruction).ok_or_else(no_call)?;
                let place = baseline.return_place(*instruction).ok_or_else(no_call)?;
                Ok((at + compile::window_of(guest), place, wanted))
            }
            Below::Continuation {
                kind: ContinuationKind::Resume | ContinuationKind::Close | ContinuationKind::Paused,
                ..
            } => Err(no_call()),
            Below::Continuation { at, .. } => {
                Ok((at + CONTINUATION_DELTA, building.continuation_return, Wanted::Values))
            }
        }
    }

    /// What the call at an instruction wants; none where it waits for no callee.
    fn wanted(&self, guest: &GuestFunction, instruction: usize) -> Option<Wanted> {
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        let code = &guest.portable().code[instruction];
        match code.info().facts.waits? {
            Waits::Call => return Some(Wanted::Values),
            Waits::TypedCall => {}
            Waits::TailCall | Waits::Yield | Waits::Resume | Waits::Close => return None,
            Waits::Value | Waits::Truth | Waits::Branch | Waits::Nothing | Waits::Pieces => return None,
        }
        let mut number = None;
        code.for_each_operand(|_, operand| match operand {
            OperandRef::Index(IndexKind::Func, function) => {
                let called = &guest.program().functions[Func::from_u32(function)];
                number = Some(instance.signature_number(called.signature()));
            }
            OperandRef::Index(IndexKind::Sig, signature) => {
                number = Some(instance.signature_number(Sig::from_u32(signature)));
            }
            _ => {}
        });
        let number = number?;
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
    fn guest(
        &mut self,
        building: &mut Building<'c>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("guest frame");
        let (base, place, wanted) = self.callee(building, from)?;
        let closure: *mut Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
        if closure.is_null() {
            return Err(from.damaged("a frame without a function"));
        }
        // SAFETY: closures point to functions, which live as long as they do.
        let info: &'c FunctionInfo = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
        let Body::Guest(guest) = &info.body else { return Err(from.damaged("a frame of a function without code")) };
        let fits = match guest.convention {
            Convention::Typed => self.results_of(closure).map(Wanted::Typed) == Some(wanted),
            Convention::Dynamic | Convention::Variadic => wanted == Wanted::Values,
        };
        let instruction = from.size()?;
        let calling = from.flag()?;
        let is_pinned = from.flag()?;
        if !fits || instruction >= guest.portable().code.len() {
            return Err(from.damaged("a frame at a place where its function cannot stop"));
        }
        (self.cx.engine.compile)(self.cx, info, guest).map_err(|error| from.damaged(&error.to_string()))?;
        let baseline = self.cx.baseline_code(info, guest);
        // SAFETY: the closure is one of those that were read, and its function has code now.
        let extent = unsafe {
            (*closure).code = info.entry(&self.cx.return_stubs).cast();
            header_at(info.entry(&self.cx.return_stubs)).extent as usize
        };
        let at = self.registers(building, guest, base, extent, (instruction, calling, is_pinned), cells, from)?;
        if is_pinned {
            building.pinned.push(at);
        }
        building.set_header(at, closure, place)?;
        building.below = Below::Guest { guest, baseline, at, instruction, calling };
        Ok(())
    }

    /// What optimised code takes for granted of the registers at an instruction.
    /// None where no way leads.
    /// Stacks are deep and blocks long, so what is known is kept for some places in them.
    fn facts_at(&mut self, guest: &GuestFunction, instruction: usize) -> Result<Option<Known>, SnapshotError> {
        let (function, key): (_, *const GuestFunction) = (guest.portable(), guest);
        if !self.facts.contains_key(&key) {
            self.hold(cost::loading_bytes(function))?;
            self.facts.insert(key, Facts::compute(function, &block_local(function)));
        }
        let (block, facts) = (function.block_of(instruction), &self.facts[&key]);
        if facts.is_unreached(block) {
            return Ok(None);
        }
        let start = function.block_range(block).start;
        let nearest = instruction - (instruction - start) % KNOWN_EVERY;
        let (mut at, mut known) = match self.known.get(&(key, nearest)) {
            Some(known) => (nearest, known.again()),
            None => {
                let mut known = Known::default();
                facts.enter(block, &mut known);
                (start, known)
            }
        };
        while at < instruction {
            known.step(function, &function.code[at]);
            at += 1;
            if (at - start).is_multiple_of(KNOWN_EVERY) && !self.known.contains_key(&(key, at)) {
                self.hold(2 * known.bytes())?;
                self.known.insert((key, at), known.again());
            }
        }
        Ok(Some(known))
    }

    /// Reads the registers of a frame at `base`; gives where they begin.
    #[allow(clippy::too_many_arguments, reason = "what a frame consists of")]
    fn registers(
        &mut self,
        building: &mut Building<'_>,
        guest: &GuestFunction,
        base: usize,
        extent: usize,
        (instruction, calling, is_pinned): (usize, bool, bool),
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<usize, SnapshotError> {
        // SAFETY: instances outlive their functions.
        let instance = unsafe { &*guest.instance };
        let (function, slots) = (guest.portable(), guest.slots());
        let map = guest.stack_map().expect("it is made with the code");
        let held = map.held_baseline(function, instruction, calling);
        let known = self.facts_at(guest, instruction)?;
        let known = known.ok_or_else(|| from.damaged("a function stopped at an unreachable instruction"))?;
        let mut values = Vec::new();
        for (reg, &ty) in function.registers.iter() {
            if held.contains(reg) {
                let words = self.typed(cells, crate::runtime::layouts::machine_type(instance.layouts(), ty), from)?;
                let fact = if is_pinned { Fact::Unknown } else { known.of(reg) };
                let tag = Tag(words[1] as u32);
                let sound = match fact {
                    Fact::Int => ty == Type::Any && tag == Tag::INT,
                    Fact::Float => ty == Type::Any && tag == Tag::FLOAT,
                    Fact::Unknown => true,
                    Fact::Unreached => false,
                };
                if !sound {
                    return Err(from.damaged("a register holds a value that its function never puts there"));
                }
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
                building.set_value(base + 2 * (params + index), cells.value(from)?)?;
            }
            building.reach(at)?;
            building.words()[at - 3] = shift as u64;
        }
        building.reach(at + extent + MARGIN_WORDS)?;
        let words = building.words();
        for (slot, count, value) in values {
            words[at + slot..at + slot + count as usize].copy_from_slice(&value[..count as usize]);
        }
        Ok(at)
    }

    /// Reads a frame of a host function, with its continuation.
    fn host(
        &mut self,
        building: &mut Building<'_>,
        kind: u8,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("host frame");
        let (base, place, wanted) = self.callee(building, from)?;
        let closure: *mut Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
        // SAFETY: a closure that was read has its function.
        let is_host = !closure.is_null() && matches!(unsafe { body_of(closure) }, Body::Host(_));
        if !is_host || wanted != Wanted::Values {
            return Err(from.damaged("a host function at an impossible place"));
        }
        let call_state = from.u32()?;
        let protect = match from.byte()? {
            0 => Protect::No,
            1 => Protect::Catch,
            2 => Protect::CatchWith,
            _ => return Err(from.damaged("unknown protection of a host function's call")),
        };
        let nesting = super::load_runs::nesting(from)?;
        let value = cells.value(from)?;
        let count = self.list(building, base, cells, from)?;
        building.set_header(base, closure, place)?;
        let at = base + 2 * count;
        let mut continuation = host_continuation(call_state, protect, value, count);
        continuation.nesting = nesting;
        if kind == HOST_FINALISER {
            // The function has yet to begin.
            (continuation.kind, continuation.protect, continuation.state) =
                (ContinuationKind::Finaliser, Protect::Catch, call_state.min(1));
        }
        if kind == HOST_HOOK {
            (continuation.kind, continuation.protect) = (ContinuationKind::Hook, Protect::No);
        }
        if kind != HOST {
            continuation.came = match from.byte()? {
                0 => Came::Called,
                1 => Came::WithValues,
                2 if kind == HOST_PAUSED => Came::WithError,
                _ => return Err(from.damaged("unknown way into a host function's state")),
            };
        }
        if kind == HOST_HOOK {
            continuation.spare = hook_event(from)?;
        }
        if kind == HOST_PAUSED {
            let given = from.size()?;
            if given > count || given > 0 && continuation.came != Came::WithValues || protect != Protect::No {
                return Err(from.damaged("a host function got results it did not ask for"));
            }
            (continuation.kind, continuation.delta, continuation.spare) =
                (ContinuationKind::Paused, 2 * given as u32, from.number()?);
        }
        building.set_continuation(at, continuation)?;
        building.reach(at + CONTINUATION_DELTA + MARGIN_WORDS)?;
        building.below = Below::Continuation { at, kind: continuation.kind, protect: continuation.protect };
        Ok(())
    }

    /// Reads values to consecutive places; gives their number.
    fn list(
        &self,
        building: &mut Building<'_>,
        at: usize,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<usize, SnapshotError> {
        let count = from.count()?;
        for index in 0..count {
            building.set_value(at + 2 * index, cells.kept_value(from)?)?;
        }
        Ok(count)
    }

    /// Reads a continuation that is no host function's.
    fn continuation(
        &mut self,
        building: &mut Building<'_>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("continuation on a stack");
        let number = from.byte()?;
        let kind = CONTINUATION_KINDS.get(number as usize).copied();
        let kind = kind.ok_or_else(|| from.damaged("unknown kind of continuation"))?;
        let nesting = super::load_runs::nesting(from)?;
        let value = cells.value(from)?;
        let mut continuation = Continuation::instruction(kind, std::ptr::null(), std::ptr::null(), 0);
        continuation.nesting = nesting;
        continuation.value = value;
        let wrong = from.damaged("a continuation at an impossible place");
        let at = match (kind, &building.below) {
            (ContinuationKind::Entry, Below::Ground) => 0,
            (ContinuationKind::Entry | ContinuationKind::Host | ContinuationKind::Paused, _) | (_, Below::Ground) => {
                return Err(wrong);
            }
            (ContinuationKind::MessageHandler, Below::Continuation { at, .. }) => {
                continuation.delta = CONTINUATION_WORDS as u32;
                (continuation.next, continuation.instruction) =
                    (building.continuation_return, building.continuation_return);
                at + CONTINUATION_WORDS
            }
            (ContinuationKind::MessageHandler, Below::Boundary { at, place, .. }) => {
                continuation.delta = CONTINUATION_WORDS as u32;
                (continuation.next, continuation.instruction) = (*place, *place);
                at + CONTINUATION_WORDS
            }
            (_, Below::Continuation { .. } | Below::Boundary { .. } | Below::Guest { calling: true, .. }) => {
                return Err(wrong);
            }
            (_, Below::Guest { .. }) => self.instruction_continuation(building, &mut continuation, cells, from)?,
        };
        building.set_continuation(at, continuation)?;
        building.reach(at + CONTINUATION_DELTA + MARGIN_WORDS)?;
        building.below = Below::Continuation { at, kind, protect: continuation.protect };
        Ok(())
    }

    /// Reads the frame of a call between `any` and typed code.
    fn boundary(
        &self,
        building: &mut Building<'_>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("boundary frame");
        let (base, place, wanted) = self.callee(building, from)?;
        let closure: *mut Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
        if closure.is_null() {
            return Err(from.damaged("a call across a boundary without a function"));
        }
        let number = from.byte()?;
        let typed = self.cx.return_stubs.typed_of_number(number);
        // SAFETY: a closure that was read has its function.
        let (body, results) = (unsafe { body_of(closure) }, self.results_of(closure));
        let (to, given) = match (body, results, typed) {
            // A typed function that `any` code called; it may be a bridge itself.
            (Body::Guest(_) | Body::Bridge(_), Some(results), Some(typed)) if wanted == Wanted::Values => {
                (typed, Some(results))
            }
            // A bridge that typed code called.
            (Body::Bridge(bridge), Some(results), None) if wanted == Wanted::Typed(results.clone()) => {
                (self.cx.return_stubs.bridge(&bridge.signature.results), None)
            }
            _ => return Err(from.damaged("a call across a boundary at an impossible place")),
        };
        let words = self.results_of(closure).map_or(0, |types| crate::threaded::operands::words_of(&types));
        building.reach(base + words + MARGIN_WORDS)?;
        building.set_header(base, closure, place)?;
        building.below = Below::Boundary { at: base, place: to, results: given };
        Ok(())
    }

    /// Completes the continuation of an instruction of the guest frame below; gives where it is.
    fn instruction_continuation(
        &self,
        building: &mut Building<'_>,
        continuation: &mut Continuation,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<usize, SnapshotError> {
        let Below::Guest { guest, baseline, at, instruction, .. } = building.below else {
            return Err(from.damaged("a continuation without a frame"));
        };
        let code = &guest.portable().code[instruction];
        if !may_make(continuation.kind, code) {
            return Err(from.damaged("a continuation of an instruction that makes none"));
        }
        // SAFETY: the function has code, so its entry has a header.
        let extent = unsafe { header_at(guest.loaded().entry()).extent as usize };
        let mut delta = extent - CONTINUATION_DELTA;
        if continuation.kind == ContinuationKind::Concat {
            let count = self.list(building, at + delta, cells, from)?;
            continuation.values = u32::try_from(2 * count).map_err(|_| SnapshotError::OutOfMemory)?;
            delta += 2 * count;
        }
        if continuation.kind == ContinuationKind::Hook {
            continuation.spare = hook_event(from)?;
            let returns = from.flag()?;
            let count = self.list(building, at + delta, cells, from)?;
            let fits =
                if returns { code.info().facts.waits == Some(Waits::TailCall) } else { count == 0 || takes_open(code) };
            if !fits {
                return Err(from.damaged("a hook keeps values of an instruction that has none"));
            }
            // That it is there; where it lies is set with the rest.
            continuation.next = if returns { std::ptr::null() } else { building.continuation_return };
            continuation.values = u32::try_from(2 * count).map_err(|_| SnapshotError::OutOfMemory)?;
            delta += 2 * count;
        }
        continuation.delta = u32::try_from(delta).map_err(|_| SnapshotError::OutOfMemory)?;
        if continuation.kind == ContinuationKind::Finaliser {
            continuation.protect = Protect::Catch;
            continuation.state = u32::from(from.flag()?);
        }
        place_continuation(guest, baseline, instruction, continuation);
        if let Some(receiver) = receiver_of(code)
            && continuation.kind == ContinuationKind::Store
        {
            // SAFETY: the frame was built, and the instruction has these registers.
            unsafe { take_receiver(guest, building.words().as_mut_ptr().add(at), receiver) };
        }
        Ok(at + delta)
    }
}

const _: () = assert!(NO_SIGNATURE == u32::MAX, "functions that are not typed have no results");
