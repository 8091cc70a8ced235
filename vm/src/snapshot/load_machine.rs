//! What a machine holds besides heap and code: instances' contents, definitions, registry, the state of the run.

use super::SnapshotError;
use super::bytes::Reader;
use super::load::{Loading, Running};
use super::load_items::pick;
use super::save::run_kind;
use super::save_items::FUNCTION;
use crate::context::Status;
use crate::function::{Body, FunctionInfo};
use crate::heap::FiberCell;
use crate::heap::transfer::HeapLoader;
use crate::loader::frame_map::takes_open;
use crate::loader::layouts::machine_type;
use crate::machine::{Definition, KeptValues};
use crate::memory::Segment;
use crate::stack::fiber::{Fiber, FiberState};
use crate::stack::uncaught::Uncaught;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use minivm_isa::program::{Constant, ElementType, FunctionDef};
use std::cell::UnsafeCell;

/// Words that handlers of errors may use on top of a full stack.
const OVERFLOW_WORDS_MAX: usize = 1 << 20;

impl Loading<'_> {
    pub(super) fn machine(&mut self, cells: &HeapLoader<'_>, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        self.fill_items(cells, from)?;
        for index in 0..self.cx.instances.len() {
            self.functions_of(index, cells, from)?;
            self.parts_of(index, from)?;
            self.segments_of(index, cells, from)?;
        }
        let first = self.cx.instances.iter().flatten().find(|instance| !instance.memories.is_empty());
        if let Some(first) = first {
            self.cx.main_memory_of = first.memory(minivm_isa::entities::Memory::from_u32(0));
            // Code has its address: it never goes.
            first.is_pinned.set(true);
            self.cx.refresh_memory();
        }
        self.definitions(cells, from)?;
        for _ in 0..from.count()? {
            let name = from.text()?.to_string();
            let value = cells.value(from)?;
            self.cx.registry.insert(name, value);
        }
        self.kept(cells, from)?;
        self.cx.string_metatable = cells.reference_to(Tag::TABLE, from)?.cast();
        for index in 0..self.cx.kind_metatables.len() {
            self.cx.kind_metatables[index] = cells.reference_to(Tag::TABLE, from)?.cast();
        }
        let names = [&self.cx.metamethods[..], self.cx.heap.kind_names(), &[self.cx.no_memory]].concat();
        for name in names {
            // They were interned when the machine was made.
            if cells.reference_to(Tag::STRING, from)? != name.cast() {
                return Err(from.damaged("a name that the machine knows is another one"));
            }
        }
        self.cx.loads_until_collection = from.size()?.min(1 << 32);
        self.cx.is_abandoned = from.flag()?;
        cells.state(&mut self.cx.heap, from)
    }

    /// Closures, targets of bridges and constants of an instance.
    fn functions_of(
        &mut self,
        index: usize,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let Some(instance) = &mut self.cx.instances[index] else { return Ok(()) };
        let program = instance.program.clone();
        for (number, function) in program.functions.iter() {
            let closure: *mut crate::heap::Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
            // SAFETY: a closure that was read has its function.
            let found = (!closure.is_null()).then(|| unsafe { (*closure).function.cast::<FunctionInfo>() });
            let sound = match (function, found) {
                (FunctionDef::Code(code), None) => !code.captures.is_empty(),
                (FunctionDef::Code(code), Some(found)) => {
                    let own = instance.functions[number.as_u32() as usize].as_ref().map(|info| &raw const **info);
                    code.captures.is_empty() && own == Some(found)
                }
                (FunctionDef::Import { signature, .. }, Some(found)) => {
                    let wanted = instance.signatures[signature.as_u32() as usize];
                    let is_dynamic = wanted == crate::context::NO_SIGNATURE;
                    // SAFETY: functions live as long as the machine.
                    is_dynamic || wanted == unsafe { (*found).signature }
                }
                (FunctionDef::Import { .. }, None) => false,
            };
            if !sound {
                return Err(from.damaged("a function of an instance is another one"));
            }
            instance.closures.push(closure);
        }
        for info in instance.functions.iter().flatten() {
            let Body::Guest(guest) = &info.body else { continue };
            if !from.flag()? {
                continue;
            }
            let mut values = Vec::with_capacity(guest.portable().constants.len());
            for constant in guest.portable().constants.values() {
                let value = cells.value(from)?;
                if !is_constant(value, constant) {
                    return Err(from.damaged("a constant of a function is another one"));
                }
                values.push(value);
            }
            let _ = guest.constants.set(values.into_boxed_slice());
        }
        Ok(())
    }

    /// Globals, memories and tables of an instance, which must be as its program says.
    fn parts_of(&mut self, index: usize, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let Some(instance) = &mut self.cx.instances[index] else { return Ok(()) };
        let program = instance.program.clone();
        for wanted in program.globals.values() {
            let global = pick(&self.items.globals, from)?;
            let ty = machine_type(&instance.layouts, wanted.ty);
            if (global.ty, global.mutable, global.holds) != (ty, wanted.mutable, wanted.holds) {
                return Err(from.damaged("a global is of another type"));
            }
            instance.globals.push(global);
        }
        for wanted in program.memories.values() {
            let memory = pick(&self.items.memories, from)?;
            // SAFETY: nothing runs while a state is loaded.
            let found = unsafe { &*memory.get() };
            if found.is_64() != wanted.is_64 || found.pages() < wanted.minimum {
                return Err(from.damaged("a memory is of another type"));
            }
            instance.memories.push(memory);
        }
        for wanted in program.tables.values() {
            let table = pick(&self.items.tables, from)?;
            // SAFETY: as above.
            let found = unsafe { &*table.get() };
            if found.is_64() != wanted.is_64 || found.element() != wanted.element || found.length() < wanted.minimum {
                return Err(from.damaged("a table is of another type"));
            }
            instance.tables.push(table);
        }
        Ok(())
    }

    fn segments_of(
        &mut self,
        index: usize,
        cells: &HeapLoader<'_>,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let Some(instance) = &mut self.cx.instances[index] else { return Ok(()) };
        let program = instance.program.clone();
        for data in program.data.values() {
            let bytes = if from.flag()? { Box::default() } else { data.bytes.clone() };
            instance.data.push(Box::new(UnsafeCell::new(Segment::new(bytes))));
        }
        for element in program.elements.values() {
            let count = from.count()?;
            if count != 0 && count != element.values.len() {
                return Err(from.damaged("an element segment has another length"));
            }
            let mut values = Vec::with_capacity(count);
            for _ in 0..count {
                let value = cells.value(from)?;
                let may = element.element == ElementType::Any || matches!(value.tag(), Tag::FUNCTION | Tag::NIL);
                if !may {
                    return Err(from.damaged("an element segment holds what it may not"));
                }
                values.push(value);
            }
            instance.elements.push(Box::new(UnsafeCell::new(Segment::new(values.into_boxed_slice()))));
        }
        Ok(())
    }

    fn definitions(&mut self, cells: &HeapLoader<'_>, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for _ in 0..from.count()? {
            let (module, name) = (from.text()?, from.text()?);
            let definition = match from.byte()? {
                FUNCTION => Definition::Function(cells.value(from)?),
                kind => self.items.item(kind, from)?,
            };
            self.cx.definitions.set(module, name, definition);
        }
        Ok(())
    }

    fn kept(&mut self, cells: &HeapLoader<'_>, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let mut values = Vec::new();
        for _ in 0..from.count()? {
            let is_there = from.flag()?;
            let value = cells.value(from)?;
            values.push(is_there.then_some(value));
        }
        let mut free = Vec::new();
        let mut is_free = vec![false; values.len()];
        for _ in 0..from.count()? {
            let place = from.size()?;
            let empty = values.get(place).is_some_and(Option::is_none);
            if !empty || std::mem::replace(&mut is_free[place], true) {
                return Err(from.damaged("a handle of the host is free and is not"));
            }
            free.push(place);
        }
        self.cx.kept = KeptValues::from_parts(values, free);
        Ok(())
    }

    /// The state of the run, if there is one.
    pub(super) fn run(&mut self, cells: &HeapLoader<'_>, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let error = match from.byte()? {
            run_kind::NONE if self.running.is_none() && self.waiting == 0 => return Ok(()),
            run_kind::NONE => return Err(from.damaged("a fiber runs where nothing does")),
            run_kind::STANDS => None,
            run_kind::RAISED => Some(cells.value(from)?),
            _ => return Err(from.damaged("the run is of no known kind")),
        };
        let main: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        let fiber: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        let Some(Running { cell: running, pc, regs, is_raised }) = self.running.filter(|found| found.cell == fiber)
        else {
            return Err(from.damaged("the fiber that runs is another one"));
        };
        if is_raised != error.is_some() {
            return Err(from.damaged("an error stops a run that has none"));
        }
        let overflow_words = from.size()?;
        let finaliser_in: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        let exits = from.flag()?;
        let exit = i32::try_from(from.signed()?).map_err(|_| from.damaged("there is no such exit status"))?;
        let trap = match from.number()? {
            0 => None,
            number => Some(TrapCode::from_number(number - 1).ok_or_else(|| from.damaged("there is no such trap"))?),
        };
        let trace = from.text()?;
        if overflow_words > OVERFLOW_WORDS_MAX {
            return Err(from.damaged("the stack is larger than it can be"));
        }
        // The chain of those that wait for the running fiber ends at the main one, and there are no others.
        let mut depth = 0;
        let mut at = running;
        // SAFETY: all fibers were read.
        let resumer_of = |fiber: *mut FiberCell| unsafe { Fiber::of(fiber).resumer };
        while !resumer_of(at).is_null() {
            at = resumer_of(at);
            depth += 1;
            // SAFETY: as above.
            let state = unsafe { Fiber::of(at).state };
            if depth > self.waiting || state != FiberState::Normal {
                return Err(from.damaged("fibers do not wait for each other"));
            }
        }
        if at != main || depth != self.waiting {
            return Err(from.damaged("fibers do not wait for each other"));
        }
        let cx = &mut *self.cx;
        cx.main_fiber = main;
        cx.fiber = running;
        cx.fiber_depth = u32::try_from(depth).unwrap_or(u32::MAX);
        cx.overflow_words = overflow_words;
        cx.overflow_handler = self.overflow_handler;
        cx.finaliser_in = finaliser_in;
        cx.exit = exits.then_some(exit);
        cx.pending_trap = trap;
        cx.trace = (!trace.is_empty()).then(|| trace.to_string());
        cx.status = Status::Stepped;
        (cx.pc, cx.regs) = (pc, regs);
        let state = cx.running();
        let (start, limit) = (state.stack.start(), state.stack.limit());
        (cx.stack_start, cx.stack_end) = (start, limit);
        if let Some(error) = error {
            self.cx.status = Status::Failed;
            self.cx.uncaught = Uncaught::Stopped(error);
            self.cx.open_count = 0;
            return Ok(());
        }
        self.open_list(cells, from)
    }

    /// The open list that the next instruction takes.
    fn open_list(&mut self, cells: &HeapLoader<'_>, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let count = from.count()?;
        // SAFETY: the run stands in a guest frame in plain code, as `fiber` made sure; room is made for the values.
        unsafe {
            let Body::Guest(guest) = super::settle::body_of(super::settle::closure_at(self.cx.regs)) else {
                return Err(from.damaged("the run is in no function"));
            };
            let here = guest.canonical(self.cx.pc);
            if count > 0 && !takes_open(&guest.portable().code[here]) {
                return Err(from.damaged("there is a list that no instruction takes"));
            }
            if count == 0 {
                // No more room is made than the run had, so that its stack grows when it would have grown.
                self.cx.open_count = 0;
                return Ok(());
            }
            let window = crate::loader::window_of(guest);
            let top = self.cx.regs.add(window);
            let regs = self.cx.reserve(self.cx.regs, top, 2 * count).ok_or(SnapshotError::OutOfMemory)?;
            self.cx.regs = regs;
            for index in 0..count {
                crate::dispatch::operands::set_any(regs, window + 2 * index, cells.value(from)?);
            }
        }
        self.cx.open_count = count;
        Ok(())
    }
}

/// Whether a value is what code has for a constant.
fn is_constant(value: Value, constant: &Constant) -> bool {
    match constant {
        Constant::False => value.tag() == Tag::FALSE,
        Constant::True => value.tag() == Tag::TRUE,
        Constant::Integer(int) => value.as_int() == Some(*int),
        Constant::Float(bits) => value.tag() == Tag::FLOAT && value.payload() == *bits,
        Constant::String(bytes) => value.as_bytes() == Some(bytes),
        Constant::Nil
        | Constant::I32(_)
        | Constant::I64(_)
        | Constant::F32(_)
        | Constant::F64(_)
        | Constant::V128(_) => value.is_nil(),
    }
}
