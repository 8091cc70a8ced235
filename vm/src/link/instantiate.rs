//! Loading a program: linking its imports, making its globals, memories and tables.
//!
//! What the verifier takes for granted of imports, and what keeps it; a state that is loaded is held to the same in
//! `snapshot::load_machine`.
//!
//! | fact | kept by |
//! |---|---|
//! | a function of a typed signature has that signature | `link_function`: the same number in the machine, or a bridge |
//! | a dynamic function can be called with any values | every function can |
//! | a function captures nothing (`call`, `ref_func`, `closure`, initial values, exports, the start function) | what names it takes the closure that was linked, with what that has captured, never another one over the same code ([`Instance::is_import`]) |
//! | a global has its type, is mutable or not, and holds functions or any value | `make_global`: all three are equal |
//! | an immutable global that an initial value reads has its value | globals are linked and made in their order |
//! | a memory or table has so many pages of that size or elements, and addresses of that width; a table holds functions or any value | `make_memory`, `make_table`: they never shrink |
//! | a type that names a layout means records or arrays of that form | [`Layouts`](crate::runtime::layouts::Layouts): equal forms have one number |

use crate::heap::{Array, Closure, OutOfMemory, Record};
use crate::memory::{LinearMemory, Segment, TableInstance};
use crate::runtime::context::Context;
use crate::runtime::cost;
use crate::runtime::definitions::{Definition, Definitions, InstanceId};
use crate::runtime::failure::Failure;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::instance::{GlobalCell, Instance};
use crate::runtime::layouts::{Shape, machine_type};
use crate::runtime::loaded_program::LoadedProgram;
use crate::value::{Tag, Value};
use minivm_isa::entities::{Func, Layout};
use minivm_isa::program::{
    Constant, FunctionDef, GlobalDef, Import, Initial, InitialOp, Item, MemoryDef, Origin, SegmentMode, TableDef,
};
use minivm_isa::{Signature, TrapCode, Type, steps};
use std::cell::UnsafeCell;
use std::fmt;
use std::rc::Rc;

/// Why a program cannot be loaded.
#[derive(Clone, Debug)]
pub enum LinkError {
    /// Nothing of that name can be imported.
    Unknown {
        /// Module of the import.
        module: String,
        /// Its name.
        name: String,
        /// What there is instead, for people: the names in that module, else the modules.
        there_is: String,
    },
    /// It is there, but not what the program asks for.
    Incompatible {
        /// Module of the import.
        module: String,
        /// Its name.
        name: String,
        /// What the program asks for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A segment does not fit, or there is no memory.
    Trap(TrapCode),
    /// The start function failed.
    Start(Failure),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Unknown { module, name, there_is } => write!(f, "unknown import '{module}.{name}'{there_is}"),
            LinkError::Incompatible { module, name, expected, found } => {
                write!(f, "incompatible import '{module}.{name}': expected {expected}, found {found}")
            }
            LinkError::Trap(code) => write!(f, "{code}"),
            LinkError::Start(Failure::Exit(code)) => {
                write!(f, "the start function ended the program with status {code}")
            }
            LinkError::Start(Failure::Error { trace, .. }) => write!(f, "the start function failed: {trace}"),
        }
    }
}

impl std::error::Error for LinkError {}

impl From<OutOfMemory> for LinkError {
    fn from(_: OutOfMemory) -> Self {
        LinkError::Trap(TrapCode::OutOfMemory)
    }
}

impl Context {
    /// A number that stands for an object where a program asks for its identity; 0 for other values.
    pub(crate) fn identity(&mut self, value: Value) -> u64 {
        match value.as_object() {
            // SAFETY: the value at hand is reachable.
            Some(cell) => unsafe { self.heap.id_of(cell) },
            None => 0,
        }
    }

    /// A closure over a function, with so many captures, all nil.
    pub(crate) fn closure_of(&mut self, info: &FunctionInfo, captures: u32) -> Result<Value, OutOfMemory> {
        let function: *const FunctionInfo = info;
        let closure = self.heap.new_closure(info.entry(&self.return_stubs).cast(), function.cast(), captures)?;
        // SAFETY: the closure was just made.
        Ok(unsafe { Value::from_function(closure) })
    }

    /// Makes a closure over an exported function, see [`Machine::closure`].
    pub(crate) fn closure(&mut self, instance: InstanceId, name: &str, captures: &[Value]) -> Result<Value, LinkError> {
        let unknown = || LinkError::Unknown { module: String::new(), name: name.to_string(), there_is: String::new() };
        let Some(Item::Function(function)) = self.instance(instance).export(name) else { return Err(unknown()) };
        self.closure_over(instance, function, captures)
    }

    /// Makes a closure over a function of an instance. Captures of type cell get a new cell with the value. A function that is
    /// imported has its captures already: it is the closure.
    pub(crate) fn closure_over(
        &mut self,
        instance: InstanceId,
        function: Func,
        captures: &[Value],
    ) -> Result<Value, LinkError> {
        if self.instance(instance).is_import(function) {
            return Ok(self.instance(instance).linked_function(function));
        }
        let info: *const FunctionInfo = self.instance(instance).function_info(function);
        // SAFETY: functions live as long as their instance, which is not let go meanwhile.
        let info = unsafe { &*info };
        let Body::Guest(guest) = &info.body else { unreachable!("functions that are not imported have code") };
        let types = guest.portable().captures.clone();
        let closure = self.closure_of(info, u32::try_from(types.len()).unwrap_or(u32::MAX))?;
        let slots = Closure::upvalues(closure.as_function().expect("it was just made"));
        for (index, ty) in types.iter().enumerate() {
            let mut value = captures.get(index).copied().unwrap_or(Value::NIL);
            if *ty == Type::Cell && value.tag() != Tag::CELL {
                let cell = self.heap.new_cell(value)?;
                // SAFETY: the cell was just made.
                value = unsafe { Value::from_cell(cell) };
            }
            // SAFETY: the closure has a slot for each capture.
            unsafe { value.store(slots.add(index)) };
        }
        Ok(closure)
    }

    /// Loads a program; gives its start function, if it has one, which the caller has to call. What it imports is looked up in
    /// `imports` first, then among what the host has defined.
    pub(crate) fn instantiate(
        &mut self,
        program: Rc<LoadedProgram>,
        imports: &Definitions,
    ) -> Result<(InstanceId, Option<Value>), LinkError> {
        let held = self.heap.budget().hold(cost::instance_bytes(&program))?;
        let mut instance = Instance::new(program.clone(), held, true);
        self.link_functions(&instance, imports)?;
        for global in program.globals.values() {
            let cell = self.make_global(&instance, global, imports)?;
            instance.globals.push(cell);
        }
        for memory in program.memories.values() {
            let memory = self.make_memory(memory, imports)?;
            instance.memories.push(memory);
        }
        for table in program.tables.values() {
            let table = self.make_table(&instance, table, imports)?;
            instance.tables.push(table);
        }
        if self.main_memory_of.is_null() && !instance.memories.is_empty() {
            self.main_memory_of = instance.memory(minivm_isa::entities::Memory::from_u32(0));
            self.refresh_memory();
        }
        let result = self.make_segments(&mut instance);
        let start = program.start.map(|start| self.function_value(&instance, start)).transpose()?;
        // A program counts as many times as there are MiB in its memories.
        let bytes: u64 = program.memories.values().map(|memory| memory.minimum << memory.page_bits).sum();
        self.loaded_programs.until_collection =
            self.loaded_programs.until_collection.saturating_sub(1 + (bytes >> 20) as usize);
        // Code and tables of others may point here even when a segment did not fit: the instance stays until they do not.
        let id = InstanceId(self.instances.add(instance));
        if let Err(error) = result {
            self.unpin(id);
            return Err(error);
        }
        Ok((id, start))
    }

    /// Lets an instance go as soon as nothing uses it: nobody knows it by its number any more, but for objects of the host that
    /// [mark](InstanceId::mark) it.
    pub(crate) fn unpin(&self, instance: InstanceId) {
        let instance = self.instance(instance);
        // Code of others may have the address of the main memory in it.
        let is_main = |memory: &crate::runtime::instance::SharedMemory| {
            // SAFETY: only the address of what is in the box is taken.
            std::ptr::eq(unsafe { &raw const **memory.get() }, self.main_memory_of)
        };
        instance.is_pinned.set(instance.memories.iter().any(is_main));
    }

    fn link_functions(&mut self, instance: &Instance, imports: &Definitions) -> Result<(), LinkError> {
        let program = instance.program.clone();
        for (index, function) in program.functions.iter() {
            let FunctionDef::Import { import, signature } = function else { continue };
            steps::count(1);
            let number = instance.signature_number(*signature);
            let found = self.definition_of(imports, import)?;
            let is_dynamic = program.signatures[*signature].is_dynamic();
            let closure = self.link_function((import, found), (!is_dynamic).then_some(number))?;
            instance.set_closure(index, closure);
        }
        for export in &program.exports {
            if let Item::Function(function) = export.item {
                self.function_closure(instance, function)?;
            }
        }
        Ok(())
    }

    /// What an import is satisfied with.
    fn definition_of(&self, imports: &Definitions, import: &Import) -> Result<Definition, LinkError> {
        let given = imports.get(&import.module, &import.name);
        let found = given.or_else(|| self.definitions.get(&import.module, &import.name));
        found.cloned().ok_or_else(|| unknown(import, [imports, &self.definitions]))
    }

    /// The closure for an imported function; `wanted` is the number of its signature, unless that is dynamic.
    fn link_function(
        &mut self,
        (import, found): (&Import, Definition),
        wanted: Option<u32>,
    ) -> Result<*mut Closure, LinkError> {
        let Definition::Function(value) = found else { return Err(incompatible(import, "function", found.kind())) };
        let closure = value.as_function().ok_or_else(|| incompatible(import, "function", "other value"))?;
        let Some(number) = wanted else { return Ok(closure) };
        // SAFETY: definitions are roots, so the closure lives.
        let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
        if self.signature_fits(info.signature, number) {
            return Ok(closure);
        }
        if info.signature != crate::runtime::context::NO_SIGNATURE {
            let found = function_type(&self.signatures[info.signature as usize]);
            return Err(incompatible(import, &function_type(&self.signatures[number as usize]), &found));
        }
        if !self.has_bridge(number) {
            return Err(incompatible(import, "typed function", "function that is not typed"));
        }
        let name = self.heap.string_value(format!("{}.{}", import.module, import.name).as_bytes())?;
        Ok(self.bridge(value, name, number)?)
    }

    fn make_global(
        &mut self,
        instance: &Instance,
        global: &GlobalDef,
        imports: &Definitions,
    ) -> Result<Rc<GlobalCell>, LinkError> {
        let ty = machine_type(instance.layouts(), global.ty);
        let holds = instance.machine_element(global.holds);
        match &global.origin {
            Origin::Own(initial) => {
                let words = self.initial_words(instance, initial)?;
                let words = UnsafeCell::new(words);
                let _types = [instance.types.clone()].into();
                Ok(Rc::new(GlobalCell { words, ty, mutable: global.mutable, holds, _types }))
            }
            Origin::Import(import) => match self.definition_of(imports, import)? {
                Definition::Global(cell)
                    if (cell.ty, cell.mutable) == (ty, global.mutable)
                        && self.types.holds_fits(cell.holds, holds, cell.mutable) =>
                {
                    Ok(cell)
                }
                Definition::Global(cell) => {
                    let found = global_type(cell.ty, cell.mutable);
                    Err(incompatible(import, &global_type(ty, global.mutable), &found))
                }
                other => Err(incompatible(import, &global_type(ty, global.mutable), other.kind())),
            },
        }
    }

    fn make_memory(
        &mut self,
        memory: &MemoryDef,
        imports: &Definitions,
    ) -> Result<crate::runtime::instance::SharedMemory, LinkError> {
        match &memory.origin {
            Origin::Own(()) => {
                let limits = (memory.minimum, memory.maximum);
                let made = LinearMemory::with_pages(memory.page_bits, limits, memory.is_64, self.heap.budget());
                let mut made = made.map_err(LinkError::Trap)?;
                made.set_shared(memory.is_shared);
                Ok(Rc::new(UnsafeCell::new(made)))
            }
            Origin::Import(import) => match self.definition_of(imports, import)? {
                Definition::Memory(shared) => {
                    // SAFETY: nothing runs while a program is linked.
                    let found = unsafe { &*shared.get() };
                    let fits = found.pages() >= memory.minimum
                        && found.is_64() == memory.is_64
                        && found.is_shared() == memory.is_shared
                        && found.page_bits() == memory.page_bits
                        && fits_maximum(memory.maximum, found.declared_maximum());
                    if fits { Ok(shared) } else { Err(incompatible(import, "memory", "memory of other limits")) }
                }
                other => Err(incompatible(import, "memory", other.kind())),
            },
        }
    }

    fn make_table(
        &mut self,
        instance: &Instance,
        table: &TableDef,
        imports: &Definitions,
    ) -> Result<crate::runtime::instance::SharedTable, LinkError> {
        let element = instance.machine_element(table.element);
        match &table.origin {
            Origin::Own(initial) => {
                let value = self.initial_value(instance, initial)?;
                let limits = (table.minimum, table.maximum);
                let made = TableInstance::new(element, limits, table.is_64, value, self.heap.budget());
                let mut made = made.map_err(LinkError::Trap)?;
                made.keep_types(instance.types.clone());
                Ok(Rc::new(UnsafeCell::new(made)))
            }
            Origin::Import(import) => match self.definition_of(imports, import)? {
                Definition::Table(shared) => {
                    // SAFETY: nothing runs while a program is linked.
                    let found = unsafe { &*shared.get() };
                    let fits = found.length() >= table.minimum
                        && found.element() == element
                        && found.is_64() == table.is_64
                        && fits_maximum(table.maximum, found.declared_maximum());
                    if fits { Ok(shared) } else { Err(incompatible(import, "table", "table of other limits")) }
                }
                other => Err(incompatible(import, "table", other.kind())),
            },
        }
    }

    /// Makes the segments and copies the active ones, in order.
    fn make_segments(&mut self, instance: &mut Instance) -> Result<(), LinkError> {
        let program = instance.program.clone();
        for data in program.data.values() {
            // Active ones are copied from the program, and are empty then.
            let bytes: &[u8] = if matches!(data.mode, SegmentMode::Passive) { &data.bytes } else { &[] };
            // SAFETY: the instance keeps its program.
            let segment = unsafe { Segment::shared(bytes) };
            instance.data.push(Box::new(UnsafeCell::new(segment)));
        }
        for element in program.elements.values() {
            let values: Result<Box<[Value]>, LinkError> =
                element.values.iter().map(|value| self.initial_value(instance, value)).collect();
            instance.elements.push(Box::new(UnsafeCell::new(Segment::new(values?))));
        }
        for (index, element) in program.elements.iter() {
            // SAFETY: the tables and segments are boxed; nothing else uses them while the program is linked.
            let segment = unsafe { &mut *instance.element(index) };
            if let SegmentMode::Active(table, offset) = &element.mode {
                let offset = self.offset(instance, offset)?;
                // SAFETY: as above.
                let table = unsafe { &mut *instance.table(*table) };
                table.init(offset, segment.items(), 0, segment.items().len() as u64).map_err(LinkError::Trap)?;
            }
            if !matches!(element.mode, SegmentMode::Passive) {
                segment.clear();
            }
        }
        for data in program.data.values() {
            if let SegmentMode::Active(memory, offset) = &data.mode {
                let offset = self.offset(instance, offset)?;
                // SAFETY: as above.
                let memory = unsafe { &mut *instance.memory(*memory) };
                memory.write(offset, &data.bytes).map_err(|_| LinkError::Trap(TrapCode::MemoryBounds))?;
            }
        }
        Ok(())
    }

    fn offset(&mut self, instance: &Instance, offset: &Initial) -> Result<u64, LinkError> {
        Ok(self.initial_words(instance, offset)?[0])
    }

    fn initial_value(&mut self, instance: &Instance, initial: &Initial) -> Result<Value, LinkError> {
        let [payload, tag] = self.initial_words(instance, initial)?;
        // SAFETY: the verifier proved that the initial value is an `any`.
        Ok(unsafe { Value::from_parts(payload, Tag(tag as u32)) })
    }

    /// The words of an initial value.
    fn initial_words(&mut self, instance: &Instance, initial: &Initial) -> Result<[u64; 2], LinkError> {
        steps::count(1);
        Ok(match initial {
            Initial::Constant(constant) => self.constant_words(constant)?,
            Initial::Null => [0, 0],
            Initial::Function(function) => any_words(self.function_value(instance, *function)?),
            // SAFETY: nothing runs while a program is linked.
            Initial::Global(global) => unsafe { *instance.globals[global.as_u32() as usize].words.get() },
            Initial::Arithmetic(op, lhs, rhs) => {
                let lhs_words = self.initial_words(instance, lhs)?[0];
                let rhs_words = self.initial_words(instance, rhs)?[0];
                let result = match op {
                    InitialOp::Add => lhs_words.wrapping_add(rhs_words),
                    InitialOp::Sub => lhs_words.wrapping_sub(rhs_words),
                    InitialOp::Mul => lhs_words.wrapping_mul(rhs_words),
                };
                let narrow = initial_type(instance, initial) == Type::I32;
                [if narrow { u64::from(result as u32) } else { result }, 0]
            }
            Initial::Record(layout, fields) => self.initial_record(instance, *layout, fields)?,
            Initial::Array(layout, elements) => {
                let words: Result<Vec<_>, _> =
                    elements.iter().map(|element| self.initial_words(instance, element)).collect();
                let words = words?;
                self.initial_array(instance, *layout, words.len() as u64, |index| words[index])?
            }
            Initial::ArrayOf(layout, parts) => {
                let value = self.initial_words(instance, &parts[0])?;
                let length = u64::from(self.initial_words(instance, &parts[1])?[0] as u32);
                steps::count(length as usize);
                self.initial_array(instance, *layout, length, |_| value)?
            }
            Initial::Integer31(value) => {
                let value = self.initial_words(instance, value)?[0] as u32 as i32;
                any_words(Value::int(i64::from(value << 1 >> 1)))
            }
            Initial::NotNull(value) => match self.initial_words(instance, value)? {
                words if words == any_words(Value::NIL) => return Err(LinkError::Trap(TrapCode::NullReference)),
                words => words,
            },
        })
    }

    /// A new record. Nothing is collected while a program is linked.
    fn initial_record(
        &mut self,
        instance: &Instance,
        layout: Layout,
        fields: &[Initial],
    ) -> Result<[u64; 2], LinkError> {
        let mut words = Vec::new();
        for (storage, field) in instance.program.layouts[layout].storages().iter().zip(fields) {
            let count = storage.register_type().words() as usize;
            words.extend_from_slice(&self.initial_words(instance, field)?[..count]);
        }
        let layout = &instance.layouts()[layout.as_u32() as usize];
        let Shape::Record { layout: shape, .. } = &layout.shape else {
            unreachable!("the verifier proved that it is a record")
        };
        // SAFETY: the layouts of a machine stay, and a record has the words of its fields.
        unsafe {
            let record = self.heap.new_record(shape, layout.number)?;
            std::ptr::copy_nonoverlapping(words.as_ptr(), Record::data(record), words.len());
            Ok(any_words(Value::from_record(record)))
        }
    }

    /// A new array of so many elements.
    fn initial_array(
        &mut self,
        instance: &Instance,
        layout: Layout,
        length: u64,
        words: impl Fn(usize) -> [u64; 2],
    ) -> Result<[u64; 2], LinkError> {
        let layout = &instance.layouts()[layout.as_u32() as usize];
        let Shape::Array { element } = layout.shape else { unreachable!("the verifier proved that it is an array") };
        let array = self.heap.new_array(element, length)?;
        // SAFETY: the array has so many elements; numbers lie little-endian in their words, and references and values are words.
        unsafe {
            (*array).type_index = layout.number;
            for index in 0..length as usize {
                let place = Array::data(array).add(index * element.bytes());
                std::ptr::copy_nonoverlapping(words(index).as_ptr().cast(), place, element.bytes());
            }
            Ok(any_words(Value::from_array(array)))
        }
    }

    fn constant_words(&mut self, constant: &Constant) -> Result<[u64; 2], LinkError> {
        Ok(match constant {
            Constant::Nil => any_words(Value::NIL),
            Constant::False => any_words(Value::FALSE),
            Constant::True => any_words(Value::TRUE),
            Constant::Integer(int) => any_words(Value::int(*int)),
            Constant::Float(bits) => any_words(Value::float(f64::from_bits(*bits))),
            Constant::String(bytes) => any_words(self.heap.string_value(bytes)?),
            Constant::I32(int) => [u64::from(*int as u32), 0],
            Constant::I64(int) => [*int as u64, 0],
            Constant::F32(bits) => [u64::from(*bits), 0],
            Constant::F64(bits) => [*bits, 0],
            Constant::V128(bits) => [*bits as u64, (*bits >> 64) as u64],
        })
    }
}

/// The type of an initial value that is a number.
fn initial_type(instance: &Instance, initial: &Initial) -> Type {
    match initial {
        Initial::Constant(constant) => constant.ty(),
        Initial::Global(global) => instance.program.globals[*global].ty,
        Initial::Arithmetic(_, lhs, _) => initial_type(instance, lhs),
        Initial::Null | Initial::Function(_) | Initial::Integer31(_) => Type::Any,
        Initial::Record(..) | Initial::Array(..) | Initial::ArrayOf(..) | Initial::NotNull(_) => Type::Any,
    }
}

fn any_words(value: Value) -> [u64; 2] {
    [value.payload(), u64::from(value.tag().0)]
}

/// Whether a memory or table that was declared to grow so far may stand where this maximum is wanted.
pub(crate) fn fits_maximum(wanted: Option<u64>, found: Option<u64>) -> bool {
    match (wanted, found) {
        (None, _) => true,
        (Some(wanted), Some(found)) => found <= wanted,
        (Some(_), None) => false,
    }
}

#[cold]
fn unknown(import: &Import, known: [&Definitions; 2]) -> LinkError {
    let there_is = crate::runtime::definitions::what_there_is(&import.module, known);
    LinkError::Unknown { module: import.module.clone(), name: import.name.clone(), there_is }
}

fn incompatible(import: &Import, expected: &str, found: &str) -> LinkError {
    LinkError::Incompatible {
        module: import.module.clone(),
        name: import.name.clone(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

fn function_type(signature: &Signature) -> String {
    format!("function {signature}")
}

fn global_type(ty: Type, mutable: bool) -> String {
    format!("{} global of type {ty}", if mutable { "mutable" } else { "immutable" })
}

impl Definition {
    fn kind(&self) -> &'static str {
        match self {
            Definition::Function(_) => "function",
            Definition::Global(_) => "global",
            Definition::Memory(_) => "memory",
            Definition::Table(_) => "table",
        }
    }
}

impl GlobalCell {
    /// What it holds, where that has a dynamic form.
    pub(crate) fn value(&self) -> Option<Value> {
        // SAFETY: nobody writes while the host reads.
        crate::runtime::boundary::from_words(unsafe { *self.words.get() }, self.ty)
    }
}
