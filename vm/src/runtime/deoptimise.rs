//! Bringing stacks to baseline code, where every value is in its register and every place is a canonical instruction.
//!
//! A run that was saved goes on from the very state that was written, so that it and its copies do the same.

use crate::heap::Closure;
use crate::runtime::context::Context;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::stepping::materialise;
use crate::runtime::walk::{Level, Walk};
use crate::threaded::Code;
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::frame::Frame;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::slots::window;
use crate::threaded::{Flow, Pc, Regs};
use minivm_isa::entities::Block;
use minivm_isa::entities::Reg;
use minivm_isa::operand::OperandRef;
use minivm_isa::{Instruction, Operand};

/// Where the place of a frame is kept.
#[derive(Clone, Copy)]
enum Holder {
    /// Where the walk began: it goes on after a call, or an error happened there.
    Top { calling: bool },
    /// In the header of the frame that it called.
    Header(*mut u64),
    /// In a continuation above it.
    Continuation(Regs),
    /// Nowhere: it is no guest's.
    Nobody,
}

/// Brings the stack of a fiber that does not run to baseline code.
///
/// # Safety
/// The fiber is live, and its saved state whole.
pub(crate) unsafe fn deoptimise_fiber(cx: &mut Context, fiber: &mut Fiber) {
    let has_stack = match fiber.state {
        FiberState::Running => false,
        FiberState::Dead => fiber.failed,
        FiberState::Suspended | FiberState::Normal | FiberState::Parked => true,
    };
    if !has_stack || fiber.pc.is_null() {
        return;
    }
    let at = Flow { pc: fiber.pc, regs: fiber.saved_regs() };
    // SAFETY: the saved state is whole.
    fiber.pc = unsafe { deoptimise_stack(cx, at, fiber.waits_for_call()) };
}

/// Brings all frames of a stack to baseline code; gives the place of the top one.
///
/// # Safety
/// `at` is a whole state of a stack; `calling` says that its `pc` is a return place.
pub(crate) unsafe fn deoptimise_stack(cx: &mut Context, at: Flow, calling: bool) -> Pc {
    let mut top = at.pc;
    let mut holder = Holder::Top { calling };
    let mut walk = Walk::at(cx.continuation_return(), at, calling);
    // SAFETY: the walk looks at a level before this changes it, and what it changes is not looked at again.
    unsafe {
        while let Some((level, at)) = walk.next() {
            match level {
                Level::Guest { guest, closure, regs, .. } => {
                    let place = deoptimise_frame(cx, guest, closure, at, holder);
                    match holder {
                        Holder::Top { .. } => top = place,
                        Holder::Header(word) => *word = place as u64,
                        Holder::Continuation(_) | Holder::Nobody => {}
                    }
                    holder = Holder::Header(Frame::at(regs).return_word());
                }
                Level::Host { base, .. } => holder = Holder::Header(Frame::at(base).return_word()),
                Level::Boundary { .. } => holder = Holder::Header(Frame::at(at.regs).return_word()),
                Level::Continuation { continuation } => {
                    let found = Continuation::at(continuation);
                    // Message handlers may be called where a boundary or another continuation is on top.
                    let is_below = cx.is_machine_place(found.instruction);
                    holder = if is_below { Holder::Nobody } else { Holder::Continuation(continuation) };
                }
            }
        }
    }
    top
}

/// Brings one frame to baseline code; gives its place, for those whose holder keeps it.
///
/// # Safety
/// `at` is a frame of the closure's function on a whole stack, and `holder` has its place.
unsafe fn deoptimise_frame(
    cx: &mut Context,
    guest: &GuestFunction,
    closure: *mut Closure,
    at: Flow,
    holder: Holder,
) -> Pc {
    // SAFETY: the frame is live and its function loaded, as it has a frame.
    unsafe {
        let info = &*(*closure).function.cast::<FunctionInfo>();
        let baseline = cx.baseline_code(info, guest);
        let is_baseline = guest.is_baseline(at.pc);
        let map = guest.stack_map().expect("it is made with the code");
        match holder {
            Holder::Header(_) | Holder::Top { calling: true } => {
                if is_baseline {
                    return at.pc;
                }
                let code = guest.loaded();
                let call = code.call_before(at.pc).expect("a frame waits at a place that a call returns to");
                materialise(guest, at.regs, &map.hidden_during(guest.portable(), call));
                baseline.return_place(call).expect("both forms have the same calls")
            }
            Holder::Top { calling: false } => {
                let here = guest.canonical(at.pc);
                if !is_baseline {
                    let entered = guest.call_around(at.pc).is_some();
                    materialise(guest, at.regs, &map.hidden_by_error(guest.portable(), here, entered));
                }
                baseline.place_of(here)
            }
            Holder::Nobody => at.pc,
            Holder::Continuation(continuation) => {
                deoptimise_continuation(cx, guest, baseline, at, Continuation::at(continuation), is_baseline);
                at.pc
            }
        }
    }
}

/// Brings a continuation of an instruction, and the frame below it, to baseline code.
///
/// # Safety
/// The continuation lies above a frame of the function at `at`.
unsafe fn deoptimise_continuation(
    cx: &mut Context,
    guest: &GuestFunction,
    baseline: &Code,
    at: Flow,
    continuation: &mut Continuation,
    is_baseline: bool,
) {
    let mut here = guest.canonical(at.pc);
    // SAFETY: the registers are those of the frame.
    unsafe {
        if continuation.kind == ContinuationKind::Finaliser {
            if is_baseline {
                // The instruction begins again, with its step, unless it does so already.
                cx.fuel += i64::from(at.pc != baseline.place_of(here));
            } else {
                here = guest.arrival_at(at.pc);
            }
        }
        if !is_baseline {
            let map = guest.stack_map().expect("it is made with the code");
            let function = guest.portable();
            let elided = match continuation.kind {
                ContinuationKind::Finaliser => map.elided_before(function, here),
                ContinuationKind::MessageHandler => {
                    map.hidden_by_error(function, here, guest.call_around(at.pc).is_some())
                }
                _ => map.hidden_during(function, here),
            };
            materialise(guest, at.regs, &elided);
        }
        if continuation.kind == ContinuationKind::Store
            && let Some(receiver) = receiver_of(&guest.portable().code[here])
        {
            take_receiver(guest, at.regs, receiver);
        }
    }
    place_continuation(guest, baseline, here, continuation);
}

/// Sets what a continuation keeps of the instruction that made it, in baseline code.
pub(crate) fn place_continuation(guest: &GuestFunction, baseline: &Code, here: usize, continuation: &mut Continuation) {
    let slot = |reg: Reg| u32::from(guest.slots().of(reg));
    let instruction = &guest.portable().code[here];
    continuation.metered = true;
    continuation.instruction = baseline.place_of(here);
    continuation.next = match continuation.kind {
        ContinuationKind::Finaliser | ContinuationKind::MessageHandler => continuation.instruction,
        ContinuationKind::Return => std::ptr::null(),
        ContinuationKind::Hook if continuation.next.is_null() => std::ptr::null(),
        ContinuationKind::Hook => continuation.instruction,
        ContinuationKind::Branch => std::ptr::null(),
        _ => baseline.place_of(here + 1),
    };
    let (results, targets) = results_and_targets(instruction);
    match continuation.kind {
        ContinuationKind::Store | ContinuationKind::StoreTruthy | ContinuationKind::Concat => {
            continuation.state = results[0].map_or(0, slot);
        }
        ContinuationKind::Branch => {
            continuation.next = targets[0].map_or(std::ptr::null(), |block| baseline.block(block));
            continuation.otherwise = targets[1].map_or(std::ptr::null(), |block| baseline.block(block));
        }
        ContinuationKind::Resume => {
            continuation.state = results[0].map_or(0, slot);
            continuation.spare = window(guest.slots()) as u64;
        }
        ContinuationKind::Close => {
            continuation.state = results[0].map_or(0, slot);
            continuation.spare = u64::from(results[1].map_or(0, slot));
        }
        ContinuationKind::Discard
        | ContinuationKind::Return
        | ContinuationKind::MessageHandler
        | ContinuationKind::Finaliser
        | ContinuationKind::Hook => {}
        ContinuationKind::Entry | ContinuationKind::Host | ContinuationKind::Paused => {}
    }
}

/// The first registers that an instruction writes, and the blocks that it branches to when it holds and when it does not.
fn results_and_targets(instruction: &Instruction) -> ([Option<Reg>; 2], [Option<Block>; 2]) {
    let (mut results, mut targets) = ([None; 2], [None; 2]);
    instruction.for_each_operand(|_, operand| match operand {
        OperandRef::Out(reg, _) => fill(&mut results, reg),
        OperandRef::Target(block) => fill(&mut targets, block),
        _ => {}
    });
    (results, targets)
}

/// Puts something into the first free place.
fn fill<T>(places: &mut [Option<T>], value: T) {
    if let Some(free) = places.iter_mut().find(|place| place.is_none()) {
        *free = Some(value);
    }
}

/// The registers that an instruction writes before its metamethod is called: to, from.
pub(crate) fn receiver_of(instruction: &Instruction) -> Option<(Reg, Operand)> {
    match instruction {
        Instruction::GetMethod { self_value, object, .. } => Some((*self_value, *object)),
        _ => None,
    }
}

/// Copies the receiver of a method call to where the instruction that looks for the method wants it.
///
/// # Safety
/// `regs` are those of a frame of the function in baseline code, at such an instruction.
pub(crate) unsafe fn take_receiver(guest: &GuestFunction, regs: Regs, (to, from): (Reg, Operand)) {
    let slots = guest.slots();
    let value = match from.input() {
        // SAFETY: the instruction reads the register.
        minivm_isa::Input::Reg(reg) => unsafe { get_any(regs, slots.of(reg) as usize) },
        minivm_isa::Input::Const(constant) => {
            guest.constants().expect("they are made with the code")[constant.as_u32() as usize]
        }
    };
    // SAFETY: the instruction writes the register.
    unsafe { set_any(regs, slots.of(to) as usize, value) };
}

/// The closure in the header of a frame.
///
/// # Safety
/// A frame with a header is at `regs`.
pub(crate) unsafe fn closure_at(regs: Regs) -> *mut Closure {
    // SAFETY: the caller knows that a header is there.
    unsafe { Frame::at(regs).closure() }
}

/// What is behind a closure.
///
/// # Safety
/// The closure is live.
pub(crate) unsafe fn body_of<'a>(closure: *mut Closure) -> &'a Body {
    // SAFETY: closures point to functions, which live as long as they do.
    unsafe { &(*(*closure).function.cast::<FunctionInfo>()).body }
}
