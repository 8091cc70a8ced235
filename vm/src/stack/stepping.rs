//! From fast code to plain code and back, in the middle of a run.
//!
//! Plain code finds every value in its register. Fast code keeps some elsewhere: arguments that wait in the window of a later
//! call, values that the instruction which reads them computes itself. A run changes to plain code where fast code stops:
//! at blocks, calls and returns of calls, and between instructions that call metamethods.

use super::record::Record;
use crate::code::Code;
use crate::context::Context;
use crate::dispatch::operands::{get_any, set_any};
use crate::dispatch::{Flow, Pc, Regs};
use crate::function::{Body, FunctionInfo, GuestFunction};
use crate::heap::Closure;
use crate::loader;
use crate::loader::frame_map::Hidden;
use crate::value::Value;
use minivm_isa::Type;
use minivm_isa::entities::Block;
use std::ptr::with_exposed_provenance_mut as pointer;

/// The function of a guest frame.
///
/// # Safety
/// `regs` are those of a guest frame.
unsafe fn function_of<'a>(regs: Regs) -> (&'a FunctionInfo, &'a GuestFunction) {
    // SAFETY: the header of a frame names its closure; functions live as long as the machine.
    unsafe {
        let closure = pointer::<Closure>(*regs.sub(2) as usize);
        let info = &*(*closure).function.cast::<FunctionInfo>();
        match &info.body {
            Body::Guest(guest) => (info, guest),
            Body::Host(_) | Body::Bridge(_) => unreachable!("only guest frames have a place in code"),
        }
    }
}

impl GuestFunction {
    /// Whether a place is in its plain code.
    pub(crate) fn is_plain(&self, pc: Pc) -> bool {
        self.plain.get().is_some_and(|plain| plain.contains(pc))
    }
}

/// The same state in plain code.
///
/// # Safety
/// `flow` is where a guest frame on top of the stack, or a record, goes on.
pub(crate) unsafe fn to_plain(cx: &mut Context, flow: Flow) -> Flow {
    if flow.pc.is_null() || flow.pc == cx.record_return() {
        return flow;
    }
    // SAFETY: the caller describes a guest frame, and its hidden values are where its loader put them.
    unsafe {
        let (info, guest) = function_of(flow.regs);
        if guest.is_plain(flow.pc) {
            return flow;
        }
        let plain = loader::plain_code(cx, info, guest);
        let code = guest.loaded();
        let (pc, here) = counterpart(code, plain, flow.pc, guest);
        let map = guest.frame_map.get().expect("it is made with the code");
        reveal(guest, flow.regs, &map.hidden_before(guest.portable(), here));
        Flow { pc, regs: flow.regs }
    }
}

/// The place in plain code for one in fast code, and the canonical instruction there.
pub(crate) fn counterpart(code: &Code, plain: &Code, pc: Pc, guest: &GuestFunction) -> (Pc, usize) {
    let at_block = |block: Block| (plain.block(block), guest.portable().block_range(block).start);
    if let Some(block) = code.exit_at(pc) {
        return at_block(block);
    }
    if let Some(call) = code.call_before(pc) {
        let place = plain.return_place(call).expect("both forms have the same calls");
        return (place, call + 1);
    }
    let map = guest.frame_map.get().expect("it is made with the code");
    let here = map.first_hidden(guest.portable(), code.next_canonical(pc));
    let block = guest.portable().block_of(here);
    if guest.portable().block_range(block).start == here { at_block(block) } else { (plain.place_of(here), here) }
}

/// Puts values that fast code keeps elsewhere into their registers. Registers whose value fast code never wrote, as it was used
/// up already, get one that the collector can look at.
///
/// # Safety
/// `regs` are those of a frame of the function in fast code, where these are hidden.
pub(crate) unsafe fn reveal(guest: &GuestFunction, regs: Regs, hidden: &[Hidden]) {
    let (function, slots) = (guest.portable(), guest.slots());
    for hidden in hidden {
        // SAFETY: registers and window lie in the frame.
        unsafe {
            match *hidden {
                Hidden::InWindow(reg, word) => {
                    let value = get_any(regs, word as usize);
                    set_any(regs, slots.of(reg) as usize, value);
                }
                Hidden::Nowhere(reg) => match function.registers[reg] {
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

/// Goes on in fast code at a block.
///
/// # Safety
/// `regs` are those of a guest frame in plain code, which is about to begin that block.
pub(crate) unsafe fn to_fast(cx: &mut Context, regs: Regs, block: u32) -> Flow {
    // SAFETY: passed on.
    let (_, guest) = unsafe { function_of(regs) };
    let pc = guest.loaded().block(Block::from_u32(block));
    cx.fuel += guest.loaded().unpaid_before(pc);
    Flow { pc, regs }
}

/// What the state a run has stopped in has not paid for.
///
/// # Safety
/// `flow` is the state of a stopped run.
pub(crate) unsafe fn unpaid(cx: &Context, flow: Flow) -> i64 {
    if flow.pc.is_null() || flow.pc == cx.record_return() {
        return 0;
    }
    // SAFETY: passed on.
    let (_, guest) = unsafe { function_of(flow.regs) };
    if guest.is_plain(flow.pc) { 0 } else { guest.loaded().unpaid_before(flow.pc) }
}

/// Pays for everything up to and with the instruction at `at`, which raises an error or calls a metamethod.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn pay(cx: &mut Context, at: Flow) {
    if !cx.is_metered() || at.pc == cx.record_return() {
        return;
    }
    // SAFETY: passed on.
    let (_, guest) = unsafe { function_of(at.regs) };
    if !guest.is_plain(at.pc) {
        cx.fuel -= guest.loaded().unpaid_through(at.pc);
    }
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

/// Fast code goes on at `flow`, as the call of `record` has returned: what was paid for then, it will charge.
///
/// # Safety
/// `flow` is where the frame below the record goes on.
pub(crate) unsafe fn go_on(cx: &mut Context, record: &Record, flow: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        match (record.metered, cx.stepping) {
            (true, false) => cx.fuel += unpaid(cx, flow),
            (false, true) => cx.fuel -= unpaid(cx, flow),
            (true, true) | (false, false) => {}
        }
    }
    flow
}

/// The instruction that made `record` goes on with what it does: it will pay again.
///
/// # Safety
/// `at` is the frame below the record.
pub(crate) unsafe fn take_back(cx: &mut Context, record: &Record, at: Flow) {
    if record.metered {
        // SAFETY: passed on.
        let (_, guest) = unsafe { function_of(at.regs) };
        if !guest.is_plain(at.pc) {
            cx.fuel += guest.loaded().unpaid_through(at.pc);
        }
    }
}

/// Fast code goes on at a handler of errors: everything before it is paid for.
///
/// # Safety
/// `flow` is the start of a block.
pub(crate) unsafe fn enter_handler(cx: &mut Context, flow: Flow) -> Flow {
    if cx.is_metered() && !cx.stepping {
        // SAFETY: passed on.
        cx.fuel += unsafe { unpaid(cx, flow) };
    }
    flow
}
