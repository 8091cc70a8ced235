//! From bytes to a machine: the parts, in an order in which each finds what it needs.

use super::load_items::Items;
use super::parts::Parts;
use super::twin::Twin;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::compile::facts::Facts;
use crate::heap::transfer::{FiberState, HeapLoader, LoadOutside, LoadedLayout, WaitingCells};
use crate::heap::{FiberCell, Heap, HeapLimits, HostObject};
use crate::runtime::context::{Context, FUEL_LIMIT_MAX, FUEL_UNLIMITED, NO_SIGNATURE};
use crate::runtime::fiber::Fiber;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::host::HostState;
use crate::runtime::instance::Instance;
use crate::runtime::layouts::Shape;
use crate::runtime::layouts::layout_of;
use crate::runtime::stack_memory::{FIRST_WORDS, StackMemory};
use crate::value::{Tag, Value};
use minivm_isa::Type;
use minivm_isa::entities::{Layout, Sig};
use minivm_isa::program::LayoutDef;
use minivm_isa::verify::Verified;
use std::collections::HashMap;
use std::rc::Rc;

/// What is being loaded.
pub(crate) struct Loading<'c> {
    pub(crate) cx: &'c mut Context,
    codecs: &'c super::Codecs,
    host_state: &'c mut HostState,
    /// Host functions that the snapshot names.
    pub(crate) hosts: Vec<*const FunctionInfo>,
    /// For each layout of the machine an instance that has it, and its number there.
    layouts: Vec<(u32, u32)>,
    /// Fibers that belong to a run, as they run or wait for one that they resumed.
    pub(crate) in_runs: usize,
    /// The message handlers that may use more than a full stack: the fiber, and how high the record lies.
    pub(crate) overflow_handlers: HashMap<*mut FiberCell, usize>,
    /// Globals, memories and tables.
    pub(crate) items: Items,
    /// What the loader knows of functions that have frames.
    pub(crate) facts: HashMap<*const GuestFunction, Facts>,
}

/// The note of a snapshot.
pub(crate) fn note(bytes: &[u8]) -> Result<&[u8], SnapshotError> {
    Ok(Parts::read(bytes)?.note)
}

/// Takes over a state, in place of the one that is there; its cells are in the parts or in a twin.
pub(crate) fn load(
    old: &mut Box<Context>,
    parts: &Parts<&[u8]>,
    programs: &[Rc<Verified>],
    twin: Option<Twin>,
) -> Result<Vec<u8>, SnapshotError> {
    let bytes_max = usize::try_from(old.limits.memory_bytes_max).unwrap_or(usize::MAX);
    let heap = Heap::new(HeapLimits { bytes_max, ..old.heap.limits() });
    let mut new = Context::new(heap, old.limits, &crate::compile::ENGINE);
    new.number_reader = old.number_reader;
    new.keeps_uncaught = old.keeps_uncaught;
    let waiting = twin.map(|twin| twin.put_into(&mut new)).transpose()?;
    new.host_functions = std::mem::take(&mut old.host_functions);
    let codecs = std::mem::take(&mut old.codecs);
    let mut result = read(&mut new, (&codecs, &mut old.host_state), parts, programs, waiting);
    if result.is_ok() {
        let mut states = Reader::new(parts.states, "states of libraries");
        result = codecs.load_states(&mut old.host_state, &mut states).and_then(|()| states.end());
    }
    match result {
        Ok(()) => {
            new.host_state = std::mem::take(&mut old.host_state);
            new.codecs = codecs;
            *old = new;
            Ok(parts.note.to_vec())
        }
        Err(error) => {
            old.codecs = codecs;
            old.host_functions = std::mem::take(&mut new.host_functions);
            Err(error)
        }
    }
}

fn read(
    cx: &mut Context,
    (codecs, host_state): (&super::Codecs, &mut HostState),
    parts: &Parts<&[u8]>,
    programs: &[Rc<Verified>],
    mut waiting: Option<WaitingCells>,
) -> Result<(), SnapshotError> {
    let mut loading = Loading {
        cx,
        codecs,
        host_state,
        hosts: Vec::new(),
        layouts: Vec::new(),
        in_runs: 0,
        overflow_handlers: HashMap::new(),
        items: Items::default(),
        facts: HashMap::new(),
    };
    loading.code(parts.code, parts.instances, programs)?;
    loading.find_hosts(parts.hosts)?;
    loading.note_layouts();
    loading.make_items(parts.items, parts.machine.len())?;
    // The heap is elsewhere while its cells are made, as what reads them belongs to the machine.
    let limits = loading.cx.heap.limits();
    let mut heap = std::mem::replace(&mut loading.cx.heap, Heap::new(limits));
    let is_copy = waiting.is_some();
    let cells = match &mut waiting {
        None => HeapLoader::load(&mut heap, parts.cells, parts.strings, parts.shapes, parts.contents, &mut loading),
        Some(waiting) => waiting.complete(&mut heap, &mut loading),
    };
    loading.cx.heap = heap;
    let cells = cells?;
    let mut from = Reader::new(parts.machine, "machine");
    loading.machine(&cells, &mut from)?;
    for &(cell, bytes) in &cells.fibers {
        // SAFETY: the cells were made with the states of fibers.
        let fiber = unsafe { Fiber::of(cell) };
        let mut from = Reader::new(bytes, "fiber");
        loading.fiber(cell, fiber, &cells, &mut from)?;
        from.end()?;
    }
    loading.runs(&cells, &mut from)?;
    cells.counters(&mut loading.cx.heap, &mut from)?;
    if !is_copy {
        cells.lists(&mut loading.cx.heap, &mut from)?;
    }
    let is_limited = from.flag()?;
    let fuel = from.signed()?;
    if !(-(1 << 40)..=FUEL_LIMIT_MAX).contains(&fuel) {
        return Err(from.damaged("the budget is none"));
    }
    loading.cx.fuel = if is_limited { fuel } else { FUEL_UNLIMITED };
    loading.cx.is_limited = is_limited;
    from.end()
}

impl Loading<'_> {
    fn note_layouts(&mut self) {
        let mut layouts = vec![None; self.cx.layouts.len()];
        for (number, instance) in (0u32..).zip(self.cx.instances.slots()) {
            let Some(instance) = instance else { continue };
            for (index, layout) in (0u32..).zip(&instance.layouts) {
                layouts[layout.number as usize].get_or_insert((number, index));
            }
        }
        self.layouts = layouts.into_iter().map(Option::unwrap_or_default).collect();
    }

    /// Reads the number of an instance.
    pub(crate) fn instance(&self, from: &mut Reader<'_>) -> Result<&Instance, SnapshotError> {
        let number = from.size()?;
        self.instance_at(number).ok_or_else(|| from.damaged("there is no such instance"))
    }

    /// The instance of a number.
    pub(crate) fn instance_at(&self, number: usize) -> Option<&Instance> {
        self.cx.instances.get(u32::try_from(number).ok()?)
    }

    /// Reads a type of the machine.
    pub(crate) fn read_type(&self, from: &mut Reader<'_>) -> Result<Type, SnapshotError> {
        Ok(match from.byte()? {
            0 => Type::Any,
            1 => Type::I32,
            2 => Type::I64,
            3 => Type::F32,
            4 => Type::F64,
            5 => Type::V128,
            6 => Type::Cell,
            7 => {
                let instance = self.instance(from)?;
                let number = from.size()?;
                let layout = instance.layouts.get(number).ok_or_else(|| from.damaged("there is no such layout"))?;
                Type::Ref(Layout::from_u32(layout.number))
            }
            _ => return Err(from.damaged("there is no such type")),
        })
    }

    /// Reads the words of a type of the machine.
    pub(crate) fn typed(
        &self,
        cells: &HeapLoader<'_>,
        ty: Type,
        from: &mut Reader<'_>,
    ) -> Result<[u64; 2], SnapshotError> {
        Ok(match ty {
            Type::Any => {
                let value = cells.value(from)?;
                [value.payload(), u64::from(value.tag().0)]
            }
            Type::I32 | Type::F32 => [u64::from(from.fixed_u32()?), 0],
            Type::I64 => [from.signed()? as u64, 0],
            Type::F64 => [from.word()?, 0],
            Type::V128 => [from.word()?, from.word()?],
            Type::Cell | Type::Ref(_) => {
                let to = cells.reference(from)?;
                if !fits(self.cx, ty, to) {
                    return Err(from.damaged("a reference is to another type of object"));
                }
                [to.map_or(0, |value| value.payload()), 0]
            }
        })
    }
}

/// Whether a reference may stand where this type of the machine does.
fn fits(cx: &Context, ty: Type, to: Option<Value>) -> bool {
    match (ty, to) {
        (Type::Cell, to) => to.is_some_and(|value| value.tag() == Tag::CELL),
        (Type::Ref(_), None) => true,
        // SAFETY: the cells of a snapshot have their kind and type from the start.
        (Type::Ref(layout), Some(value)) => {
            unsafe { layout_of(value) }.is_some_and(|found| cx.layout_fits(found, layout.as_u32()))
        }
        _ => false,
    }
}

impl LoadOutside for Loading<'_> {
    fn function(&mut self, from: &mut Reader<'_>) -> Result<(*const (), *const u8), SnapshotError> {
        let info: *const FunctionInfo = match from.byte()? {
            0 => {
                let instance = self.instance(from)?;
                match instance.functions.get(from.size()?) {
                    Some(Some(info)) => &raw const **info,
                    _ => return Err(from.damaged("there is no such function")),
                }
            }
            1 => match self.hosts.get(from.size()?) {
                Some(&info) => info,
                None => return Err(from.damaged("there is no such host function")),
            },
            2 => {
                let instance = self.instance(from)?;
                let signature = from.size()?;
                let is_known = signature < instance.program.signatures.len();
                let number =
                    if is_known { instance.signature_number(Sig::from_u32(signature as u32)) } else { NO_SIGNATURE };
                match number != NO_SIGNATURE && self.cx.has_bridge(number) {
                    true => self.cx.bridge_info(number),
                    false => return Err(from.damaged("there is no such bridge")),
                }
            }
            _ => return Err(from.damaged("a function is of no known kind")),
        };
        // SAFETY: functions live as long as the machine.
        Ok((info.cast(), unsafe { (*info).entry().cast() }))
    }

    unsafe fn may_capture(&self, function: *const (), captures: &[Value]) -> bool {
        let is_value = |value: &Value| value.tag() != Tag::CELL;
        // SAFETY: functions live as long as the machine.
        match unsafe { &(*function.cast::<FunctionInfo>()).body } {
            Body::Guest(guest) => {
                let types = &guest.portable().captures;
                types.len() == captures.len()
                    && types.iter().zip(captures).all(|(&ty, value)| is_value(value) == (ty != Type::Cell))
            }
            Body::Host(_) => captures.iter().all(is_value),
            Body::Bridge(_) => {
                matches!(captures, [target, name] if target.tag() == Tag::FUNCTION
                    && matches!(name.tag(), Tag::NIL | Tag::STRING))
            }
        }
    }

    unsafe fn is_sealed(&self, function: *const ()) -> bool {
        // SAFETY: functions live as long as the machine.
        matches!(unsafe { &(*function.cast::<FunctionInfo>()).body }, Body::Bridge(_))
    }

    fn layout(&mut self, from: &mut Reader<'_>) -> Result<(u32, LoadedLayout), SnapshotError> {
        let instance = self.instance(from)?;
        let layout = instance.layouts.get(from.size()?).ok_or_else(|| from.damaged("there is no such layout"))?;
        let loaded = match &layout.shape {
            Shape::Record { layout, .. } => LoadedLayout::Record(layout),
            Shape::Array { element } => LoadedLayout::Array(*element),
        };
        Ok((layout.number, loaded))
    }

    fn may_refer(&self, type_index: u32, word: u32, to: Option<Value>) -> bool {
        let (number, layout) = self.layouts[type_index as usize];
        let Some(instance) = self.cx.instances.get(number) else { return false };
        let storage = match &instance.program.layouts[Layout::from_u32(layout)] {
            LayoutDef::Array(storage) => Some(*storage),
            LayoutDef::Record(fields) | LayoutDef::Exception(fields) => {
                let mut at = 0;
                fields.iter().copied().find(|storage| {
                    let begins = at == word;
                    at += storage.register_type().words();
                    begins
                })
            }
        };
        let machine_type = |ty| crate::runtime::layouts::machine_type(&instance.layouts, ty);
        storage.is_some_and(|storage| fits(self.cx, machine_type(storage.register_type()), to))
    }

    fn new_fiber(&mut self) -> Result<FiberState, SnapshotError> {
        let stack = StackMemory::new(FIRST_WORDS).ok_or(SnapshotError::OutOfMemory)?;
        let fiber = Box::new(Fiber::new(stack));
        Ok((Box::into_raw(fiber).cast(), crate::runtime::switch::drop_fiber))
    }

    fn host_object(&mut self, from: &mut Reader<'_>) -> Result<Box<dyn HostObject>, SnapshotError> {
        let (kind, bytes) = (from.text()?, from.block()?);
        let handles = self.handles(from)?;
        self.codecs.load_object((kind, bytes), &handles, self.host_state)
    }
}
