//! What holds of every fiber, frame, continuation and run that the machine makes, of instances and of what they share. Loading
//! checks all of it: whoever adds a kind adds its rules here. Heap cells have [their own](crate::heap::transfer).
//!
//! **Fibers**
//! 1. One that never ran has the function it will call, and nothing else.
//! 2. A stack begins with an entry continuation, the only one, and every level above can be what the level below has called: it
//!    lies where that says, returns to where that goes on, and gives what that wants.
//! 3. Where it goes on fits its state: a suspended one after a call; one that runs, in a run at work or aside, before an
//!    instruction or where a host function waits; one that has resumed or closes another at the continuation that waits for that;
//!    one that was stopped by an error where one can be raised.
//! 4. Only one that waits for another has resumed it, in a chain from the running fiber of a run to its main one, and
//!    every fiber that runs or waits is in the chain of one run.
//! 5. It is as large as it was, and no larger than the limits allow.
//! 6. Clean-ups of one that is being closed have got to one of its guest frames, or to none yet.
//!
//! **Frames and continuations**
//! 7. A guest frame is at an instruction of its function, and has all registers that the program can still read there: each
//!    holds what its type, and what the loader knows of it, says. It waits for a call only where that calls.
//! 8. A continuation is of a kind that the instruction below makes ([`may_make`]). A finaliser comes before an instruction that does
//!    not take an open list, as that is not there any more when it starts again.
//! 9. A host function has the values it keeps; where it waits for a fiber, it gets that fiber's error. One that is paused
//!    before a state is on top, and protects nothing.
//! 10. A boundary frame is of a typed function that `any` code has called, or of a bridge that typed code has called.
//! 11. One finaliser runs in a run, on the fiber that the run says, which does not wait for anything outside of the run.
//!
//! **Runs**
//! 12. Numbers of runs are given out once; there is one main fiber, which nobody has resumed.
//! 13. A run stands before an instruction, waits at a host function, has stopped where an error is raised, has yielded with a
//!     fiber, has not begun, or has ended. Only before an instruction that takes it there is an open list.
//!     What it owes is no less than nothing; only before an instruction there is work that is half done.
//! 14. Handlers may use more than a full stack by one amount, and the handler that does is a continuation on a fiber.
//!
//! **Instances and what they share**
//! 15. An instance has what its program says, each of the type that linking checks: functions by signature, globals by type,
//!     mutability and what they hold, memories and tables by the width of their addresses, size and maximum.
//! 16. A function that captures nothing has one closure; others have none.
//! 17. Constants are those of the program, segments are whole or were dropped.
//! 18. A memory or table is no larger than its maximum, and holds what it may.
//! 19. A host object keeps an instance that the host knows by its number, and no other object keeps that.
//! 20. Handles of the host are either in use or free, and the free ones are listed once.

use super::levels::{Below, Building};
use super::save_stack::state;
use crate::threaded::Pc;
use crate::threaded::continuation::{ContinuationKind, Protect};
use crate::threaded::stack_map::takes_open;
use minivm_isa::Instruction;
use minivm_isa::facts::Waits;

/// Where a fiber goes on, and the registers there; none if it cannot be in that state.
pub(crate) fn top(building: &Building<'_>, kind: u8) -> Option<(Pc, usize)> {
    let is_raised = matches!(kind, state::FAILED | state::RAISED | state::PARKED_RAISED);
    match &building.below {
        Below::Guest { baseline, at, instruction, calling: false, .. } => {
            let stands = is_raised || matches!(kind, state::RUNNING | state::PARKED);
            stands.then(|| (baseline.place_of(*instruction), *at))
        }
        Below::Guest { guest, baseline, at, instruction, calling: true } => {
            let waits = kind == state::SUSPENDED && may_yield(&guest.portable().code[*instruction]);
            waits.then(|| baseline.return_place(*instruction)).flatten().map(|place| (place, *at))
        }
        Below::Continuation { at, kind: continuation, protect } => {
            let is_waiting = matches!(continuation, ContinuationKind::Resume | ContinuationKind::Close);
            let is_host = *continuation == ContinuationKind::Host;
            let sound = match kind {
                state::SUSPENDED => {
                    !is_waiting && !matches!(continuation, ContinuationKind::Finaliser | ContinuationKind::Paused)
                }
                state::NORMAL => is_waiting || is_host && *protect == Protect::Catch,
                state::RUNNING | state::PARKED => is_host || *continuation == ContinuationKind::Paused,
                _ => is_raised && !is_waiting,
            };
            sound.then_some((building.continuation_return, *at))
        }
        // A host function behind a bridge may have suspended the fiber, or failed.
        Below::Boundary { at, place, results } => {
            let sound = is_raised || kind == state::SUSPENDED && results.is_none();
            sound.then_some((*place, *at))
        }
        Below::Ground => None,
    }
}

/// Whether a fiber may wait, suspended, for what an instruction has called, or for what resumes it.
fn may_yield(instruction: &Instruction) -> bool {
    matches!(instruction.info().facts.waits, Some(Waits::Call | Waits::Yield))
}

/// Whether an instruction makes continuations of a kind.
pub(crate) fn may_make(kind: ContinuationKind, instruction: &Instruction) -> bool {
    let waits = instruction.info().facts.waits;
    match kind {
        ContinuationKind::MessageHandler => true,
        ContinuationKind::Finaliser => !takes_open(instruction),
        ContinuationKind::Hook => true,
        ContinuationKind::Return => waits == Some(Waits::TailCall),
        ContinuationKind::Concat => waits == Some(Waits::Pieces),
        ContinuationKind::Discard => waits == Some(Waits::Nothing),
        ContinuationKind::StoreTruthy => waits == Some(Waits::Truth),
        ContinuationKind::Branch => waits == Some(Waits::Branch),
        ContinuationKind::Resume => waits == Some(Waits::Resume),
        ContinuationKind::Close => waits == Some(Waits::Close),
        ContinuationKind::Store => waits == Some(Waits::Value),
        ContinuationKind::Entry | ContinuationKind::Host | ContinuationKind::Paused => false,
    }
}
