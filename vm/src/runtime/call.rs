//! Entering functions where the fast paths of `handlers::call` do not apply.

use super::host_run;
use super::unwind::{raise, raise_message, raise_trap};
use crate::runtime::function::top_of;
use crate::threaded::frame::Frame;
use crate::threaded::operands::words_between;

use crate::heap::Closure;
use crate::runtime::context::{Context, return_info};
use crate::runtime::deliver::fill_nil;
use crate::runtime::error::describe_callee;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction, HostFunction};
use crate::runtime::metamethod::Metamethod;
use crate::threaded::continuation::{
    CONTINUATION_DELTA, CONTINUATION_WORDS, Continuation, ContinuationKind, FRAME_HEADER_WORDS, Protect,
};
use crate::threaded::header_at;
use crate::threaded::operands::set_any;
use crate::threaded::{Flow, Pc, Regs};
use crate::threaded::{NOT_DIRECT, TYPED_CALL};
use crate::value::{Tag, Value};
use minivm_isa::{Convention, TrapCode};
use std::ptr::with_exposed_provenance_mut as pointer;

/// Metamethods `__call` that may stand behind one another.
const CALL_CHAIN_MAX: usize = 200;

/// Calls any value with `count` arguments in place at `new`; its results go to `place`. Errors happen at `at`.
///
/// # Safety
/// `at` is the running frame and `new` a window above all of its live words.
pub(crate) unsafe fn call_value(cx: &mut Context, callee: Value, new: Regs, count: usize, place: Pc, at: Flow) -> Flow {
    // SAFETY: the caller describes a live frame; closures point to functions; `resolve` only gives closures.
    unsafe {
        if callee.tag() == Tag::FUNCTION {
            let closure: *mut Closure = callee.pointer().cast();
            if !matches!((*(*closure).function.cast::<FunctionInfo>()).body, Body::Bridge(_)) {
                return enter(cx, closure, new, count, place, at);
            }
        }
        match resolve(cx, callee, new, count, at) {
            Ok((closure, new, count, at)) => enter(cx, closure, new, count, place, at),
            Err(flow) => flow,
        }
    }
}

/// Finds the closure behind a callee; `__call` metamethods become the callee, the value their first argument.
///
/// # Safety
/// The callee is live; its `count` arguments lie at `new`, a window of the running frame `at`.
#[inline(never)]
#[allow(clippy::type_complexity, reason = "the state of a call, moved together because the stack may move")]
unsafe fn resolve(
    cx: &mut Context,
    mut callee: Value,
    mut new: Regs,
    mut count: usize,
    mut at: Flow,
) -> Result<(*mut Closure, Regs, usize, Flow), Flow> {
    // All of them first, so that the arguments move up once, however many there are.
    let mut chain = Vec::new();
    let mut hops = 0;
    let closure: *mut Closure = loop {
        if callee.tag() == Tag::FUNCTION {
            let closure: *mut Closure = callee.pointer().cast();
            // SAFETY: the callee is a live closure, and closures point to functions.
            match unsafe { &(*(*closure).function.cast::<FunctionInfo>()).body } {
                // Code on both sides is not typed: the typed signature in between changes nothing.
                // SAFETY: the closure is a live bridge.
                Body::Bridge(_) => callee = unsafe { super::boundary::behind(closure).0 },
                Body::Guest(_) | Body::Host(_) if chain.is_empty() => return Ok((closure, new, count, at)),
                Body::Guest(_) | Body::Host(_) => break closure,
            }
        } else {
            let metamethod = cx.metamethod(callee, Metamethod::Call);
            if metamethod.is_nil() {
                let message = describe_callee(cx, at, callee);
                // SAFETY: `at` is the running frame.
                return Err(unsafe { raise_message(cx, at, &message) });
            }
            chain.push(callee);
            callee = metamethod;
        }
        if hops == CALL_CHAIN_MAX {
            // SAFETY: `at` is the running frame.
            return Err(unsafe { raise_message(cx, at, "'__call' chain too long") });
        }
        hops += 1;
    };
    // SAFETY: the window has `count` values, and room for more is made first.
    unsafe {
        let offset = words_between(at.regs, new);
        let Some(regs) = cx.reserve(at.regs, new.add(count * 2), 2 * chain.len() + 16) else {
            return Err(stack_overflow(cx, at));
        };
        at.regs = regs;
        new = regs.add(offset);
        std::ptr::copy(new, new.add(2 * chain.len()), count * 2);
        for (index, &callee) in chain.iter().rev().enumerate() {
            set_any(new, 2 * index, callee);
        }
    }
    count += chain.len();
    Ok((closure, new, count, at))
}

/// Raises the error of a stack that may not grow.
///
/// # Safety
/// `at` is the running frame.
#[inline(never)]
pub(crate) unsafe fn stack_overflow(cx: &mut Context, at: Flow) -> Flow {
    let code = stack_trap(cx);
    // SAFETY: passed on.
    unsafe { raise_trap(cx, at, code) }
}

/// The trap of a stack that may not grow.
pub(super) fn stack_trap(cx: &mut Context) -> TrapCode {
    let code = cx.take_stack_trap();
    if code == TrapCode::OutOfMemory {
        // Nothing can be collected here: the frame may have given its values up. What comes next finds room.
        cx.heap.overdraw();
    }
    code
}

/// Enters a closure, which is no bridge, with `count` `any` arguments in place at `new`.
///
/// # Safety
/// As for `call_value`.
unsafe fn enter(cx: &mut Context, closure: *mut Closure, new: Regs, count: usize, place: Pc, at: Flow) -> Flow {
    // SAFETY: closures point to functions, which live as long as they do.
    unsafe {
        let info = &*(*closure).function.cast::<FunctionInfo>();
        let guest = match &info.body {
            Body::Guest(guest) => guest,
            Body::Host(host) => return host_run::invoke(cx, host, closure, new, count, place, at),
            Body::Bridge(_) => unreachable!("`resolve` looks behind bridges"),
        };
        if let Err(flow) = load(cx, info, guest, closure, at) {
            return flow;
        }
        let params = guest.params as usize;
        // Not more than the fast ways ask for: where the stack overflows must not depend on the way.
        let needed = match guest.convention {
            Convention::Typed => 0,
            Convention::Dynamic => header_at((*closure).code.cast()).extent as usize,
            Convention::Variadic => variadic_shift(count, params) + header_at((*closure).code.cast()).extent as usize,
        };
        let offset = words_between(at.regs, new);
        let Some(regs) = cx.reserve(at.regs, new, needed) else { return stack_overflow(cx, at) };
        let new = regs.add(offset);
        match guest.convention {
            Convention::Typed => super::boundary::any_to_typed(cx, closure, new, count, place, Flow { regs, ..at }),
            Convention::Dynamic => {
                fill_nil(new, count, params);
                enter_at(closure, new, place)
            }
            Convention::Variadic => {
                fill_nil(new, count, params);
                let shift = variadic_shift(count, params);
                let shifted = new.add(shift);
                for word in 0..2 * params {
                    *shifted.add(word) = *new.add(word);
                }
                Frame::at(shifted).set_shift(shift);
                enter_at(closure, shifted, place)
            }
        }
    }
}

/// Words from the arguments of a variadic function to its registers: all arguments, the shift itself, the frame header.
fn variadic_shift(count: usize, params: usize) -> usize {
    2 * count.max(params) + 1 + FRAME_HEADER_WORDS
}

/// Writes a frame header.
///
/// # Safety
/// There is room for the frame, and its header is free.
unsafe fn enter_at(closure: *mut Closure, new: Regs, place: Pc) -> Flow {
    // SAFETY: the callers made room for the frame.
    unsafe {
        Frame::at(new).begin(closure, place);
        Flow { pc: (*closure).code.cast(), regs: new }
    }
}

/// Makes sure that a function has code, and that the closure enters it.
///
/// # Safety
/// The closure is live and of that function; `at` is the running frame, whole.
#[inline(always)]
unsafe fn load(
    cx: &mut Context,
    info: &FunctionInfo,
    guest: &GuestFunction,
    closure: *mut Closure,
    at: Flow,
) -> Result<(), Flow> {
    // SAFETY: the closure is the callee, hence live; `at` is the running frame.
    unsafe {
        match guest.code() {
            Some(code) => (*closure).code = code.entry().cast(),
            None => return compile(cx, info, guest, closure, at),
        }
    }
    Ok(())
}

/// Compiles a function that has no code yet.
///
/// # Safety
/// As for `load`.
#[cold]
#[inline(never)]
unsafe fn compile(
    cx: &mut Context,
    info: &FunctionInfo,
    guest: &GuestFunction,
    closure: *mut Closure,
    at: Flow,
) -> Result<(), Flow> {
    if let Err(error) = (cx.engine.compile)(cx, info, guest) {
        // SAFETY: `at` is the running frame.
        return Err(unsafe {
            if error == crate::runtime::engine::CompileError::OutOfMemory {
                cx.heap.overdraw();
                raise_trap(cx, at, TrapCode::OutOfMemory)
            } else {
                raise_message(cx, at, error.to_string())
            }
        });
    }
    // SAFETY: the closure is the callee, hence live.
    unsafe { (*closure).code = info.entry(&cx.return_stubs).cast() };
    Ok(())
}

/// Enters a typed function with its argument words in place at `new`.
///
/// # Safety
/// As for `call_value`; the arguments are those of its signature.
#[inline(never)]
pub(crate) unsafe fn enter_typed(cx: &mut Context, closure: *mut Closure, new: Regs, place: Pc, at: Flow) -> Flow {
    // SAFETY: as for `enter`.
    unsafe {
        let info = &*(*closure).function.cast::<FunctionInfo>();
        let guest = match &info.body {
            Body::Guest(guest) => guest,
            Body::Host(_) | Body::Bridge(_) => return super::boundary::typed_to_any(cx, closure, new, place, at),
        };
        if let Err(flow) = load(cx, info, guest, closure, at) {
            return flow;
        }
        let extent = header_at((*closure).code.cast()).extent as usize;
        let offset = words_between(at.regs, new);
        let Some(regs) = cx.reserve(at.regs, new, extent) else { return stack_overflow(cx, at) };
        enter_at(closure, regs.add(offset), place)
    }
}

/// Calls a typed function in place of the running one; `words` words of arguments lie at `window`. Nothing of the frame is
/// overwritten before the callee has its code and its room, so that errors find the frame whole.
///
/// # Safety
/// As for `enter_typed`; `at` is the frame that is given up.
pub(crate) unsafe fn tail_call_typed(
    cx: &mut Context,
    closure: *mut Closure,
    window: usize,
    words: usize,
    at: Flow,
) -> Flow {
    // SAFETY: the callee's frame takes the place of the running one, and has room for its arguments.
    unsafe {
        let info = &*(*closure).function.cast::<FunctionInfo>();
        if let Body::Guest(guest) = &info.body
            && let Err(flow) = load(cx, info, guest, closure, at)
        {
            return flow;
        }
        let extent = header_at((*closure).code.cast()).extent as usize;
        let Some(regs) = cx.reserve(at.regs, at.regs, extent) else { return stack_overflow(cx, at) };
        std::ptr::copy(regs.add(window), regs, words);
        let place = Frame::at(regs).return_place();
        enter_typed(cx, closure, regs, place, Flow { regs, ..at })
    }
}

/// The closure behind a value that may be called with a signature; functions that are not typed get a bridge.
///
/// # Errors
/// Why it cannot be called.
///
/// # Safety
/// `at` is the running frame, at the instruction that calls, which keeps `callee` alive.
pub(crate) unsafe fn check_signature(
    cx: &mut Context,
    callee: Value,
    signature: u32,
    at: Flow,
) -> Result<*mut Closure, TrapCode> {
    match callee.tag() {
        Tag::FUNCTION => {
            let closure: *mut Closure = callee.pointer().cast();
            // SAFETY: the callee is a live closure, and closures point to functions.
            let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
            let is_typed = info.signature != crate::runtime::context::NO_SIGNATURE;
            if cx.signature_fits(info.signature, signature) {
                Ok(closure)
            } else if is_typed || !cx.has_bridge(signature) {
                Err(TrapCode::IndirectCallType)
            } else {
                // SAFETY: passed on.
                unsafe { super::collect::bridge_at(cx, callee, signature, at) }.map_err(|_| TrapCode::OutOfMemory)
            }
        }
        Tag::NIL => Err(TrapCode::UninitializedElement),
        _ => Err(TrapCode::IndirectCallType),
    }
}

/// Calls a value with a typed signature.
///
/// # Safety
/// As for `enter_typed` and `check_signature`.
pub(crate) unsafe fn call_typed_value(
    cx: &mut Context,
    callee: Value,
    signature: u32,
    new: Regs,
    place: Pc,
    at: Flow,
) -> Flow {
    // SAFETY: passed on.
    unsafe {
        match check_signature(cx, callee, signature, at) {
            Ok(closure) => enter_typed(cx, closure, new, place, at),
            Err(code) => raise_trap(cx, at, code),
        }
    }
}

/// Calls a value in place of the running function; its `count` arguments lie at `window`.
///
/// # Safety
/// As for `call_value`.
pub(crate) unsafe fn tail_call_value(
    cx: &mut Context,
    callee: Value,
    window: usize,
    count: usize,
    variadic: bool,
    at: Flow,
) -> Flow {
    // SAFETY: the function is alive as long as its closure; the arguments are in the window, and the frame has a header.
    unsafe {
        if let Some(closure) = callee.as_function()
            && let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body
        {
            let (frame, new, place) = (Frame::at(at.regs), at.regs.add(window), Frame::at(at.regs).return_place());
            if let Some(flow) = host_run::call_fast_path(cx, host, new, count, frame.base(variadic), place) {
                return flow;
            }
        }
        tail_call_unhurried(cx, callee, window, count, variadic, at)
    }
}

/// As [`tail_call_value`], without fast paths.
///
/// # Safety
/// As for `call_value`.
pub(crate) unsafe fn tail_call_unhurried(
    cx: &mut Context,
    callee: Value,
    window: usize,
    count: usize,
    variadic: bool,
    at: Flow,
) -> Flow {
    // SAFETY: the frame is given up only when the callee is known to be a closure.
    unsafe {
        let resolved = resolve(cx, callee, at.regs.add(window), count, at);
        let (closure, new, count, at) = match resolved {
            Ok(call) => call,
            Err(flow) => return flow,
        };
        if let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body {
            return tail_call_host(cx, host, closure, new, count, at);
        }
        let base = Frame::at(at.regs).base(variadic);
        let place = Frame::at(at.regs).return_place();
        std::ptr::copy(new, base, count * 2);
        // Errors while entering belong to the caller's frame now; the callee's own frame does not exist yet. They find the
        // caller whole, see `unwind::make_whole`.
        let caller = inside_call(cx, Flow { pc: place, regs: base.sub(return_info(place).delta as usize) });
        enter(cx, closure, base, count, place, caller)
    }
}

/// Calls a host function in place of the running frame. The frame stays until the function returns, so that the function
/// finds out who called it: host functions do not recurse, so this costs no depth.
///
/// # Safety
/// `at` is the running guest frame, and the arguments lie in its window.
unsafe fn tail_call_host(
    cx: &mut Context,
    host: &HostFunction,
    closure: *mut Closure,
    arguments: Regs,
    count: usize,
    at: Flow,
) -> Flow {
    // SAFETY: room is made above the frame before anything is written; the arguments are in the frame's window.
    unsafe {
        let offset = words_between(at.regs, arguments);
        let top = top_of(at.regs).max(offset);
        let needed = CONTINUATION_DELTA + 2 * count + 16;
        let used = at.regs.add(top.max(offset + 2 * count));
        let Some(regs) = cx.reserve(at.regs, used, needed) else { return stack_overflow(cx, at) };
        let at = Flow { regs, ..at };
        let continuation = regs.add(top);
        let new = continuation.add(CONTINUATION_DELTA);
        std::ptr::copy(regs.add(offset), new, count * 2);
        let returns = Continuation::instruction(ContinuationKind::Return, at.pc, std::ptr::null(), top);
        // It nests no deeper than what it stands for, and not less deep either.
        continuation.cast::<Continuation>().write(Continuation { nesting: cx.run.nesting, ..returns });
        let place = cx.continuation_return();
        host_run::invoke(cx, host, closure, new, count, place, at)
    }
}

/// A state for errors that happen in the call which returns to `caller`: the place is inside of the call.
pub(crate) fn inside_call(cx: &Context, caller: Flow) -> Flow {
    let pc = if cx.is_machine_place(caller.pc) { caller.pc } else { caller.pc.wrapping_sub(1) };
    Flow { pc, ..caller }
}

/// Puts `continuation` at `top` words above `at.regs` and calls `callee` above it. Errors of the call happen at `at`.
///
/// # Safety
/// Nothing live is at or above `top`.
pub(crate) unsafe fn call_above(
    cx: &mut Context,
    at: Flow,
    top: usize,
    callee: Value,
    arguments: &[Value],
    continuation: Continuation,
) -> Flow {
    // SAFETY: room is made before anything is written.
    unsafe {
        let Some(place) = put_above(cx, at, top, arguments, continuation) else { return stack_overflow(cx, at) };
        let (new, return_place) = (place.add(CONTINUATION_DELTA), cx.continuation_return());
        match enter_directly(cx, callee, new, arguments.len(), return_place) {
            Some(flow) => flow,
            None => {
                let at = Flow { regs: place.sub(top), ..at };
                cx.is_entering = true;
                let flow = call_value(cx, callee, new, arguments.len(), return_place, at);
                cx.is_entering = false;
                flow
            }
        }
    }
}

/// Puts `continuation` at `top` words above `at.regs`, and arguments where a callee above it finds them; gives where the continuation is,
/// or none when there is no room.
///
/// # Safety
/// As for [`call_above`].
pub(crate) unsafe fn put_above(
    cx: &mut Context,
    at: Flow,
    top: usize,
    arguments: &[Value],
    continuation: Continuation,
) -> Option<Regs> {
    // SAFETY: room is made before anything is written.
    unsafe {
        let needed = CONTINUATION_DELTA + 2 * arguments.len() + 16;
        let place = cx.reserve(at.regs, at.regs.add(top), needed)?.add(top);
        let continuation_at = place.cast::<Continuation>();
        continuation_at.write(continuation);
        (*continuation_at).nesting = cx.nest();
        for (index, &argument) in arguments.iter().enumerate() {
            set_any(place.add(CONTINUATION_DELTA), index * 2, argument);
        }
        Some(place)
    }
}

/// Enters a function that takes exactly so many `any` arguments, which are in place at `new`, if it is one, has code and fits:
/// nothing can go wrong then.
///
/// # Safety
/// `new` is a window on top of the stack, with room for a header below it.
#[inline(always)]
pub(crate) unsafe fn enter_directly(cx: &Context, callee: Value, new: Regs, count: usize, place: Pc) -> Option<Flow> {
    if callee.tag() != Tag::FUNCTION {
        return None;
    }
    let closure = pointer::<Closure>(callee.payload() as usize);
    // SAFETY: the callee is a live closure, whose code has a header.
    unsafe {
        let header = header_at((*closure).code.cast());
        let fits = new.wrapping_add(header.extent as usize) <= cx.stack_end;
        (fits && header.params as usize == count).then(|| enter_at(closure, new, place))
    }
}

/// Whether calls may enter a function directly from `any` code.
pub(crate) fn direct_params(info: &FunctionInfo, convention: Convention, params: u32) -> u32 {
    match convention {
        Convention::Dynamic => params,
        Convention::Typed if info.boundary().is_fast() => TYPED_CALL | params,
        Convention::Typed | Convention::Variadic => NOT_DIRECT,
    }
}

/// A continuation of a host function that is waiting for a call.
pub(crate) fn host_continuation(state: u32, protect: Protect, handler: Value, values: usize) -> Continuation {
    let mut continuation = Continuation::instruction(ContinuationKind::Host, std::ptr::null(), std::ptr::null(), 0);
    continuation.state = state;
    continuation.protect = protect;
    continuation.value = handler;
    continuation.values = u32::try_from(values * 2).expect("a host function keeps less than 2^31 values");
    continuation
}

/// Raises an error value.
///
/// # Safety
/// `at` is the running frame.
#[inline(never)]
pub(crate) unsafe fn throw(cx: &mut Context, at: Flow, value: Value) -> Flow {
    // SAFETY: passed on.
    unsafe { raise(cx, at, value) }
}

const _: () =
    assert!(CONTINUATION_WORDS <= crate::runtime::stack_memory::RESERVE_WORDS, "a continuation fits above the limit");
