//! From optimised code to baseline code and back, in the middle of a run.
//!
//! Baseline code finds every value in its register. Optimised code keeps some elsewhere: arguments that wait in the window of a later
//! call, values that the instruction which reads them computes itself. A run changes to baseline code where optimised code stops:
//! at blocks, calls and returns of calls, and between instructions that call metamethods.

use crate::runtime::context::{Context, Status};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::threaded::Code;
use crate::threaded::continuation::Continuation;
use crate::threaded::frame::Frame;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::slots::window;
use crate::threaded::stack_map::Elided;
use crate::threaded::{Flow, Pc, Regs};
use crate::value::Value;
use minivm_isa::entities::Block;
use minivm_isa::operand::OperandRef;
use minivm_isa::{Instruction, Type};

/// The function of a guest frame.
///
/// # Safety
/// `regs` are those of a guest frame.
pub(crate) unsafe fn function_of<'a>(regs: Regs) -> (&'a FunctionInfo, &'a GuestFunction) {
    // SAFETY: the header of a frame names its closure, which keeps its function alive.
    unsafe {
        let closure = Frame::at(regs).closure();
        let info = &*(*closure).function.cast::<FunctionInfo>();
        match &info.body {
            Body::Guest(guest) => (info, guest),
            Body::Host(_) | Body::Bridge(_) => unreachable!("only guest frames have a place in code"),
        }
    }
}

impl GuestFunction {
    /// Whether a place is in its baseline code.
    pub(crate) fn is_baseline(&self, pc: Pc) -> bool {
        self.baseline().is_some_and(|baseline| baseline.contains(pc))
    }

    /// The first canonical instruction that is not done where a run has stopped in optimised code.
    fn stop_at(&self, pc: Pc) -> usize {
        self.first_elided(self.loaded().stop_at(pc))
    }

    /// As [`stop_at`](Self::stop_at), where it comes from the instruction before or from outside.
    pub(crate) fn arrival_at(&self, pc: Pc) -> usize {
        let code = self.loaded();
        match (code.exit_at(pc), code.call_before(pc)) {
            // The branch itself is done.
            (Some(_), _) => code.canonical(pc) + 1,
            (None, Some(call)) => call + 1,
            (None, None) => self.first_elided(code.arrival_at(pc)),
        }
    }

    fn first_elided(&self, here: usize) -> usize {
        self.stack_map().expect("it is made with the code").first_elided(self.portable(), here)
    }

    /// What a block of optimised code takes over from the one before it.
    fn unpaid_at(&self, block: Block) -> i64 {
        self.loaded().unpaid_before(self.loaded().block(block), self.portable().block_range(block).start)
    }
}

/// The same state in baseline code, for a run that has stopped in optimised code or goes on there.
///
/// # Safety
/// `flow` is where a guest frame on top of the stack, or a continuation, goes on.
#[inline(never)]
pub(crate) unsafe fn to_baseline(cx: &mut Context, flow: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let Some((info, guest)) = optimised_frame(cx, flow) else { return flow };
        let baseline = cx.baseline_code(info, guest);
        if let Some(block) = guest.loaded().exit_at(flow.pc) {
            return Flow { pc: baseline.block(block), regs: flow.regs };
        }
        if cx.hooks.is_on && flow.pc.cast() == guest.loaded().entry() {
            super::hook_events::entered(cx, flow.regs);
        }
        let here = guest.arrival_at(flow.pc);
        materialise_before(guest, flow.regs, here);
        match guest.loaded().call_before(flow.pc) {
            Some(call) => {
                let place = baseline.return_place(call).expect("both forms have the same calls");
                Flow { pc: place, regs: flow.regs }
            }
            None => Flow { pc: baseline_place(baseline, guest, here), regs: flow.regs },
        }
    }
}

/// The same state in baseline code, for a run that has stopped for want of fuel.
///
/// # Safety
/// `flow` is the state of the stopped run.
pub(crate) unsafe fn stopped_to_baseline(cx: &mut Context, flow: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let Some((info, guest)) = optimised_frame(cx, flow) else { return flow };
        let baseline = cx.baseline_code(info, guest);
        let here = leave_optimised_frame(cx, guest, flow);
        let pc = match guest.loaded().call_before(flow.pc) {
            // Native code has returned with no fuel left: the results are still to be taken apart.
            Some(call) => baseline.return_place(call).expect("both forms have the same calls"),
            None => baseline_place(baseline, guest, here),
        };
        Flow { pc, regs: flow.regs }
    }
}

/// As [`stopped_to_baseline`], for a run that goes on: in baseline code until the next block begins.
///
/// # Safety
/// `flow` is the running guest frame in optimised code, before an instruction that nothing is moved over.
pub(super) unsafe fn leave_optimised(cx: &mut Context, flow: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let (info, guest) = function_of(flow.regs);
        let baseline = cx.baseline_code(info, guest);
        let here = leave_optimised_frame(cx, guest, flow);
        Flow { pc: baseline.place_of(here), regs: flow.regs }
    }
}

/// Brings a frame of optimised code that has stopped to the state of baseline code; gives the instruction that comes next.
///
/// # Safety
/// `flow` is where a frame of the function has stopped in optimised code.
unsafe fn leave_optimised_frame(cx: &Context, guest: &GuestFunction, flow: Flow) -> usize {
    let here = guest.stop_at(flow.pc);
    // SAFETY: passed on.
    unsafe {
        materialise_before(guest, flow.regs, here);
        take_prepended(cx, guest, guest.loaded(), flow);
    }
    here
}

/// The function of a guest frame that is in optimised code.
///
/// # Safety
/// `flow` is the state of a guest frame, or a place of the machine.
unsafe fn optimised_frame<'a>(cx: &Context, flow: Flow) -> Option<(&'a FunctionInfo, &'a GuestFunction)> {
    if flow.pc.is_null() || cx.is_machine_place(flow.pc) {
        return None;
    }
    // SAFETY: the callers describe a guest frame.
    let (info, guest) = unsafe { function_of(flow.regs) };
    (!guest.is_baseline(flow.pc)).then_some((info, guest))
}

fn baseline_place(baseline: &Code, guest: &GuestFunction, here: usize) -> Pc {
    let block = guest.portable().block_of(here);
    if guest.portable().block_range(block).start == here { baseline.block(block) } else { baseline.place_of(here) }
}

/// Takes fixed values away that stand before the open list already, as the instruction begins again in baseline code.
///
/// # Safety
/// `flow` is the running frame of the function, in this code.
pub(super) unsafe fn take_prepended(cx: &Context, guest: &GuestFunction, code: &Code, flow: Flow) {
    let fixed = prepended(guest, code, flow.pc);
    // SAFETY: the list lies in the window, above the fixed values.
    unsafe {
        let list = flow.regs.add(window(guest.slots()));
        std::ptr::copy(list.add(2 * fixed), list, 2 * cx.open_count);
    }
}

/// How many fixed values stand before the open list where a run has stopped.
pub(crate) fn prepended(guest: &GuestFunction, code: &Code, pc: Pc) -> usize {
    let instruction = &guest.portable().code[code.canonical(pc)];
    if !instruction.info().effects.takes_open || !code.is_inside(pc) {
        return 0;
    }
    let mut fixed = 0;
    instruction.for_each_operand(|_, operand| {
        if let OperandRef::Ins(values, _) = operand {
            fixed = values.len();
        }
    });
    fixed
}

/// Puts values that optimised code keeps elsewhere before instruction `here` into their registers.
///
/// # Safety
/// As for `materialise`, at that instruction.
unsafe fn materialise_before(guest: &GuestFunction, regs: Regs, here: usize) {
    let map = guest.stack_map().expect("it is made with the code");
    // SAFETY: passed on.
    unsafe { materialise(guest, regs, &map.elided_before(guest.portable(), here)) };
}

/// Puts values that optimised code keeps elsewhere into their registers. Registers whose value optimised code never wrote, as it was used
/// up already, get one that the collector can look at.
///
/// # Safety
/// `regs` are those of a frame of the function in optimised code, where these are elided.
pub(crate) unsafe fn materialise(guest: &GuestFunction, regs: Regs, elided: &[Elided]) {
    let (function, slots) = (guest.portable(), guest.slots());
    for elided in elided {
        // SAFETY: registers and window lie in the frame.
        unsafe {
            match *elided {
                Elided::InWindow(reg, word) => {
                    let value = get_any(regs, word as usize);
                    set_any(regs, slots.of(reg) as usize, value);
                }
                Elided::Nowhere(reg) => match function.registers[reg] {
                    Type::Any => set_any(regs, slots.of(reg) as usize, Value::NIL),
                    Type::Cell | Type::Ref(_) => *regs.add(slots.of(reg) as usize) = 0,
                    // What lay there must not show in a snapshot.
                    Type::I32 | Type::I64 | Type::F32 | Type::F64 => *regs.add(slots.of(reg) as usize) = 0,
                    Type::V128 => regs.add(slots.of(reg) as usize).cast::<[u64; 2]>().write([0; 2]),
                },
            }
        }
    }
}

/// Whether the frame at `regs` of the running fiber stays in baseline code.
fn is_pinned(cx: &mut Context, regs: Regs) -> bool {
    let height = super::walk::height(cx, regs);
    let fiber = cx.running();
    !fiber.pinned.is_empty() && fiber.is_pinned(height)
}

/// Goes on in optimised code at a block.
///
/// # Safety
/// `regs` are those of a guest frame in baseline code, which is about to begin that block.
#[inline(never)]
pub(crate) unsafe fn to_optimised(cx: &mut Context, regs: Regs, block: u32) -> Flow {
    // SAFETY: passed on.
    let (info, guest) = unsafe { function_of(regs) };
    let block = Block::from_u32(block);
    if is_pinned(cx, regs) {
        let baseline = cx.baseline_code(info, guest);
        return Flow { pc: baseline.place_of(guest.portable().block_range(block).start), regs };
    }
    cx.fuel += guest.unpaid_at(block);
    Flow { pc: guest.loaded().block(block), regs }
}

/// A run that has stopped goes on, stepping or not: it gets what the place has not paid for, or goes to baseline code.
///
/// # Safety
/// `flow` is the state of the stopped run, for want of fuel if `is_stopped`.
pub(crate) unsafe fn begin_slice(cx: &mut Context, flow: Flow, is_stopped: bool) -> Flow {
    // SAFETY: passed on.
    unsafe {
        match (cx.stepping, is_stopped) {
            (true, true) => return stopped_to_baseline(cx, flow),
            (true, false) => return to_baseline(cx, flow),
            (false, true) => cx.fuel += unpaid_at_stop(cx, flow),
            (false, false) => cx.fuel += unpaid(cx, flow),
        }
        flow
    }
}

/// What a run has not paid for that has stopped for want of fuel.
///
/// # Safety
/// `flow` is its state.
pub(crate) unsafe fn unpaid_at_stop(cx: &Context, flow: Flow) -> i64 {
    // SAFETY: passed on.
    unsafe {
        let guest = optimised_frame(cx, flow);
        guest.map_or(0, |(_, guest)| guest.loaded().unpaid_before(flow.pc, guest.stop_at(flow.pc)))
    }
}

/// What a run has not paid for that comes to `flow` from the instruction before or from outside.
///
/// # Safety
/// `flow` is where a guest frame, or a continuation, goes on.
unsafe fn unpaid(cx: &Context, flow: Flow) -> i64 {
    // SAFETY: passed on.
    unsafe {
        let guest = optimised_frame(cx, flow);
        guest.map_or(0, |(_, guest)| guest.loaded().unpaid_before(flow.pc, guest.arrival_at(flow.pc)))
    }
}

/// Pays for everything up to and with the instruction at `at`, which raises an error or calls a metamethod.
///
/// # Safety
/// `at` is the running frame.
#[inline]
pub(crate) unsafe fn pay(cx: &mut Context, at: Flow) {
    if !cx.is_metered() || cx.is_paid || cx.is_machine_place(at.pc) {
        return;
    }
    // SAFETY: passed on.
    let (_, guest) = unsafe { function_of(at.regs) };
    if !guest.is_baseline(at.pc) {
        cx.fuel -= guest.loaded().unpaid_through(at.pc);
    }
}

/// Stops the run at `flow` if what was paid for outside of threaded code has used its budget up: a chain of such calls and
/// errors may never come to a charge.
///
/// # Safety
/// `flow` is where the run goes on.
#[inline]
pub(crate) unsafe fn stop_if_used_up(cx: &mut Context, flow: Flow) -> Flow {
    let is_used_up = cx.fuel < 0 || cx.run.owed > 0;
    if !is_used_up || flow.pc.is_null() {
        return flow;
    }
    // A run that steps comes to the place from outside: the jumps there are ahead of it, and not paid for.
    // SAFETY: passed on.
    let flow = if cx.stepping { unsafe { to_baseline(cx, flow) } } else { flow };
    cx.stop(Status::OutOfFuel, flow)
}

/// Pays for everything before the instruction at `at`, which a call of the machine's own interrupts.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn pay_before(cx: &mut Context, at: Flow) {
    if cx.is_metered() {
        // SAFETY: passed on.
        cx.fuel -= unsafe { unpaid(cx, at) };
    }
}

/// Optimised code goes on at `flow`, as the call of `continuation` has returned: what was paid for then, it will charge.
///
/// # Safety
/// `flow` is where the frame below the continuation goes on.
pub(crate) unsafe fn go_on(cx: &mut Context, continuation: &Continuation, flow: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        match (continuation.metered, cx.stepping) {
            (true, false) => cx.fuel += unpaid(cx, flow),
            (false, true) => cx.fuel -= unpaid(cx, flow),
            (true, true) | (false, false) => {}
        }
    }
    flow
}

/// As [`go_on`], for a call that decides where a branch goes: to `pc` when the result is `truthy`.
///
/// # Safety
/// `pc` and `regs` are where the frame below the continuation goes on.
pub(crate) unsafe fn go_on_branch(
    cx: &mut Context,
    continuation: &Continuation,
    truthy: bool,
    pc: Pc,
    regs: Regs,
) -> Flow {
    let flow = Flow { pc, regs };
    // SAFETY: passed on.
    unsafe {
        let Some((info, guest)) = optimised_frame(cx, flow) else { return flow };
        let code = guest.loaded();
        if code.exit_at(pc).is_some() {
            return go_on(cx, continuation, flow);
        }
        // Several blocks may begin at one place.
        let block = block_after(&guest.portable().code[code.canonical(continuation.instruction)], truthy);
        match (continuation.metered, cx.stepping) {
            (true, false) => cx.fuel += guest.unpaid_at(block),
            (false, true) => cx.fuel -= guest.unpaid_at(block),
            (true, true) | (false, false) => {}
        }
        if !cx.stepping {
            return flow;
        }
        Flow { pc: cx.baseline_code(info, guest).block(block), regs }
    }
}

/// Where a conditional branch goes.
fn block_after(branch: &Instruction, truthy: bool) -> Block {
    let mut targets = Vec::with_capacity(2);
    branch.for_each_operand(|_, operand| {
        if let OperandRef::Target(block) = operand {
            targets.push(block);
        }
    });
    targets[usize::from(!truthy)]
}

/// The instruction that made `continuation` goes on with what it does: it will pay again.
///
/// # Safety
/// `at` is the frame below the continuation.
pub(crate) unsafe fn take_back(cx: &mut Context, continuation: &Continuation, at: Flow) {
    if continuation.metered {
        // SAFETY: passed on.
        let (_, guest) = unsafe { function_of(at.regs) };
        if !guest.is_baseline(at.pc) {
            cx.fuel += guest.loaded().unpaid_through(at.pc);
        }
    }
}

/// A guest frame goes on at a handler of errors: everything before it is paid for.
///
/// # Safety
/// `regs` are those of the frame.
pub(crate) unsafe fn enter_handler(cx: &mut Context, regs: Regs, handler: Block) -> Flow {
    // SAFETY: passed on.
    let (info, guest) = unsafe { function_of(regs) };
    if cx.stepping || is_pinned(cx, regs) {
        return Flow { pc: cx.baseline_code(info, guest).block(handler), regs };
    }
    if cx.is_metered() {
        cx.fuel += guest.unpaid_at(handler);
    }
    Flow { pc: guest.loaded().block(handler), regs }
}
