//! How a program becomes an instance: what it imports is found, globals and tables get their first values, segments are copied.

use crate::machine::Machine;
use crate::store::{Closure, GlobalCell, Instance, List, Memory, Store, range, stored};
use crate::types::numbered;
use crate::value::{Any, ClosureId, InstanceId, Value};
use minivm_isa::TrapCode;
use minivm_isa::entities::{Declared, Layout};
use minivm_isa::program::{
    ElementType, FunctionDef, GlobalDef, Import, Initial, InitialOp, Item, MemoryDef, Origin, SegmentMode, TableDef,
};
use minivm_isa::types::{Storage, Type};
use minivm_isa::verify::Verified;
use std::rc::Rc;

/// What can be imported; all but functions by number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Definition {
    Function(ClosureId),
    Global(usize),
    Memory(usize),
    List(usize),
}

/// Why a program is not linked.
#[derive(Clone, Debug)]
pub enum LinkError {
    /// Nothing of that name can be imported.
    Unknown(Import),
    /// It is there, but not what the program asks for.
    Incompatible(Import),
    /// A segment does not fit, or something is too large.
    Trap(TrapCode),
    /// The start function failed.
    Start {
        /// The error.
        error: Any,
        /// The trap, if it was one.
        trap: Option<TrapCode>,
    },
    /// The start function used up the budget.
    OutOfFuel,
}

impl From<TrapCode> for LinkError {
    fn from(code: TrapCode) -> Self {
        LinkError::Trap(code)
    }
}

/// Bytes that a memory may begin with.
const BYTES_MAX: u64 = 1 << 32;
/// Elements that a table may begin with.
const ELEMENTS_MAX: u64 = 1 << 24;

impl Machine {
    /// An item as others can import it; none for a function that captures values.
    pub(crate) fn definition(&self, instance: InstanceId, item: Item) -> Option<Definition> {
        let instance = &self.store[instance];
        Some(match item {
            Item::Function(function) => Definition::Function(instance.functions[function.as_u32() as usize]?),
            Item::Global(global) => Definition::Global(instance.globals[global.as_u32() as usize]),
            Item::Memory(memory) => Definition::Memory(instance.memories[memory.as_u32() as usize]),
            Item::Table(table) => Definition::List(instance.lists[table.as_u32() as usize]),
        })
    }

    /// Links a program; gives its start function, if it has one.
    pub(crate) fn link(&mut self, program: Rc<Verified>) -> Result<(InstanceId, Option<Any>), LinkError> {
        let types = self.store.types.of(&program);
        let id = InstanceId(self.store.instances.len());
        self.store.instances.push(Instance {
            program: program.clone(),
            functions: Vec::new(),
            globals: Vec::new(),
            memories: Vec::new(),
            lists: Vec::new(),
            data: program.data.values().map(|data| data.bytes.as_ref().into()).collect(),
            elements: Vec::new(),
            signatures: types.signatures,
            layouts: types.layouts,
            declared: types.declared,
        });
        self.link_functions(id)?;
        for global in program.globals.values() {
            let number = self.link_global(id, global)?;
            self.store[id].globals.push(number);
        }
        for memory in program.memories.values() {
            let number = self.link_memory(memory)?;
            self.store[id].memories.push(number);
        }
        for table in program.tables.values() {
            let number = self.link_list(id, table)?;
            self.store[id].lists.push(number);
        }
        self.fill(id)?;
        let start = program.start.and_then(|start| self.store[id].functions[start.as_u32() as usize]);
        Ok((id, start.map(Any::Function)))
    }

    fn find(&self, import: &Import) -> Result<Definition, LinkError> {
        let found = self.definitions.get(&(import.module.clone(), import.name.clone()));
        found.copied().ok_or_else(|| LinkError::Unknown(import.clone()))
    }

    fn link_functions(&mut self, instance: InstanceId) -> Result<(), LinkError> {
        let program = self.store[instance].program.clone();
        for (function, definition) in program.functions.iter() {
            let closure = match definition {
                FunctionDef::Import { import, signature } => {
                    let Definition::Function(closure) = self.find(import)? else {
                        return Err(LinkError::Incompatible(import.clone()));
                    };
                    let wanted = self.store[instance].signatures[signature.as_u32() as usize];
                    Some(self.fitting(import, closure, wanted)?)
                }
                FunctionDef::Code(code) if code.captures.is_empty() => {
                    Some(self.store.new_closure(Closure::Guest { instance, function, captures: [].into() }))
                }
                FunctionDef::Code(_) => None,
            };
            self.store[instance].functions.push(closure);
        }
        Ok(())
    }

    /// An imported function as one of the signature that is asked for; those that are not typed fit anything that is not, too.
    fn fitting(&mut self, import: &Import, found: ClosureId, wanted: Option<usize>) -> Result<ClosureId, LinkError> {
        let Some(signature) = wanted else { return Ok(found) };
        let has = self.store.signature_of(found);
        if self.store.types.signature_fits(has, signature) {
            return Ok(found);
        }
        if has.is_some() || !self.store.can_be_bridged(signature) {
            return Err(LinkError::Incompatible(import.clone()));
        }
        let name = Some(format!("{}.{}", import.module, import.name));
        Ok(self.store.new_closure(Closure::Bridge { target: found, name, signature }))
    }

    fn link_global(&mut self, instance: InstanceId, global: &GlobalDef) -> Result<usize, LinkError> {
        let ty = numbered(global.ty, &self.store[instance].layouts);
        let holds = element_type(&self.store[instance], global.holds);
        let import = match &global.origin {
            Origin::Own(initial) => {
                let value = initial_value(&mut self.store, instance, initial)?;
                let value = of_type(&self.store, value, ty);
                self.store.globals.push(GlobalCell { value, ty, mutable: global.mutable, holds });
                return Ok(self.store.globals.len() - 1);
            }
            Origin::Import(import) => import,
        };
        let Definition::Global(number) = self.find(import)? else {
            return Err(LinkError::Incompatible(import.clone()));
        };
        let found = &self.store.globals[number];
        let fits = (found.ty, found.mutable) == (ty, global.mutable)
            && self.store.types.holds_fits(found.holds, holds, found.mutable);
        if fits { Ok(number) } else { Err(LinkError::Incompatible(import.clone())) }
    }

    fn link_memory(&mut self, memory: &MemoryDef) -> Result<usize, LinkError> {
        let import = match &memory.origin {
            Origin::Own(()) if memory.minimum > BYTES_MAX >> memory.page_bits => {
                return Err(TrapCode::OutOfMemory.into());
            }
            Origin::Own(()) => {
                let bytes = vec![0; (memory.minimum as usize) << memory.page_bits];
                let MemoryDef { maximum, is_64, is_shared, page_bits, .. } = *memory;
                self.store.memories.push(Memory { bytes, maximum, is_64, is_shared, page_bits });
                return Ok(self.store.memories.len() - 1);
            }
            Origin::Import(import) => import,
        };
        let Definition::Memory(number) = self.find(import)? else {
            return Err(LinkError::Incompatible(import.clone()));
        };
        let found = &self.store.memories[number];
        let fits = found.pages() >= memory.minimum
            && found.is_64 == memory.is_64
            && found.is_shared == memory.is_shared
            && found.page_bits == memory.page_bits
            && fits_maximum(memory.maximum, found.maximum);
        if fits { Ok(number) } else { Err(LinkError::Incompatible(import.clone())) }
    }

    fn link_list(&mut self, instance: InstanceId, table: &TableDef) -> Result<usize, LinkError> {
        let element = element_type(&self.store[instance], table.element);
        let import = match &table.origin {
            Origin::Own(_) if table.minimum > ELEMENTS_MAX => return Err(TrapCode::OutOfMemory.into()),
            Origin::Own(initial) => {
                let value = initial_any(&mut self.store, instance, initial)?;
                let values = vec![value; table.minimum as usize];
                self.store.lists.push(List { values, maximum: table.maximum, is_64: table.is_64, element });
                return Ok(self.store.lists.len() - 1);
            }
            Origin::Import(import) => import,
        };
        let Definition::List(number) = self.find(import)? else {
            return Err(LinkError::Incompatible(import.clone()));
        };
        let found = &self.store.lists[number];
        let fits = found.values.len() as u64 >= table.minimum
            && found.element == element
            && found.is_64 == table.is_64
            && fits_maximum(table.maximum, found.maximum);
        if fits { Ok(number) } else { Err(LinkError::Incompatible(import.clone())) }
    }

    /// Makes the segments and copies the active ones, in order.
    fn fill(&mut self, id: InstanceId) -> Result<(), LinkError> {
        let program = self.store[id].program.clone();
        for element in program.elements.values() {
            let value = |value| initial_any(&mut self.store, id, value);
            let values: Result<Rc<[Any]>, _> = element.values.iter().map(value).collect();
            self.store[id].elements.push(values?);
        }
        for (number, element) in program.elements.iter() {
            if let SegmentMode::Active(table, offset) = &element.mode {
                let offset = initial_value(&mut self.store, id, offset)?.address();
                let values = self.store[id].elements[number.as_u32() as usize].clone();
                let list = self.store[id].lists[table.as_u32() as usize];
                let list = &mut self.store.lists[list];
                let range = range(offset, values.len() as u64, list.values.len(), TrapCode::TableBounds)?;
                if !values.iter().all(|value| list.accepts(value)) {
                    return Err(TrapCode::WrongKind.into());
                }
                list.values[range].clone_from_slice(&values);
            }
            if !matches!(element.mode, SegmentMode::Passive) {
                self.store[id].elements[number.as_u32() as usize] = [].into();
            }
        }
        for (number, data) in program.data.iter() {
            if let SegmentMode::Active(memory, offset) = &data.mode {
                let offset = initial_value(&mut self.store, id, offset)?.address();
                let memory = self.store[id].memories[memory.as_u32() as usize];
                let bytes = &mut self.store.memories[memory].bytes;
                let range = range(offset, data.bytes.len() as u64, bytes.len(), TrapCode::MemoryBounds)?;
                bytes[range].copy_from_slice(&data.bytes);
                self.store[id].data[number.as_u32() as usize] = [].into();
            }
        }
        Ok(())
    }
}

/// Whether a memory or table that was declared to grow so far may stand where this maximum is wanted.
fn fits_maximum(wanted: Option<u64>, found: Option<u64>) -> bool {
    wanted.is_none_or(|wanted| found.is_some_and(|found| found <= wanted))
}

/// What something may hold, with declared types by the machine's numbers.
fn element_type(instance: &Instance, element: ElementType) -> ElementType {
    element.with_declared(|ty| Declared::from_u32(instance.declared[ty.as_u32() as usize] as u32))
}

/// A value that is known before the program runs. The verifier limits how deep they nest.
fn initial_value(store: &mut Store, instance: InstanceId, initial: &Initial) -> Result<Value, TrapCode> {
    Ok(match initial {
        Initial::Constant(constant) => Value::of_constant(constant),
        Initial::Null => Value::Ref(None),
        Initial::Function(function) => {
            let closure = store[instance].functions[function.as_u32() as usize];
            Value::Any(Any::Function(closure.expect("the verifier proved that it captures nothing")))
        }
        Initial::Global(global) => {
            let number = store[instance].globals[global.as_u32() as usize];
            store.globals[number].value.clone()
        }
        Initial::Arithmetic(op, lhs, rhs) => {
            let lhs = initial_value(store, instance, lhs)?;
            let rhs = initial_value(store, instance, rhs)?;
            let (left, right) = (lhs.address(), rhs.address());
            let result = match op {
                InitialOp::Add => left.wrapping_add(right),
                InitialOp::Sub => left.wrapping_sub(right),
                InitialOp::Mul => left.wrapping_mul(right),
            };
            if matches!(lhs, Value::I32(_)) { Value::I32(result as i32) } else { Value::I64(result as i64) }
        }
        Initial::Record(layout, fields) | Initial::Array(layout, fields) => {
            let values: Result<_, _> = fields.iter().map(|field| initial_value(store, instance, field)).collect();
            initial_object(store, instance, *layout, values?)
        }
        Initial::ArrayOf(layout, parts) => {
            let value = initial_value(store, instance, &parts[0])?;
            let count = initial_value(store, instance, &parts[1])?.address();
            initial_object(store, instance, *layout, vec![value; count.min(ELEMENTS_MAX) as usize])
        }
        Initial::Integer31(value) => {
            let bits = initial_value(store, instance, value)?.address() as i32;
            Value::Any(Any::Integer(i64::from(bits << 1 >> 1)))
        }
        Initial::NotNull(value) => match initial_any(store, instance, value)? {
            Any::Nil => return Err(TrapCode::NullReference),
            value => Value::Any(value),
        },
    })
}

/// A value that is known before the program runs, as an `any` value.
fn initial_any(store: &mut Store, instance: InstanceId, initial: &Initial) -> Result<Any, TrapCode> {
    let value = initial_value(store, instance, initial)?;
    Ok(of_type(store, value, Type::Any).any())
}

/// Objects stand where references are wanted, and where `any` values are.
fn of_type(store: &Store, value: Value, ty: Type) -> Value {
    match value {
        Value::Ref(object) if ty == Type::Any => Value::Any(store.any_of_object(object)),
        other => other,
    }
}

/// A new record or array.
fn initial_object(store: &mut Store, instance: InstanceId, layout: Layout, values: Vec<Value>) -> Value {
    let storages = store[instance].program.layouts[layout].storages().to_vec();
    // An array has one storage for all elements.
    let storages = storages.iter().copied().chain(std::iter::repeat_with(|| storages[0]));
    let value = |(value, storage): (Value, Storage)| stored(of_type(store, value, storage.register_type()), storage);
    let values = values.into_iter().zip(storages).map(value).collect();
    let number = store[instance].layouts[layout.as_u32() as usize];
    Value::Ref(Some(store.new_object(number, values)))
}
