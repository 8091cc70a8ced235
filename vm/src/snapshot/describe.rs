//! A machine's state for people: fibers with source lines and locals, heap by kind, programs and memories.

use super::SnapshotError;
use super::save::{Cells, Code, save};
use crate::context::Context;
use crate::heap::FiberCell;
use crate::inspect::Frame;
use crate::instance::{Instance, SharedMemory};
use crate::machine::Machine;
use crate::stack::fiber::{Fiber, FiberState};
use crate::stack::frames::first_frame;
use crate::stack::switch::waiting_callee;
use crate::value::Value;
use std::rc::Rc;

/// What is in a machine that stands still. Its values are good until the machine does anything.
#[derive(Debug, Default)]
pub struct StateReport {
    /// Whether there is a run that could go on.
    pub is_stopped: bool,
    /// The error at which it has stopped, as nothing catches that.
    pub uncaught_error: Option<Value>,
    /// All fibers that have not ended: the one that runs, those that wait for one that they have resumed, those that ran in
    /// runs that are aside, then the others as they are met.
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

/// A fiber.
#[derive(Debug)]
pub struct FiberReport {
    /// The fiber; nil for one that a run begins with.
    pub fiber: Value,
    /// What it does.
    pub activity: FiberActivity,
    /// Its frames, from the innermost outwards.
    pub frames: Vec<Frame>,
}

/// What a fiber does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FiberActivity {
    /// It runs.
    Running,
    /// It waits for one that it has resumed.
    Waiting,
    /// It runs when its run is taken up, which is aside.
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
    /// Its pages of 64 KiB.
    pub pages: u64,
    /// The most pages it may have.
    pub pages_max: Option<u64>,
    /// The first program that has it, by its place in the list of programs; none when only host objects have it.
    pub program: Option<usize>,
}

impl Machine {
    /// Describes a machine in which nothing runs now.
    ///
    /// # Errors
    /// As for [`save`](Self::save): what cannot travel is not counted.
    pub fn report_state(&mut self) -> Result<StateReport, SnapshotError> {
        let saved = save(&mut self.cx, &[], Code::Shared, Cells::Written)?;
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
            memories: saved.memories.iter().map(|shared| memory(cx, shared)).collect(),
        })
    }
}

fn fiber(machine: &Machine, cell: *mut FiberCell) -> Option<FiberReport> {
    let is_stopped = machine.is_stopped();
    // SAFETY: the cell was met while the state was saved, and nothing has run since.
    let (value, state) = unsafe { (Value::from_fiber(cell), Fiber::of(cell)) };
    let (activity, frames) = match state.state {
        FiberState::Running if !is_stopped => return None,
        FiberState::Running => {
            let own = |frame: &Frame| frame.fiber.payload() == value.payload();
            (FiberActivity::Running, machine.frames().take_while(own).collect())
        }
        FiberState::Suspended | FiberState::Parked if state.pc.is_null() => {
            // SAFETY: a new fiber has the function that it begins with, which is live.
            let first = unsafe { first_frame(waiting_callee(state), value) };
            let is_parked = state.state == FiberState::Parked;
            (if is_parked { FiberActivity::Parked } else { FiberActivity::New }, Vec::from_iter(first))
        }
        FiberState::Parked => (FiberActivity::Parked, machine.frames_of(value).collect()),
        FiberState::Suspended => (FiberActivity::Suspended, machine.frames_of(value).collect()),
        FiberState::Normal => (FiberActivity::Waiting, machine.frames_of(value).collect()),
        FiberState::Dead => {
            let frames: Vec<Frame> = machine.frames_of(value).collect();
            if frames.is_empty() {
                return None;
            }
            (FiberActivity::Failed, frames)
        }
    };
    let is_main = state.is_main();
    Some(FiberReport { fiber: if is_main { Value::NIL } else { value }, activity, frames })
}

fn program(instance: &Instance) -> ProgramReport {
    let program = &instance.program;
    ProgramReport {
        source: program.sources.values().next().map(|source| source.name.clone()),
        sections: program.custom.iter().map(|section| section.name.clone()).collect(),
        functions: program.functions.len(),
    }
}

fn memory(cx: &Context, shared: &SharedMemory) -> MemoryReport {
    let has = |instance: &Instance| instance.memories.iter().any(|memory| Rc::ptr_eq(memory, shared));
    // SAFETY: nothing runs meanwhile.
    let memory = unsafe { &*shared.get() };
    let program = cx.instances.iter().position(has);
    MemoryReport { pages: memory.pages(), pages_max: memory.declared_maximum(), program }
}
