//! What a running host function can ask of the machine besides calls: metatables, fibers, programs, the collector, the stack.

use crate::heap::Table;
use crate::link::instantiate::LinkError;
use crate::memory::Buffer;
use crate::memory::Held;
use crate::memory::MemoryBudget;
use crate::runtime::collect;
use crate::runtime::definitions::{Definitions, InstanceId};
use crate::runtime::error::{basic_type_name, type_name};
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::host::HostCall;
use crate::runtime::host::Raise;
use crate::runtime::instance::Instance;
use crate::runtime::switch;
use crate::runtime::walk::{Level, Walk};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use minivm_isa::verify::Verified;
use std::rc::Rc;
use std::sync::Arc;

impl HostCall<'_> {
    /// The name of a value's kind, as programs know it; a metatable's `__name` comes first.
    pub fn type_name(&self, value: Value) -> String {
        type_name(self.cx, value)
    }

    /// The name of a value's kind without looking at metatables.
    pub fn basic_type_name(&self, value: Value) -> &'static str {
        basic_type_name(value)
    }

    /// A number that stands for an object where a program asks for its identity.
    pub fn identity(&mut self, value: Value) -> u64 {
        self.cx.identity(value)
    }

    /// The metatable of any value, or nil.
    pub fn metatable(&self, value: Value) -> Value {
        let metatable = self.cx.metatable(value);
        // SAFETY: metatables live as long as what has them.
        if metatable.is_null() { Value::NIL } else { unsafe { Value::from_table(metatable) } }
    }

    /// Sets the metatable of a value: of itself for tables and host objects, of its kind for others. Nil for none.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn set_metatable(&mut self, value: Value, metatable: Value) -> Result<(), Raise> {
        let table: *mut Table = metatable.as_table().unwrap_or(std::ptr::null_mut());
        match value.tag() {
            Tag::STRING => self.cx.string_metatable = table,
            Tag::NIL => self.cx.kind_metatables[0] = table,
            Tag::FALSE | Tag::TRUE => self.cx.kind_metatables[1] = table,
            Tag::INT | Tag::FLOAT => self.cx.kind_metatables[2] = table,
            Tag::FUNCTION => self.cx.kind_metatables[3] = table,
            Tag::FIBER => self.cx.kind_metatables[4] = table,
            _ => self.cx.heap.set_own_metatable(value, metatable).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))?,
        }
        Ok(())
    }

    /// A string value.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn string(&mut self, bytes: impl AsRef<[u8]>) -> Result<Value, Raise> {
        self.cx.heap.string_value(bytes.as_ref()).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))
    }

    /// A new table.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn table(&mut self, slots: u32, entries: u32) -> Result<Value, Raise> {
        self.cx.heap.table_value(slots, entries).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))
    }

    /// What an exception says: the name of its tag and what it carries; none for other values.
    pub fn exception_text(&self, value: Value) -> Option<String> {
        self.cx.exception_text(value)
    }

    /// A named value of the host's libraries; nil when it was never set.
    pub fn registered(&self, name: &str) -> Value {
        self.cx.registry.get(name).copied().unwrap_or(Value::NIL)
    }

    /// Sets a named value of the host's libraries.
    pub fn register(&mut self, name: &str, value: Value) {
        self.cx.heap.barrier(self.registered(name));
        self.cx.registry.insert(name.to_string(), value);
    }

    /// A new fiber that will call `callee`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new_fiber(&mut self, callee: Value) -> Result<Value, Raise> {
        switch::create(self.cx, callee).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))
    }

    /// What a fiber does; none when the value is no fiber.
    pub fn fiber_state(&self, fiber: Value) -> Option<FiberState> {
        // SAFETY: values at hand are reachable.
        fiber.as_fiber().map(|cell| unsafe { Fiber::of(cell) }.state)
    }

    /// The running fiber, and whether it [cannot yield](Self::is_main_fiber).
    pub fn running_fiber(&self) -> (Value, bool) {
        // SAFETY: the running fiber is alive.
        let fiber = unsafe { Value::from_fiber(self.cx.run.fiber) };
        (fiber, self.is_main_fiber(fiber))
    }

    /// Whether a value is a fiber that the host started, in this run or in one that is suspended, and that may not yield to it.
    pub fn is_main_fiber(&self, fiber: Value) -> bool {
        let Some(cell) = fiber.as_fiber() else { return false };
        let is_it = |run: &crate::runtime::task::Run| run.main_fiber == cell && !run.may_yield;
        // SAFETY: values at hand are reachable.
        is_it(&self.cx.run) || unsafe { Fiber::of(cell) }.is_main() && self.cx.runs.iter().any(is_it)
    }

    /// Loads a program into the machine. Its start function, if it has one, is given back to be called. The program stays as long
    /// as one of its functions is in use; its number is good until the host function answers, and for as long as an object that
    /// the function keeps [marks](InstanceId::mark) it.
    ///
    /// # Errors
    /// When it cannot be linked.
    pub fn instantiate(&mut self, program: impl Into<Arc<Verified>>) -> Result<(InstanceId, Option<Value>), LinkError> {
        let program = self.cx.loaded_program(program.into())?;
        let loaded = self.cx.instantiate(program, &Definitions::default())?;
        self.cx.unpin(loaded.0);
        Ok(loaded)
    }

    /// Collects garbage if so many programs were loaded that unused ones should be found. For host functions that load
    /// programs, before they begin: nothing but what the frame holds stays.
    pub fn before_loading(&mut self) {
        if self.cx.loaded_programs.until_collection == 0 {
            self.collect();
        }
    }

    /// A closure over an exported function that captures these values.
    ///
    /// # Errors
    /// When there is no such function, or no memory.
    pub fn closure(&mut self, instance: InstanceId, name: &str, captures: &[Value]) -> Result<Value, LinkError> {
        self.cx.closure(instance, name, captures)
    }

    /// A function value that calls the host.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn host_function(
        &mut self,
        name: impl Into<String>,
        function: impl Fn(&mut HostCall<'_>) -> Result<crate::runtime::host::Outcome, Raise> + Send + 'static,
    ) -> Result<Value, Raise> {
        let made = self.cx.host_function(name.into(), Rc::new(function), None);
        made.map_err(|_| Raise::Trap(TrapCode::OutOfMemory))
    }

    /// Another closure over a host function, which captures these values: [`HostCall::callee`] with `Heap::capture` finds
    /// them. Nil when the value is no host function.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn host_closure(&mut self, function: Value, captures: &[Value]) -> Result<Value, Raise> {
        let Some(original) = function.as_function() else { return Ok(Value::NIL) };
        // SAFETY: values at hand are reachable; closures point to functions, which live as long as they do.
        let info = unsafe { &*(*original).function.cast::<FunctionInfo>() };
        if !matches!(info.body, Body::Host(_)) {
            return Ok(Value::NIL);
        }
        let count = u32::try_from(captures.len()).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))?;
        let closure = self.cx.closure_of(info, count).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))?;
        let slots = crate::heap::Closure::upvalues(closure.as_function().expect("it was just made"));
        for (index, &value) in captures.iter().enumerate() {
            // SAFETY: the new closure has so many slots, which are fresh.
            unsafe { value.store(slots.add(index)) };
        }
        Ok(closure)
    }

    /// What the caller called this function: kind ("global", "method", …) and name, when its code tells.
    pub fn called_as(&self) -> Option<(&'static str, String)> {
        let (base, _) = self.frame();
        crate::runtime::error::name_in_caller(Walk::from_host(self.cx, base))
    }

    /// The name this function was made with.
    pub fn own_name(&self) -> String {
        self.function(self.callee()).map(|info| info.own_name).unwrap_or_default()
    }

    /// Collects all garbage now.
    pub fn collect(&mut self) {
        let (base, count) = self.frame();
        let returned = self.returned_values();
        // SAFETY: the frame of the running host function is on top of the stack, and what it was given above it.
        unsafe { collect::collect_in_host(self.cx, base, count, returned, None) };
    }

    /// Does a step of a collection, as if so many bytes had been allocated; true when a cycle ended with it.
    pub fn collect_step(&mut self, bytes: usize) -> bool {
        let (base, count) = self.frame();
        let returned = self.returned_values();
        // SAFETY: as for `collect`.
        unsafe { collect::collect_in_host(self.cx, base, count, returned, Some(bytes)) }
    }

    /// What the call asked for before gave, wherever it lies.
    fn returned_values(&self) -> Vec<Value> {
        self.returned().unwrap_or_else(|error| vec![error])
    }

    /// The account of the machine. What a function holds of it is given back when the function answers at the latest, unless
    /// the machine saves it.
    pub fn budget(&self) -> &MemoryBudget {
        self.cx.heap.budget()
    }

    /// A buffer that counts against the limit.
    pub fn buffer(&self) -> Buffer {
        Buffer::new(self.budget())
    }

    /// Holds so many bytes of the limit, for as long as the answer lives.
    ///
    /// # Errors
    /// When they are not there.
    pub fn hold(&self, bytes: usize) -> Result<Held, Raise> {
        Ok(self.budget().hold(bytes as u64)?)
    }

    /// A finaliser that is due: the object and its `__gc`, to be called, protected, by the host function, which asks again
    /// until there is none. None inside of another finaliser.
    pub fn next_finaliser(&mut self) -> Option<(Value, Value)> {
        let next = self.cx.next_finaliser();
        self.cx.run.finaliser_in = if next.is_some() { self.cx.run.fiber } else { std::ptr::null_mut() };
        next
    }

    /// Whether a finaliser is running.
    pub fn is_finalising(&self) -> bool {
        !self.cx.run.finaliser_in.is_null()
    }

    /// A traceback in PUC Lua's form from this function down, leaving out `skip` levels.
    pub fn traceback(&self, skip: usize) -> String {
        let (base, _) = self.frame();
        crate::runtime::error::traceback_of_caller(self.cx, base, skip)
    }

    /// A traceback of a fiber that does not run.
    pub fn fiber_traceback(&self, fiber: Value, skip: usize) -> String {
        crate::runtime::error::traceback_of_fiber(self.cx, fiber, skip)
    }

    /// The linear memory of the function that called this one from typed code, or the machine's main memory.
    pub fn memory(&mut self) -> Option<&mut crate::memory::LinearMemory> {
        let memory = self.caller_memory()?;
        // SAFETY: instances and their memories live as long as the machine, and nothing runs meanwhile.
        Some(unsafe { &mut *memory })
    }

    fn caller_memory(&self) -> Option<*mut crate::memory::LinearMemory> {
        // SAFETY: an instance lives as long as its code is on the stack.
        let instance = unsafe { &*self.caller_instance()? };
        let first = minivm_isa::entities::Memory::from_u32(0);
        (!instance.memories.is_empty()).then(|| instance.memory(first))
    }

    /// The instance of the program that called this function.
    pub(crate) fn caller_instance(&self) -> Option<*const Instance> {
        let (base, _) = self.frame();
        let mut walk = Walk::from_host(self.cx, base);
        // SAFETY: the stack does not change while it is walked.
        while let Some((level, _)) = unsafe { walk.next() } {
            if let Level::Guest { guest, .. } = level {
                return Some(guest.instance);
            }
        }
        None
    }
}
