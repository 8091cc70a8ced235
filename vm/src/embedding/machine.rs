//! The machine that embedders hold: what it is given, and what its programs export.

use super::error::Error;
use super::host_call::{HostCall, HostResult};
use super::value::{InstanceId, Value};
use crate::memory::MemoryBudget;
use crate::raw;
use crate::runtime::context::{Context, Limits};
use crate::runtime::externs::ExternKind;
use crate::runtime::native::{NativeFigures, NativePolicy, NativeTier};
use minivm_isa::verify::Verified;
use std::sync::Arc;

/// A machine: one heap, one stack of fibers, the programs loaded into it, and what the host lets them use.
///
/// ```
/// use minivm::{Limits, Machine, Value};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = minivm_builder::ProgramBuilder::new();
/// let mut f = builder.function("twice", minivm_isa::Signature::dynamic(1, false));
/// let doubled = f.add(f.param(0), f.param(0));
/// f.return_values(&[doubled.into()]);
/// let twice = builder.add(f)?;
/// builder.export_function("twice", twice);
/// let mut machine = Machine::new(Limits::default());
/// let instance = machine.instantiate(builder.finish()?)?;
/// let results = machine.invoke(instance, "twice", &[Value::int(21)])?;
/// assert_eq!(results[0].as_int(), Some(42));
/// # Ok(())
/// # }
/// ```
#[repr(transparent)]
pub struct Machine(pub(crate) raw::Machine);

impl Machine {
    /// A machine without programs.
    pub fn new(limits: Limits) -> Self {
        // SAFETY: what is done with it here keeps to the contract, and it is not given away but through `unsafe`.
        Machine(unsafe { raw::Machine::new(limits) })
    }

    /// The raw machine behind this one, for [trusted libraries](raw). There is no way there without `unsafe`:
    ///
    /// ```compile_fail,E0133
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// let text = machine.raw().string("text");
    /// ```
    ///
    /// ```compile_fail,E0133
    /// let mut machine = minivm::raw::Machine::new(minivm::Limits::default());
    /// ```
    ///
    /// ```compile_fail,E0624
    /// let mut heap = minivm::raw::heap::Heap::new(minivm::raw::heap::HeapLimits::default());
    /// ```
    ///
    /// # Safety
    /// The caller keeps to [the contract](raw#the-contract).
    pub unsafe fn raw(&mut self) -> &mut raw::Machine {
        &mut self.0
    }

    /// As [`raw`](Self::raw), to look at.
    ///
    /// # Safety
    /// The caller keeps to [the contract](raw#the-contract).
    pub unsafe fn raw_ref(&self) -> &raw::Machine {
        &self.0
    }

    /// The state of the machine.
    pub(crate) fn cx(&mut self) -> &mut Context {
        &mut self.0.cx
    }

    /// The account of what the machine holds: for what the host makes on a program's behalf, compiling above all.
    pub fn memory_budget(&self) -> MemoryBudget {
        self.0.memory_budget()
    }

    /// Bytes of the heap that are in use, with what is dead and not collected yet.
    pub fn heap_bytes(&self) -> usize {
        self.0.cx.heap.used_bytes()
    }

    /// Whether a wait on a shared memory was notified, or has ended; see [`MemoryWait`](crate::MemoryWait).
    pub fn is_notified(&self, wait: u64) -> bool {
        self.0.is_notified(wait)
    }

    /// Collections so far.
    pub fn collections(&self) -> u64 {
        self.0.cx.heap.cycles()
    }

    /// Has functions compiled to machine code by this tier from now on, as the policy says; or by none any more. What a program
    /// does, what it costs and where it stops is the same.
    pub fn set_native_tier(&mut self, tier: Option<Box<dyn NativeTier>>, policy: NativePolicy) {
        self.0.set_native_tier(tier, policy);
    }

    /// What the native tier has done.
    pub fn native_figures(&self) -> NativeFigures {
        self.0.native_figures()
    }
}

/// What programs can import.
impl Machine {
    /// A function that calls the host.
    ///
    /// Where it panics, the run has ended, and the panic goes on in whoever runs the machine (`resume`, `call`, …). The machine may
    /// be used further: what the run has done so far stands.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn host_function(
        &mut self,
        name: impl Into<String>,
        function: impl for<'a, 'c> Fn(&'a mut HostCall<'c>) -> HostResult<'c> + Send + 'static,
    ) -> Result<Value, Error> {
        let function = self.cx().safe_function(name.into(), function)?;
        Ok(self.cx().root(function))
    }

    /// Lets programs import a function that calls the host, see [`host_function`](Self::host_function).
    ///
    /// ```
    /// # fn main() -> Result<(), minivm::Error> {
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// machine.define("host", "greet", |call| {
    ///     let name = call.text(call.arg(0)).unwrap_or("world").to_owned();
    ///     let greeting = call.string(format!("hello, {name}"))?;
    ///     call.return_one(greeting)
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn define(
        &mut self,
        module: &str,
        name: &str,
        function: impl for<'a, 'c> Fn(&'a mut HostCall<'c>) -> HostResult<'c> + Send + 'static,
    ) -> Result<(), Error> {
        let function = self.cx().safe_function(name.to_string(), function)?;
        self.0.define_function(module, name, function);
        Ok(())
    }

    /// Lets programs import a function.
    ///
    /// # Errors
    /// When it is no function, or one of another machine.
    pub fn define_function(&mut self, module: &str, name: &str, function: &Value) -> Result<(), Error> {
        let function = self.cx().resolve(function)?;
        if function.as_function().is_none() {
            return Err(Error::kind("function", function));
        }
        self.0.define_function(module, name, function);
        Ok(())
    }

    /// Lets programs import everything that an instance exports, but for functions that capture values.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn define_instance(&mut self, module: &str, instance: InstanceId) -> Result<(), Error> {
        let instance = self.cx().resolve_instance(instance)?;
        self.0.define_instance(module, instance);
        Ok(())
    }

    /// Says that a host function may begin its state again: when it answers that there is not enough memory, the machine
    /// collects all garbage and calls it once more. Till then it has changed nothing that it would not change the same way
    /// again. Without this the error stands, whatever there is of garbage.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn set_restartable(&mut self, function: &Value) -> Result<(), Error> {
        let function = self.cx().resolve(function)?;
        self.0.set_restartable(function);
        Ok(())
    }
}

/// Programs and what they export.
impl Machine {
    /// Loads a program and runs its start function. It stays as long as the machine.
    ///
    /// Instances of one `Arc` share the code, in this machine and in others; what each has of its own is made when it is needed:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut builder = minivm_builder::ProgramBuilder::new();
    /// # let mut f = builder.function("one", minivm_isa::Signature::dynamic(0, false));
    /// # let one = f.integer(1);
    /// # f.return_values(&[one]);
    /// # let one = builder.add(f)?;
    /// # builder.export_function("one", one);
    /// let program = std::sync::Arc::new(builder.finish()?);
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// let instances = [machine.instantiate(program.clone())?, machine.instantiate(program)?];
    /// # assert_ne!(instances[0], instances[1]);
    /// # for instance in instances { assert_eq!(machine.invoke(instance, "one", &[])?[0].as_int(), Some(1)); }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When an import is missing or of another type, a segment does not fit, or the start function fails.
    pub fn instantiate(&mut self, program: impl Into<Arc<Verified>>) -> Result<InstanceId, Error> {
        let loaded = self.0.instantiate(program);
        self.tell_panics();
        match loaded {
            Ok(id) => Ok(self.cx().own_instance(id)),
            Err(error) => Err(self.cx().own_link_error(error)),
        }
    }

    /// As [`instantiate`](Self::instantiate), without running the start function: the caller is given it, and runs it before
    /// anything else of the program, where it can stop and save it as any other run.
    ///
    /// # Errors
    /// As for [`instantiate`](Self::instantiate).
    pub fn instantiate_unstarted(
        &mut self,
        program: impl Into<Arc<Verified>>,
    ) -> Result<(InstanceId, Option<Value>), Error> {
        match self.0.instantiate_unstarted(program) {
            Ok((id, start)) => {
                let start = start.map(|start| self.cx().root(start));
                Ok((self.cx().own_instance(id), start))
            }
            Err(error) => Err(self.cx().own_link_error(error)),
        }
    }

    /// A closure over an exported function that captures values, as chunks of languages with an environment do.
    ///
    /// # Errors
    /// When there is no such function, there is no memory, or something is of another machine.
    pub fn closure(&mut self, instance: InstanceId, name: &str, captures: &[Value]) -> Result<Value, Error> {
        let id = self.cx().resolve_instance(instance)?;
        let captures = self.cx().resolve_all(captures)?;
        match self.cx().closure(id, name, &captures) {
            Ok(closure) => Ok(self.cx().root(closure)),
            Err(raw::LinkError::Unknown { name, .. }) => Err(Error::NoExport { expected: "function", name }),
            Err(error) => Err(self.cx().own_link_error(error)),
        }
    }

    /// An exported function of an instance; not one that captures values, see [`closure`](Self::closure).
    ///
    /// # Errors
    /// When there is none of that name, or the instance is of another machine.
    pub fn exported_function(&mut self, instance: InstanceId, name: &str) -> Result<Value, Error> {
        let function = self.cx().exported_function(instance, name)?;
        Ok(self.cx().root(function))
    }

    /// What an instance exports, in its order, but for functions that capture values.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn exports(&self, instance: InstanceId) -> Result<Vec<(String, ExternKind)>, Error> {
        let instance = self.0.cx.resolve_instance(instance)?;
        let exports = self.0.exports(instance).into_iter();
        Ok(exports.map(|(name, item)| (name, item.kind())).collect())
    }

    /// The signature of an exported function, if there is one of that name.
    ///
    /// # Errors
    /// When the instance is of another machine.
    pub fn export_signature(&self, instance: InstanceId, name: &str) -> Result<Option<&minivm_isa::Signature>, Error> {
        let instance = self.0.cx.resolve_instance(instance)?;
        Ok(self.0.export_signature(instance, name))
    }

    /// The text of a value for people: strings as they are, numbers as `tostring` writes them, other values by their kind, and
    /// one of another machine by the error that it is here.
    pub fn describe(&mut self, value: &Value) -> String {
        match self.cx().resolve(value) {
            Ok(value) => self.cx().describe(value),
            Err(foreign) => foreign.to_string(),
        }
    }
}

/// The way between the two interfaces, for trusted libraries.
impl raw::Machine {
    /// The machine that safe code may use.
    pub fn safe(&mut self) -> &mut Machine {
        // SAFETY: `Machine` is transparent over this type. Whoever has a raw machine keeps to the contract, of which nothing
        // depends on who holds the machine.
        unsafe { &mut *std::ptr::from_mut(self).cast::<Machine>() }
    }

    /// A value for safe code to hold.
    pub fn root(&mut self, value: raw::Value) -> Value {
        self.cx.root(value)
    }

    /// The value that safe code means.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn resolve(&self, value: &Value) -> Result<raw::Value, Error> {
        self.cx.resolve(value)
    }

    /// The number of an instance for safe code. The instance must be one that stays: of [`instantiate`](Self::instantiate) here,
    /// not of a host function.
    pub fn own_instance(&self, instance: raw::InstanceId) -> InstanceId {
        self.cx.own_instance(instance)
    }

    /// The instance that safe code means.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn resolve_instance(&self, instance: InstanceId) -> Result<raw::InstanceId, Error> {
        self.cx.resolve_instance(instance)
    }
}

/// The way between the two interfaces, in a host function of a trusted library.
impl raw::HostCall<'_> {
    /// A value for safe code to hold.
    pub fn root(&mut self, value: raw::Value) -> Value {
        self.cx.root(value)
    }

    /// The value that safe code means.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn resolve(&self, value: &Value) -> Result<raw::Value, Error> {
        self.cx.resolve(value)
    }
}

impl Machine {
    /// Lets a panic go on that has waited for the host: of a host function that ran where the machine only brought a run to its
    /// next instruction, or of a destructor in the collector.
    pub(crate) fn tell_panics(&mut self) {
        let cx = self.cx();
        if let Some(panic) = cx.panic.take().or_else(|| cx.heap.take_panic()) {
            std::panic::resume_unwind(panic);
        }
    }
}

// What a program can reach is given over to the machine: functions, objects and states that are `Send`, by the bounds of the
// functions above or the contract of the raw ones. What it shares with others, accounts and programs, is counted atomically.
// SAFETY: a machine uses nothing of the thread that it is on, and what it refers to moves with it, as said above.
unsafe impl Send for raw::Machine {}
