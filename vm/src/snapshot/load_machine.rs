//! What a machine holds besides heap, code and runs: instances' contents, definitions, registry.

use super::load::Loading;
use super::load_items::pick;
use super::save_items::FUNCTION;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::heap::transfer::HeapLoader;
use crate::link::instantiate::fits_maximum;
use crate::memory::Segment;
use crate::runtime::definitions::Definition;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::kept::KeptValues;
use crate::runtime::layouts::machine_type;
use crate::runtime::waits::Waits;
use crate::value::{Tag, Value};
use minivm_isa::program::{Constant, FunctionDef, Item, SegmentMode};
use std::cell::UnsafeCell;

/// Constants that are longer are looked at once.
const LONG_BYTES: usize = 64;

impl Loading<'_> {
    pub(crate) fn machine(&mut self, cells: &mut HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        self.fill_items(cells, from)?;
        let count = self.cx.instances.slots().len() as u32;
        for index in 0..count {
            self.functions_of(index, cells, from)?;
            self.parts_of(index, from)?;
            self.segments_of(index, cells, from)?;
        }
        // The one with the main memory is pinned; one that came later may have a lower number.
        let with_memory = || self.cx.instances.iter().filter(|instance| !instance.memories.is_empty());
        let first = with_memory().find(|instance| instance.is_pinned.get()).or_else(|| with_memory().next());
        if let Some(first) = first {
            self.cx.main_memory_of = first.memory(minivm_isa::entities::Memory::from_u32(0));
            // Code has its address: it never goes.
            first.is_pinned.set(true);
            self.cx.refresh_memory();
        }
        self.definitions(cells, from)?;
        for _ in 0..from.count()? {
            from.label("registry");
            let name = from.text()?;
            self.hold_lasting(NAMED_BYTES + name.len() as u64)?;
            let value = cells.value(from)?;
            if self.cx.registry.insert(name, value).is_some() {
                return Err(from.damaged("two registered values share a name"));
            }
        }
        self.kept(cells, from)?;
        from.label("machine");
        self.cx.string_metatable = cells.reference_to(Tag::TABLE, from)?.cast();
        for index in 0..self.cx.kind_metatables.len() {
            self.cx.kind_metatables[index] = cells.reference_to(Tag::TABLE, from)?.cast();
        }
        let names = [&self.cx.metamethods[..], self.cx.heap.kind_names(), &[self.cx.no_memory]].concat();
        for name in names {
            // They were interned when the machine was made.
            if cells.reference_to(Tag::STRING, from)? != name.cast() {
                return Err(from.damaged("a name that the machine knows differs"));
            }
        }
        self.cx.loaded_programs.until_collection = from.size()?.min(1 << 32);
        self.cx.is_abandoned = from.flag()?;
        self.cx.waits = Waits::load(from)?;
        self.check_wait_numbers(from)?;
        cells.state(&mut self.cx.heap, from)
    }

    /// Each memory that somebody has waited on has a number of its own.
    fn check_wait_numbers(&self, from: &Reader<'_>) -> Result<(), SnapshotError> {
        // SAFETY: nothing runs while a state is loaded.
        let numbers = self.items.memories.iter().map(|memory| unsafe { (*memory.get()).wait_number });
        let mut numbers: Vec<u64> = numbers.filter(|&number| number != 0).collect();
        numbers.sort_unstable();
        let is_used_twice = numbers.windows(2).any(|pair| pair[0] == pair[1]);
        match is_used_twice || numbers.last().is_some_and(|&last| last > self.cx.waits.memories()) {
            true => Err(from.damaged("two memories wait under one number")),
            false => Ok(()),
        }
    }

    /// Closures, targets of bridges and constants of an instance.
    fn functions_of(&mut self, index: u32, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let Some(instance) = self.cx.instances.get_mut(index) else { return Ok(()) };
        let program = instance.program.clone();
        from.label("functions of an instance");
        for (number, function) in program.functions.iter() {
            let closure: *mut crate::heap::Closure = cells.reference_to(Tag::FUNCTION, from)?.cast();
            // SAFETY: a closure that was read has its function.
            let found = (!closure.is_null()).then(|| unsafe { (*closure).function.cast::<FunctionInfo>() });
            let sound = match (function, found) {
                // It was not needed yet.
                (FunctionDef::Code(_), None) => true,
                (FunctionDef::Code(code), Some(found)) => {
                    let own = instance.known_function(number).map(std::ptr::from_ref);
                    code.captures().is_empty() && own == Some(found)
                }
                (FunctionDef::Import { signature, .. }, Some(found)) => {
                    let wanted = instance.signature_number(*signature);
                    let is_dynamic = wanted == crate::runtime::context::NO_SIGNATURE;
                    // SAFETY: functions live as long as closures of theirs.
                    is_dynamic || self.cx.signatures.fits(&self.cx.types, unsafe { (*found).signature }, wanted)
                }
                (FunctionDef::Import { .. }, None) => false,
            };
            if !sound {
                return Err(from.damaged("a function of an instance differs from its program's"));
            }
            instance.set_closure(number, closure);
        }
        for export in &program.exports {
            if let Item::Function(function) = export.item
                && instance.closure(function).is_null()
                && !instance.captures(function)
            {
                return Err(from.damaged("an exported function is missing"));
            }
        }
        from.label("constants");
        for info in instance.known_functions() {
            let Body::Guest(guest) = &info.body else { continue };
            if !from.flag()? {
                continue;
            }
            let mut values = Vec::with_capacity(guest.portable().constants.len());
            for constant in guest.portable().constants.values() {
                let value = cells.value(from)?;
                // Instances of one program may share a long one, which is looked at once.
                let address: *const Constant = constant;
                let is_known = value.tag() == Tag::STRING && self.constants.get(&address) == Some(&value.payload());
                if !is_known && !is_constant(value, constant) {
                    return Err(from.damaged("a constant of a function differs from its program's"));
                }
                if matches!(constant, Constant::String(bytes) if bytes.len() > LONG_BYTES) {
                    self.constants.insert(address, value.payload());
                }
                values.push(value);
            }
            instance.note_long_strings(&values);
            let _ = guest.derived().constants.set(values.into_boxed_slice());
        }
        Ok(())
    }

    /// Globals, memories and tables of an instance, which must be as its program says.
    fn parts_of(&mut self, index: u32, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let Some(instance) = self.cx.instances.get_mut(index) else { return Ok(()) };
        let program = instance.program.clone();
        from.label("items of an instance");
        for wanted in program.globals.values() {
            let global = pick(&self.items.globals, from)?;
            let ty = machine_type(instance.layouts(), wanted.ty);
            let holds = instance.machine_element(wanted.holds);
            if (global.ty, global.mutable) != (ty, wanted.mutable)
                || !self.cx.types.holds_fits(global.holds, holds, global.mutable)
            {
                return Err(from.damaged("type mismatch of a global"));
            }
            instance.globals.push(global);
        }
        for wanted in program.memories.values() {
            let memory = pick(&self.items.memories, from)?;
            // SAFETY: nothing runs while a state is loaded.
            let found = unsafe { &*memory.get() };
            let fits = found.is_64() == wanted.is_64
                && found.pages() >= wanted.minimum
                && found.page_bits() == wanted.page_bits
                && fits_maximum(wanted.maximum, found.declared_maximum());
            if !fits {
                return Err(from.damaged("type mismatch of a memory"));
            }
            instance.memories.push(memory);
        }
        for wanted in program.tables.values() {
            let table = pick(&self.items.tables, from)?;
            // SAFETY: as above.
            let found = unsafe { &*table.get() };
            let fits = found.is_64() == wanted.is_64
                && found.element() == instance.machine_element(wanted.element)
                && found.length() >= wanted.minimum
                && fits_maximum(wanted.maximum, found.declared_maximum());
            if !fits {
                return Err(from.damaged("type mismatch of a table"));
            }
            instance.tables.push(table);
        }
        Ok(())
    }

    fn segments_of(&mut self, index: u32, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let Some(instance) = self.cx.instances.get_mut(index) else { return Ok(()) };
        let program = instance.program.clone();
        from.label("segments");
        for data in program.data.values() {
            let is_empty = from.flag()?;
            if !is_empty && !matches!(data.mode, SegmentMode::Passive) {
                return Err(from.damaged("an active data segment holds bytes"));
            }
            let bytes: &[u8] = if is_empty { &[] } else { &data.bytes };
            // SAFETY: the instance keeps its program.
            let segment = unsafe { Segment::shared(bytes) };
            instance.data.push(Box::new(UnsafeCell::new(segment)));
        }
        for element in program.elements.values() {
            let count = from.count()?;
            if count != 0 && count != element.values.len() {
                return Err(from.damaged("length mismatch of an element segment"));
            }
            let mut values = Vec::with_capacity(count);
            for _ in 0..count {
                let value = cells.value(from)?;
                let may = element.element.is_any() || matches!(value.tag(), Tag::FUNCTION | Tag::NIL);
                if !may {
                    return Err(from.damaged("wrong type of value in an element segment"));
                }
                values.push(value);
            }
            instance.elements.push(Box::new(UnsafeCell::new(Segment::new(values.into_boxed_slice()))));
        }
        Ok(())
    }

    fn definitions(&mut self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for _ in 0..from.count()? {
            from.label("definition");
            let (module, name) = (from.text()?, from.text()?);
            self.hold_lasting(NAMED_BYTES + (module.len() + name.len()) as u64)?;
            let definition = match from.byte()? {
                FUNCTION => Definition::Function(cells.value(from)?),
                kind => self.items.item(kind, from)?,
            };
            if self.cx.definitions.get(&module, &name).is_some() {
                return Err(from.damaged("two definitions share a name"));
            }
            self.cx.definitions.set(&module, &name, definition);
        }
        Ok(())
    }

    fn kept(&mut self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        from.label("kept values");
        let mut values = Vec::new();
        let mut unlisted = 0;
        for _ in 0..from.count()? {
            self.hold_lasting(2 * size_of::<Option<Value>>() as u64)?;
            let is_there = from.flag()?;
            let value = cells.value(from)?;
            unlisted += usize::from(!is_there);
            values.push(is_there.then_some(value));
        }
        let mut free = Vec::new();
        let mut is_free = vec![false; values.len()];
        for _ in 0..from.count()? {
            let place = from.size()?;
            let empty = values.get(place).is_some_and(Option::is_none);
            if !empty || std::mem::replace(&mut is_free[place], true) {
                return Err(from.damaged("a host handle is both free and in use"));
            }
            free.push(place);
        }
        // A place is given out from the list, or is at the end.
        if free.len() != unlisted {
            return Err(from.damaged("a handle of the host is lost"));
        }
        self.cx.kept = KeptValues::from_parts(values, free);
        Ok(())
    }
}

/// Bytes that a name in a table takes, besides its text.
const NAMED_BYTES: u64 = 128;

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
