//! The embedding API: a machine, what it is given, and how programs run in it.

use crate::heap::{Heap, HeapLimits, OutOfMemory};
use crate::memory::MemoryBudget;
use crate::runtime::context::{Context, Limits};
use crate::runtime::definitions::Definition;
use crate::runtime::definitions::InstanceId;
use crate::runtime::externs::Extern;
use crate::runtime::function::{Body, FunctionInfo, HostFunction};
use crate::runtime::host::HostCall;
use crate::runtime::host::{HostFn, Intrinsic, Outcome, Raise};
use crate::runtime::instance::Instance;
use crate::runtime::kept::Kept;
use crate::value::{Tag, Value};
use minivm_isa::program::Item;
use std::cell::Cell;
use std::rc::Rc;

/// A machine: one heap, one stack of fibers, the programs loaded into it, and what the host lets them use.
pub struct Machine {
    pub(crate) cx: Box<Context>,
}

impl Machine {
    /// A machine without programs.
    ///
    /// # Safety
    /// The caller keeps to [the contract](crate::raw#the-contract).
    pub unsafe fn new(limits: Limits) -> Self {
        let bytes_max = usize::try_from(limits.memory_bytes_max).unwrap_or(usize::MAX);
        let mut heap = Heap::new(HeapLimits { bytes_max, ..HeapLimits::default() });
        heap.set_hash_key(limits.hash_key);
        let mut cx = Context::new(heap, limits, &crate::compile::ENGINE);
        cx.define_builtins().expect("a new heap has room for a few functions");
        cx.define_wait().expect("a new heap has room for a few functions");
        Machine { cx }
    }

    /// The account of what the machine holds: for what the host makes on a program's behalf, compiling above all.
    pub fn memory_budget(&self) -> MemoryBudget {
        self.cx.heap.budget().clone()
    }

    /// The heap.
    pub fn heap(&mut self) -> &mut Heap {
        &mut self.cx.heap
    }

    /// State of the host's libraries.
    pub fn host_state(&mut self) -> &mut crate::runtime::host::HostState {
        &mut self.cx.host_state
    }

    /// A string value.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn string(&mut self, bytes: impl AsRef<[u8]>) -> Result<Value, OutOfMemory> {
        self.cx.heap.string_value(bytes.as_ref())
    }

    /// A function value that calls the host.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn host_function(
        &mut self,
        name: impl Into<String>,
        function: impl Fn(&mut HostCall<'_>) -> Result<Outcome, Raise> + Send + 'static,
    ) -> Result<Value, OutOfMemory> {
        self.cx.host_function(name.into(), Rc::new(function), None)
    }

    /// A host function that the machine may do itself where it is used as an iterator.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn intrinsic(
        &mut self,
        name: impl Into<String>,
        intrinsic: Intrinsic,
        function: impl Fn(&mut HostCall<'_>) -> Result<Outcome, Raise> + Send + 'static,
    ) -> Result<Value, OutOfMemory> {
        self.cx.host_function(name.into(), Rc::new(function), Some(intrinsic))
    }

    /// Says that a host function may begin its state again: when it answers that there is not enough memory, the machine
    /// collects all garbage and calls it once more. Till then it has changed nothing that it would not change the same way
    /// again, and what it keeps in its frame is as it was. Without this the error stands, whatever there is of garbage.
    pub fn set_restartable(&mut self, function: Value) {
        let Some(closure) = function.as_function() else { return };
        // SAFETY: values at hand are reachable; closures point to functions, which live as long as they do.
        if let Body::Host(host) = unsafe { &(*(*closure).function.cast::<FunctionInfo>()).body } {
            host.is_restartable.set(true);
        }
    }

    /// Says that a function of the host is a part of the language which compiled code imports: its calls are not
    /// reported to hooks.
    pub fn set_internal(&mut self, module: &str, name: &str) {
        let Some(Definition::Function(function)) = self.cx.definitions.get(module, name) else { return };
        let Some(closure) = function.as_function() else { return };
        // SAFETY: definitions are roots; closures point to functions, which live as long as they do.
        if let Body::Host(host) = unsafe { &(*(*closure).function.cast::<FunctionInfo>()).body } {
            host.is_internal.set(true);
        }
    }

    /// Says how to read numbers in strings, for languages where bounds of numeric loops may be such strings.
    pub fn set_number_reader(&mut self, reader: crate::runtime::context::NumberReader) {
        self.cx.number_reader = Some(reader);
    }

    /// Lets programs import a function value.
    pub fn define_function(&mut self, module: &str, name: &str, function: Value) {
        self.cx.definitions.set(module, name, Definition::Function(function));
    }

    /// Lets programs import a host function.
    ///
    /// Where it panics, the run has ended, and the panic goes on in whoever runs the machine (`resume`, `call`, …). The machine may
    /// be used further: what the run has done so far stands.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn define(
        &mut self,
        module: &str,
        name: &str,
        function: impl Fn(&mut HostCall<'_>) -> Result<Outcome, Raise> + Send + 'static,
    ) -> Result<(), OutOfMemory> {
        let value = self.host_function(name, function)?;
        self.define_function(module, name, value);
        Ok(())
    }

    /// Whether a wait on a shared memory was notified, or has ended; see [`MemoryWait`](crate::MemoryWait).
    pub fn is_notified(&self, wait: u64) -> bool {
        self.cx.waits.is_notified(wait)
    }

    /// Whether programs can import something by this name.
    pub fn is_defined(&self, module: &str, name: &str) -> bool {
        self.cx.definitions.get(module, name).is_some()
    }

    /// Lets programs import everything that an instance exports, but for functions that capture values.
    pub fn define_instance(&mut self, module: &str, instance: InstanceId) {
        for (name, item) in self.exports(instance) {
            self.cx.definitions.set(module, &name, item.0);
        }
    }

    /// The metatable of a value, or nil.
    pub fn metatable(&self, value: Value) -> Value {
        let metatable = self.cx.metatable(value);
        // SAFETY: metatables live as long as what has them.
        if metatable.is_null() { Value::NIL } else { unsafe { Value::from_table(metatable) } }
    }

    /// Sets the metatable that all strings have.
    ///
    /// # Errors
    /// None when the value is no table.
    pub fn set_string_metatable(&mut self, table: Value) -> Option<()> {
        self.cx.string_metatable = table.as_table()?;
        Some(())
    }

    /// Sets a named value of the host's libraries, which [`HostCall::registered`] finds.
    pub fn register(&mut self, name: &str, value: Value) {
        let old = self.cx.registry.insert(name.to_string(), value);
        self.cx.heap.barrier(old.unwrap_or(Value::NIL));
    }

    /// A named value of the host's libraries; nil when it was never set.
    pub fn registered(&self, name: &str) -> Value {
        self.cx.registry.get(name).copied().unwrap_or(Value::NIL)
    }

    /// What an instance exports, in its order, but for functions that capture values.
    pub fn exports(&self, instance: InstanceId) -> Vec<(String, Extern)> {
        self.cx.instance(instance).exports()
    }

    /// An exported function of an instance, as a value; none for one that captures values, see [`Machine::closure`].
    pub fn exported_function(&self, instance: InstanceId, name: &str) -> Option<Value> {
        let instance = self.cx.instance(instance);
        match instance.definition(instance.export(name)?)? {
            Definition::Function(value) => Some(value),
            Definition::Global(_) | Definition::Memory(_) | Definition::Table(_) => None,
        }
    }

    /// The value of an exported global, where it has a dynamic form.
    pub fn exported_global(&self, instance: InstanceId, name: &str) -> Option<Value> {
        let instance = self.cx.instance(instance);
        match instance.definition(instance.export(name)?)? {
            Definition::Global(global) => global.value(),
            Definition::Function(_) | Definition::Memory(_) | Definition::Table(_) => None,
        }
    }

    /// The signature of an exported function.
    pub fn export_signature(&self, instance: InstanceId, name: &str) -> Option<&minivm_isa::Signature> {
        let instance = self.cx.instance(instance);
        match instance.export(name)? {
            Item::Function(function) => {
                let program = &instance.program;
                Some(&program.signatures[program.functions[function].signature()])
            }
            Item::Global(_) | Item::Memory(_) | Item::Table(_) => None,
        }
    }

    /// Keeps a value alive until it is released.
    pub fn keep(&mut self, value: Value) -> Kept {
        self.cx.kept.add(value)
    }

    /// A kept value.
    pub fn kept(&self, kept: Kept) -> Value {
        self.cx.kept.get(kept)
    }

    /// Lets go of a kept value.
    pub fn release(&mut self, kept: Kept) {
        self.cx.kept.remove(kept);
    }

    /// What an exception says: the name of its tag and what it carries; none for other values.
    pub fn exception_text(&self, value: Value) -> Option<String> {
        self.cx.exception_text(value)
    }

    /// The text of a value for people: strings as they are, numbers as `tostring` writes them, other values by their kind.
    pub fn describe(&mut self, value: Value) -> String {
        self.cx.describe(value)
    }
}

/// The text of a value for people; objects are shown by their kind and this identity, unless it is 0.
pub(crate) fn described(value: Value, identity: u64) -> String {
    match value.tag() {
        Tag::NIL => "nil".to_string(),
        Tag::FALSE => "false".to_string(),
        Tag::TRUE => "true".to_string(),
        Tag::INT | Tag::FLOAT => crate::format::number(value),
        Tag::STRING => String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned(),
        _ if identity == 0 => crate::runtime::error::basic_type_name(value).to_string(),
        _ => format!("{}: {identity:#010x}", crate::runtime::error::basic_type_name(value)),
    }
}

impl Context {
    /// See [`Machine::describe`].
    pub(crate) fn describe(&mut self, value: Value) -> String {
        if let Some(text) = self.exception_text(value) {
            return text;
        }
        let is_named = value.tag().is_object() && value.tag() != Tag::STRING;
        described(value, if is_named { self.identity(value) } else { 0 })
    }

    /// An instance by its number.
    pub(crate) fn instance(&self, id: InstanceId) -> &Instance {
        self.instances.get(id.0).expect("the host has no numbers of instances that may go")
    }

    /// A function that stands for one that the host does not have, to look at a state that has it.
    pub(crate) fn stand_in(&mut self, name: String) -> *const FunctionInfo {
        let absent = |call: &mut HostCall<'_>| Err(call.error("the host does not have this function"));
        let function: HostFn = Rc::new(absent);
        let info = FunctionInfo::host(HostFunction {
            name,
            function,
            intrinsic: None,
            is_restartable: Cell::new(false),
            is_internal: Cell::new(false),
        });
        let place = &raw const *info;
        self.host_functions.push(info);
        place
    }

    /// Makes a function value that calls the host.
    pub(crate) fn host_function(
        &mut self,
        name: String,
        function: HostFn,
        intrinsic: Option<Intrinsic>,
    ) -> Result<Value, OutOfMemory> {
        let info = FunctionInfo::host(HostFunction {
            name,
            function,
            intrinsic,
            is_restartable: Cell::new(false),
            is_internal: Cell::new(false),
        });
        let value = self.closure_of(&info, 0)?;
        self.host_functions.push(info);
        Ok(value)
    }
}
