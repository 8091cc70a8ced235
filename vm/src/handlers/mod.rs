//! The interpreter: small functions over threaded code, each of which ends by jumping to the next.
//!
//! A threaded instruction is the address of its handler followed by a stream of 16-bit operands, padded to 8 bytes; what they are
//! stands in `threaded/rows.rs`, which handler each row has in `table.rs`. There is one set of handlers and two ways to go from
//! one to the next, chosen when the crate is built:
//! - **tail**: a call in tail position, which LLVM turns into a jump when it optimises;
//! - **loop**: the handler saves its state and returns to a loop. Used without optimisation, with debug assertions, under
//!   Miri, on other processors, and with the feature `loop-dispatch`.
//!
//! What keeps a handler a leaf without pushes (measured, see the test in `conformance`): it returns `()`, has at most four
//! state arguments, and reaches everything slow by a tail call to a function of the same signature.

use crate::runtime::context::Context;
use crate::runtime::context::Handler;
use crate::threaded::HandlerAddress;
use crate::threaded::return_stubs::StubHandlers;

/// Defines a handler: `handler! { fn name<generics>(pc, regs, cx, facc) where bounds { body } }`.
macro_rules! handler {
    ($(#[$attr:meta])* $vis:vis fn $name:ident $(<$($g:ident $(: $bound:path)?),*>)? (
        $pc:ident, $regs:ident, $cx:ident, $facc:ident
    ) $body:block) => {
        #[cfg(target_arch = "x86_64")]
        $(#[$attr])*
        #[allow(unused_mut, reason = "state is changed by some handlers only")]
        $vis unsafe extern "sysv64" fn $name $(<$($g $(: $bound)?),*>)? (
            mut $pc: $crate::threaded::Pc, mut $regs: $crate::threaded::Regs, $cx: *mut $crate::runtime::context::Context, mut $facc: f64,
        ) {
            // SAFETY: the compiler only makes code for verified functions, so operands are inside the frame and of their types,
            // and calls reserve the whole frame.
            unsafe { $body }
        }
        #[cfg(not(target_arch = "x86_64"))]
        $(#[$attr])*
        #[allow(unused_mut, reason = "state is changed by some handlers only")]
        $vis unsafe extern "C" fn $name $(<$($g $(: $bound)?),*>)? (
            mut $pc: $crate::threaded::Pc, mut $regs: $crate::threaded::Regs, $cx: *mut $crate::runtime::context::Context, mut $facc: f64,
        ) {
            // SAFETY: as above.
            unsafe { $body }
        }
    };
}

/// Defines a handler whose work needs memory of the native stack (lists, messages, values passed by address): a function that
/// says where to go on, and a handler that calls it and then goes on with nothing of its own left on the stack.
/// `slow_handler! { fn name<generics>(pc, regs, cx) { body that gives a Flow } }`.
macro_rules! slow_handler {
    ($(#[$attr:meta])* $vis:vis fn $name:ident $(<$($g:ident : $bound:path),*>)? (
        $pc:ident, $regs:ident, $cx:ident
    ) $body:block) => {
        handler! {
            $(#[$attr])*
            #[inline(never)]
            $vis fn $name $(<$($g: $bound),*>)? (pc, regs, cx, facc) {
                #[inline(never)]
                unsafe fn work $(<$($g: $bound),*>)? (
                    $pc: $crate::threaded::Pc, $regs: $crate::threaded::Regs, $cx: *mut $crate::runtime::context::Context,
                ) -> $crate::threaded::Flow {
                    // SAFETY: as for every handler.
                    unsafe { $body }
                }
                follow!(work $(::<$($g),*>)? (pc, regs, cx), cx, facc)
            }
        }
    };
}

/// Ends a handler: goes on at `pc`.
#[cfg(minivm_tail)]
macro_rules! next {
    ($pc:expr, $regs:expr, $cx:expr, $facc:expr) => {{
        let pc: $crate::threaded::Pc = $pc;
        let handler = *pc.cast::<$crate::runtime::context::Handler>();
        return handler(pc, $regs, $cx, $facc);
    }};
}
#[cfg(not(minivm_tail))]
macro_rules! next {
    ($pc:expr, $regs:expr, $cx:expr, $facc:expr) => {{
        (*$cx).pc = $pc;
        (*$cx).regs = $regs;
        (*$cx).facc = $facc;
        return;
    }};
}

/// Ends a handler: leaves everything to a slower function of the same signature.
macro_rules! slow {
    ($function:expr, $pc:expr, $regs:expr, $cx:expr, $facc:expr) => {{
        return $function($pc, $regs, $cx, $facc);
    }};
}

/// Ends a slow function: goes on where `flow` says, or leaves the interpreter.
macro_rules! follow {
    ($flow:expr, $cx:expr, $facc:expr) => {{
        let mut flow: $crate::threaded::Flow = $flow;
        if flow.pc.is_null() {
            return;
        }
        if (*$cx).stepping {
            flow = $crate::runtime::stepping::to_baseline(&mut *$cx, flow);
        }
        next!(flow.pc, flow.regs, $cx, $facc)
    }};
}

pub(crate) mod boundary;
pub(crate) mod call;
pub(crate) mod closure;
pub(crate) mod control;
pub(crate) mod convert;
pub(crate) mod copy;
pub(crate) mod dynamic;
pub(crate) mod entries;
pub(crate) mod fiber;
pub(crate) mod list;
pub(crate) mod method;
pub(crate) mod native;
pub(crate) mod object;
pub(crate) mod record;
pub(crate) mod sources;
pub(crate) mod stepping;
pub(crate) mod string;
pub(crate) mod table;
pub(crate) mod typed;

/// The handlers of the machine's own places.
pub(crate) fn stubs() -> StubHandlers {
    StubHandlers {
        continuation_returned: HandlerAddress::from(call::continuation_returned as Handler),
        typed_returned: HandlerAddress::from(boundary::typed_returned as Handler),
        bridge_returned: [
            HandlerAddress::from(boundary::bridge_returned_none as Handler),
            HandlerAddress::from(boundary::bridge_returned_one as Handler),
            HandlerAddress::from(boundary::bridge_returned as Handler),
            HandlerAddress::from(boundary::bridge_returned as Handler),
        ],
        bridge_enter: HandlerAddress::from(boundary::bridge_enter as Handler),
        no_code: HandlerAddress::from(call::enter_stub as Handler),
        enter_native: HandlerAddress::from(native::enter_native as Handler),
    }
}

/// Whether this build goes from handler to handler by tail calls.
pub const fn uses_tail_calls() -> bool {
    cfg!(minivm_tail)
}

const _: () = assert!(
    !(uses_tail_calls() && cfg!(debug_assertions)),
    "debug assertions keep calls in tail position from becoming jumps: build with the feature `loop-dispatch`"
);

/// Runs from the context's saved state until something sets another status.
///
/// # Safety
/// The saved `pc` and `regs` are those of a live frame of the context's stack.
pub(crate) unsafe fn run(cx: *mut Context) {
    // SAFETY: the caller vouches for the state, and every handler leaves a state it would accept.
    unsafe {
        #[cfg(minivm_tail)]
        {
            let handler = *(*cx).pc.cast::<Handler>();
            handler((*cx).pc, (*cx).regs, cx, (*cx).facc);
        }
        #[cfg(not(minivm_tail))]
        while (*cx).status.is_running() {
            let handler = *(*cx).pc.cast::<Handler>();
            handler((*cx).pc, (*cx).regs, cx, (*cx).facc);
        }
    }
}
