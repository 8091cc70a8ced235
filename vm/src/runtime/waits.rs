//! Waits on shared memories. A wait has begun when an instruction has given it a number; `minivm.memory.wait` then stops the run until
//! somebody notifies it or its time is over, of which only the host knows.

use crate::bytes::{Reader, SnapshotError, Writer};
use crate::heap::OutOfMemory;
use crate::memory::LinearMemory;
use crate::runtime::context::Context;
use crate::runtime::definitions::Definition;
use crate::runtime::host::{HostCall, HostFn, HostRequest, Outcome, Raise};
use crate::value::Value;
use minivm_isa::TrapCode;
use std::rc::Rc;

/// The number of a wait that has not begun, as the memory holds another number.
pub(crate) const NOT_EQUAL: u64 = u64::MAX;
/// Waits that there may be at a time.
const WAITS_MAX: usize = 4096;

/// What a run that waits on a shared memory asks of the host. The answer means that its time is over, unless somebody has
/// [notified](crate::raw::Machine::is_notified) it.
///
/// ```
/// # use minivm::{HostRequest, Machine, MemoryWait, RunState};
/// # use std::{any::Any, time::Duration};
/// # fn answer(machine: &mut Machine, request: &dyn HostRequest) -> RunState {
/// let asked: &dyn Any = request;
/// if let Some(wait) = asked.downcast_ref::<MemoryWait>() {
///     // A host with other runs lets them go on meanwhile: one of them may notify this one.
///     match u64::try_from(wait.timeout_nanoseconds) {
///         Ok(time) if !machine.is_notified(wait.number) => std::thread::sleep(Duration::from_nanos(time)),
///         Ok(_) => {}
///         Err(_) => panic!("nobody is left who could notify it"),
///     }
/// }
/// # machine.answer(&[]).unwrap()
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryWait {
    /// Its number.
    pub number: u64,
    /// How long it may take in nanoseconds; for ever if it is negative.
    pub timeout_nanoseconds: i64,
}

impl HostRequest for MemoryWait {
    fn name(&self) -> &'static str {
        MemoryWait::NAME
    }
}

impl MemoryWait {
    /// The module that programs import the function from.
    pub const MODULE: &'static str = "minivm";
    /// The function: the number of the wait and a time in nanoseconds; 0 when somebody has notified it, 2 when the time is over, 1 when it
    /// has not begun.
    pub const NAME: &'static str = "memory.wait";
}

/// A wait that has begun.
struct Wait {
    number: u64,
    /// The memory's number.
    memory: u64,
    address: u64,
    is_notified: bool,
}

/// All waits of a machine, the oldest first.
#[derive(Default)]
pub(crate) struct Waits {
    all: Vec<Wait>,
    /// Waits so far, and memories that somebody has waited on.
    count: u64,
    memories: u64,
}

impl Waits {
    /// Begins a wait; gives its number.
    ///
    /// # Errors
    /// When there are too many.
    #[cold]
    pub(crate) fn begin(&mut self, memory: &mut LinearMemory, address: u64) -> Result<u64, TrapCode> {
        if self.all.len() >= WAITS_MAX {
            return Err(TrapCode::TooManyWaits);
        }
        if memory.wait_number == 0 {
            self.memories += 1;
            memory.wait_number = self.memories;
        }
        let number = self.count;
        self.count += 1;
        self.all.push(Wait { number, memory: memory.wait_number, address, is_notified: false });
        Ok(number)
    }

    /// Notifies waits at an address; gives how many.
    #[cold]
    pub(crate) fn notify(&mut self, memory: &LinearMemory, address: u64, count: u32) -> u32 {
        if memory.wait_number == 0 {
            return 0;
        }
        let is_there =
            |wait: &&mut Wait| !wait.is_notified && (wait.memory, wait.address) == (memory.wait_number, address);
        let mut notified = 0;
        for wait in self.all.iter_mut().filter(is_there).take(count as usize) {
            wait.is_notified = true;
            notified += 1;
        }
        notified
    }

    /// Whether a wait was notified, or is none any more.
    pub(crate) fn is_notified(&self, number: u64) -> bool {
        self.all.iter().find(|wait| wait.number == number).is_none_or(|wait| wait.is_notified)
    }

    /// Ends a wait; gives whether it was notified.
    fn end(&mut self, number: u64) -> bool {
        let is_notified = self.is_notified(number);
        self.all.retain(|wait| wait.number != number);
        is_notified
    }

    pub(crate) fn save(&self, out: &mut Writer) {
        out.number(self.count);
        out.number(self.memories);
        out.count(self.all.len());
        for wait in &self.all {
            out.number(wait.number);
            out.number(wait.memory);
            out.number(wait.address);
            out.flag(wait.is_notified);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        from.label("waits");
        let (count, memories) = (from.number()?, from.number()?);
        let mut all: Vec<Wait> = Vec::new();
        for _ in 0..from.count()? {
            let (number, memory) = (from.number()?, from.number()?);
            let wait = Wait { number, memory, address: from.number()?, is_notified: from.flag()? };
            let is_next = all.last().is_none_or(|last| last.number < wait.number);
            if !is_next || number >= count || memory > memories || all.len() >= WAITS_MAX {
                return Err(from.damaged("a wait that cannot have begun"));
            }
            all.push(wait);
        }
        // Nobody gets so far, and numbers of memories and waits go on from there.
        if count > 1 << 62 || memories > 1 << 62 {
            return Err(from.damaged("too many waits"));
        }
        Ok(Waits { all, count, memories })
    }

    /// Memories that somebody has waited on.
    pub(crate) fn memories(&self) -> u64 {
        self.memories
    }
}

impl Context {
    /// Lets programs import the function that waits.
    pub(crate) fn define_wait(&mut self) -> Result<(), OutOfMemory> {
        let function: HostFn = Rc::new(wait);
        let value = self.host_function(MemoryWait::NAME.to_owned(), function, None)?;
        self.definitions.set(MemoryWait::MODULE, MemoryWait::NAME, Definition::Function(value));
        Ok(())
    }
}

/// `memory.wait(number, timeout)`.
fn wait(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let number = call.arg(0).as_int().unwrap_or(-1) as u64;
    if number == NOT_EQUAL {
        return call.return_one(Value::int(1));
    }
    let timeout_nanoseconds = call.arg(1).as_int().unwrap_or(0);
    let waits = &mut call.cx.waits;
    if call.state == 0 && timeout_nanoseconds != 0 && !waits.is_notified(number) {
        let kept = [call.arg(0), call.arg(1)];
        call.keep(&kept)?;
        return call.wait(Box::new(MemoryWait { number, timeout_nanoseconds }), 1);
    }
    let result = if waits.end(number) { 0 } else { 2 };
    call.return_one(Value::int(result))
}
