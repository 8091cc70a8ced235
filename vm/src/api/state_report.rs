//! A machine's state for people: fibers with source lines and locals, heap by kind, programs and memories.

use crate::api::inspect::Frames;
use crate::api::machine::Machine;
use crate::bytes::SnapshotError;
use crate::heap::FiberCell;
use crate::runtime::context::Context;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::frame_view::Variable;
use crate::runtime::frames::{Reader, named_globals};
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::instance::{Instance, SharedMemory};
use crate::snapshot::save::{Cells, Code, save};
use crate::value::Value;
use std::collections::HashMap;
use std::rc::Rc;

/// What is in a machine that stands still. Its values are good until the machine does anything.
#[derive(Debug, Default)]
pub struct StateReport {
    /// Whether there is a run that could go on.
    pub is_stopped: bool,
    /// The error at which it has stopped, as nothing catches that.
    pub uncaught_error: Option<Value>,
    /// All fibers that have not ended: the one that runs, those that wait for one that they have resumed, those that ran in
    /// runs that are suspended, then the others as they are met.
    pub fibers: Vec<FiberReport>,
    /// Bytes of the heap that are in use, with what is dead and not collected yet.
    pub heap_bytes: usize,
    /// Collections so far.
    pub collections: u64,
    /// Live heap cells by kind: the kind, their number and their bytes.
    pub kinds: Vec<(&'static str, usize, usize)>,
    /// Programs that have instances, each once for each instance.
    pub programs: Vec<ProgramReport>,
    /// All linear memories, each once.
    pub memories: Vec<MemoryReport>,
}

/// A fiber. [`Machine::frames_of_report`] gives its frames.
#[derive(Clone, Copy, Debug)]
pub struct FiberReport {
    /// The fiber.
    pub fiber: Value,
    /// Whether a run begins with it.
    pub is_main: bool,
    /// What it does.
    pub activity: FiberActivity,
}

/// What a fiber does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FiberActivity {
    /// It runs.
    Running,
    /// It waits for one that it has resumed.
    Waiting,
    /// It runs when its run, which is suspended, is switched to.
    Parked,
    /// It waits to be resumed.
    Suspended,
    /// It waits to be resumed for the first time: its frame is that of the function it will begin with.
    New,
    /// It has ended with an error, and keeps its stack.
    Failed,
}

/// A program, as far as it tells of itself.
#[derive(Debug)]
pub struct ProgramReport {
    /// The name of its first source.
    pub source: Option<String>,
    /// Names of its custom sections.
    pub sections: Vec<String>,
    /// Number of its functions.
    pub functions: usize,
}

/// A linear memory.
#[derive(Debug)]
pub struct MemoryReport {
    /// Its pages.
    pub pages: u64,
    /// Bytes of a page.
    pub page_bytes: u64,
    /// The most pages it may have.
    pub pages_max: Option<u64>,
    /// The first program that has it, by its place in the list of programs; none when only host objects have it.
    pub program: Option<usize>,
}

fn fiber(machine: &Machine, cell: *mut FiberCell) -> Option<FiberReport> {
    // SAFETY: the cell was met while the state was saved, and nothing has run since.
    let (fiber, state) = unsafe { (Value::from_fiber(cell), Fiber::of(cell)) };
    let activity = match state.state {
        FiberState::Running if !machine.is_stopped() => return None,
        FiberState::Running => FiberActivity::Running,
        FiberState::Parked => FiberActivity::Parked,
        FiberState::Suspended if state.pc.is_null() => FiberActivity::New,
        FiberState::Suspended => FiberActivity::Suspended,
        FiberState::Normal => FiberActivity::Waiting,
        FiberState::Dead if state.failed => FiberActivity::Failed,
        FiberState::Dead => return None,
    };
    Some(FiberReport { fiber, is_main: state.is_main(), activity })
}

fn program(instance: &Instance) -> ProgramReport {
    let program = &instance.program;
    ProgramReport {
        source: program.sources.values().next().map(|source| source.name.clone()),
        sections: program.custom.iter().map(|section| section.name.clone()).collect(),
        functions: program.functions.len(),
    }
}

fn memories(cx: &Context, all: &[SharedMemory]) -> Vec<MemoryReport> {
    let mut first: HashMap<*const _, usize> = HashMap::new();
    for (index, instance) in cx.instances.iter().enumerate() {
        for memory in &instance.memories {
            first.entry(Rc::as_ptr(memory)).or_insert(index);
        }
    }
    let report = |shared: &SharedMemory| {
        // SAFETY: nothing runs meanwhile.
        let memory = unsafe { &*shared.get() };
        let program = first.get(&Rc::as_ptr(shared)).copied();
        let page_bytes = 1 << memory.page_bits();
        MemoryReport { pages: memory.pages(), page_bytes, pages_max: memory.declared_maximum(), program }
    };
    all.iter().map(report).collect()
}

impl Machine {
    /// Describes a machine in which nothing runs now.
    ///
    /// # Errors
    /// As for [`save`](Self::save): what cannot travel is not counted.
    pub fn report_state(&mut self) -> Result<StateReport, SnapshotError> {
        let saved = save(&mut self.cx, &[], Code::Shared, Cells::Counted)?;
        let cx = &*self.cx;
        let mut fibers: Vec<FiberReport> = saved.fibers.iter().filter_map(|&cell| fiber(self, cell)).collect();
        fibers.sort_by_key(|fiber| match fiber.activity {
            FiberActivity::Running => 0,
            FiberActivity::Waiting => 1,
            FiberActivity::Parked => 2,
            FiberActivity::Suspended | FiberActivity::New | FiberActivity::Failed => 3,
        });
        Ok(StateReport {
            is_stopped: self.is_stopped(),
            uncaught_error: self.uncaught_error(),
            fibers,
            heap_bytes: cx.heap.used_bytes(),
            collections: cx.heap.cycles(),
            kinds: saved.census.into_iter().map(|(kind, (count, bytes))| (kind, count, bytes)).collect(),
            programs: cx.instances.iter().map(program).collect(),
            memories: memories(cx, &saved.memories),
        })
    }

    /// The globals that have a name, of a program of a [report](Self::report_state) by its place there.
    pub fn globals_of_report(&self, program: usize) -> Vec<Variable> {
        self.cx.instances.iter().nth(program).map_or(Vec::new(), named_globals)
    }

    /// The globals that have a name, of the program that a function is of; none of functions of the host.
    pub fn globals_of_function(&self, function: Value) -> Vec<Variable> {
        let Some(closure) = function.as_function() else { return Vec::new() };
        // SAFETY: values at hand are reachable; a closure has its function, and that its instance.
        unsafe {
            match &(*(*closure).function.cast::<FunctionInfo>()).body {
                Body::Guest(guest) if !guest.stands_for_host() => named_globals(&*guest.instance),
                Body::Guest(_) | Body::Host(_) | Body::Bridge(_) => Vec::new(),
            }
        }
    }

    /// The frames of a fiber of a [report](Self::report_state), from the innermost outwards; those of others that wait for it
    /// are not among them. Only until the machine does anything.
    pub fn frames_of_report(&self, report: &FiberReport) -> Frames<'_> {
        match report.activity {
            FiberActivity::Running => Frames::of(Reader::of_run(&self.cx).alone()),
            _ => Frames::of_fiber(&self.cx, report.fiber),
        }
    }
}
