//! What a program can reach: instances, globals, memories, tables and objects. Nothing is ever freed.

use crate::fiber::Fiber;
use crate::host::HostFunction;
use crate::table::Table;
use crate::types::Types;
use crate::value::{Any, CellId, ClosureId, FiberId, InstanceId, ObjectId, TableId, Value};
use minivm_isa::TrapCode;
use minivm_isa::entities::Func;
use minivm_isa::program::{ElementType, Function, FunctionDef, Program};
use minivm_isa::types::{Storage, Type};
use minivm_isa::verify::Verified;
use std::ops::{Index, IndexMut, Range};
use std::rc::Rc;

/// Bytes of a `__name` that messages show.
const NAME_BYTES_MAX: usize = 1000;

/// Everything, by number.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) types: Types,
    pub(crate) instances: Vec<Instance>,
    pub(crate) globals: Vec<GlobalCell>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) lists: Vec<List>,
    pub(crate) tables: Vec<Table>,
    pub(crate) closures: Vec<Closure>,
    pub(crate) cells: Vec<Any>,
    pub(crate) objects: Vec<Object>,
    pub(crate) fibers: Vec<Fiber>,
    /// Waits that have begun: the number of the memory, the address, and whether they have ended.
    pub(crate) waits: Vec<(usize, u64, bool)>,
    /// Whether something was asked for that bytecode leaves open, see [`Machine::was_open`](crate::Machine::was_open).
    pub(crate) was_open: bool,
}

/// A loaded program. What is shared with others stands here by its number in the store.
pub(crate) struct Instance {
    pub(crate) program: Rc<Verified>,
    /// None for functions that capture values.
    pub(crate) functions: Vec<Option<ClosureId>>,
    pub(crate) globals: Vec<usize>,
    pub(crate) memories: Vec<usize>,
    pub(crate) lists: Vec<usize>,
    pub(crate) data: Vec<Rc<[u8]>>,
    pub(crate) elements: Vec<Rc<[Any]>>,
    /// Number of each signature among those of the machine; none for those that are not typed.
    pub(crate) signatures: Vec<Option<usize>>,
    /// Number of each layout.
    pub(crate) layouts: Vec<usize>,
    /// Number of each declared type.
    pub(crate) declared: Vec<usize>,
}

/// A global variable.
pub(crate) struct GlobalCell {
    pub(crate) value: Value,
    /// References name layouts by the machine's numbers.
    pub(crate) ty: Type,
    pub(crate) mutable: bool,
    pub(crate) holds: ElementType,
}

/// A linear memory.
pub(crate) struct Memory {
    pub(crate) bytes: Vec<u8>,
    pub(crate) maximum: Option<u64>,
    pub(crate) is_64: bool,
    pub(crate) is_shared: bool,
    pub(crate) page_bits: u8,
}

/// A table of `any` values.
pub(crate) struct List {
    pub(crate) values: Vec<Any>,
    pub(crate) maximum: Option<u64>,
    pub(crate) is_64: bool,
    pub(crate) element: ElementType,
}

/// A function value.
pub(crate) enum Closure {
    /// Of a function with code.
    Guest {
        /// Where the function is.
        instance: InstanceId,
        /// Which one it is.
        function: Func,
        /// `any` values and cells.
        captures: Rc<[Value]>,
    },
    /// Of the host.
    Host {
        /// What it does.
        function: HostFunction,
        /// What it was defined as.
        name: String,
    },
    /// A function that is not typed, where a typed one was asked for.
    Bridge {
        /// The function.
        target: ClosureId,
        /// What it was imported as.
        name: Option<String>,
        /// Number of the signature that it is called with.
        signature: usize,
    },
}

/// A record or an array.
pub(crate) struct Object {
    /// Number of the layout.
    pub(crate) layout: usize,
    /// Fields or elements, as registers hold them.
    pub(crate) values: Vec<Value>,
}

/// The code of a function that is not imported.
pub(crate) fn code_of(program: &Program, function: Func) -> &Function {
    match &program.functions[function] {
        FunctionDef::Code(code) => code,
        FunctionDef::Import { .. } => unreachable!("imported functions were replaced when the program was linked"),
    }
}

/// A value as a field or element of some storage keeps it.
pub(crate) fn stored(value: Value, storage: Storage) -> Value {
    match (value, storage) {
        (Value::I32(it), Storage::I8) => Value::I32(it & 0xff),
        (Value::I32(it), Storage::I16) => Value::I32(it & 0xffff),
        (value, _) => value,
    }
}

/// A range that is inside of so many items.
pub(crate) fn range(start: u64, length: u64, available: usize, trap: TrapCode) -> Result<Range<usize>, TrapCode> {
    match start.checked_add(length) {
        Some(end) if end <= available as u64 => Ok(start as usize..end as usize),
        _ => Err(trap),
    }
}

impl List {
    /// Whether it may hold a value.
    pub(crate) fn accepts(&self, value: &Any) -> bool {
        self.element.is_any() || self.element.is_function() && matches!(value, Any::Function(_) | Any::Nil)
    }
}

impl Memory {
    /// Its size in pages.
    pub(crate) fn pages(&self) -> u64 {
        self.bytes.len() as u64 >> self.page_bits
    }
}

impl Store {
    /// A new table.
    pub(crate) fn new_table(&mut self) -> Any {
        self.tables.push(Table::default());
        Any::Table(TableId(self.tables.len() - 1))
    }

    /// A new function value.
    pub(crate) fn new_closure(&mut self, closure: Closure) -> ClosureId {
        self.closures.push(closure);
        ClosureId(self.closures.len() - 1)
    }

    /// A new cell.
    pub(crate) fn new_cell(&mut self, value: Any) -> CellId {
        self.cells.push(value);
        CellId(self.cells.len() - 1)
    }

    /// A new record or array.
    pub(crate) fn new_object(&mut self, layout: usize, values: Vec<Value>) -> ObjectId {
        self.objects.push(Object { layout, values });
        ObjectId(self.objects.len() - 1)
    }

    /// A fiber that is added.
    pub(crate) fn new_fiber(&mut self, fiber: Fiber) -> FiberId {
        self.fibers.push(fiber);
        FiberId(self.fibers.len() - 1)
    }

    /// A reference as an `any` value.
    pub(crate) fn any_of_object(&self, object: Option<ObjectId>) -> Any {
        match object {
            None => Any::Nil,
            Some(id) => Any::Object { id, is_array: self.types.is_array(self[id].layout) },
        }
    }

    /// The number of the signature of a function, if it is typed.
    pub(crate) fn signature_of(&self, closure: ClosureId) -> Option<usize> {
        match &self[closure] {
            Closure::Guest { instance, function, .. } => {
                let instance = &self[*instance];
                instance.signatures[code_of(&instance.program, *function).signature.as_u32() as usize]
            }
            Closure::Host { .. } => None,
            Closure::Bridge { signature, .. } => Some(*signature),
        }
    }

    /// The element of a table that has this name as key, of a value's metatable.
    pub(crate) fn metamethod(&self, value: &Any, name: &str) -> Any {
        let Any::Table(table) = value else { return Any::Nil };
        match self[*table].metatable {
            Some(metatable) => self[metatable].get(&Any::string(name)),
            None => Any::Nil,
        }
    }

    /// The kind of a value, in words.
    pub(crate) fn type_name(&self, value: &Any) -> String {
        match self.metamethod(value, "__name") {
            Any::String(name) => String::from_utf8_lossy(&name[..name.len().min(NAME_BYTES_MAX)]).into_owned(),
            _ => match value {
                Any::Nil => "nil",
                Any::Bool(_) => "boolean",
                Any::Integer(_) | Any::Float(_) => "number",
                Any::String(_) => "string",
                Any::Table(_) => "table",
                Any::Function(_) => "function",
                Any::Fiber(_) => "thread",
                Any::Object { .. } => "userdata",
            }
            .to_owned(),
        }
    }
}

macro_rules! indexed {
    ($($id:ident: $item:ty, $field:ident;)*) => {$(
        impl Index<$id> for Store {
            type Output = $item;
            fn index(&self, id: $id) -> &$item {
                &self.$field[id.0]
            }
        }
        impl IndexMut<$id> for Store {
            fn index_mut(&mut self, id: $id) -> &mut $item {
                &mut self.$field[id.0]
            }
        }
    )*};
}

indexed! {
    InstanceId: Instance, instances;
    TableId: Table, tables;
    ClosureId: Closure, closures;
    CellId: Any, cells;
    ObjectId: Object, objects;
    FiberId: Fiber, fibers;
}
