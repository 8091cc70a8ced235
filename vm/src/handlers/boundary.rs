//! Calls over the boundary between `any` code and typed code, for the types that convert in a few instructions; everything
//! else goes through `stack::adapt`, whose table of conversions holds here too.
//!
//! A call over the boundary has a frame of its own between caller and callee: its header names the function called and the
//! caller's return place, and the callee returns to a place of the machine, which converts the results. Nothing in such a
//! frame is live while the callee runs.

use crate::heap::Closure;
use crate::runtime::boundary as general;
use crate::runtime::context::{Context, return_info};
use crate::runtime::function::FunctionInfo;
use crate::runtime::host::Intrinsic;
use crate::threaded::boundary;
use crate::threaded::boundary::{BoundarySignature, TYPE_BITS, TYPE_MASK};
use crate::threaded::continuation::FRAME_HEADER_WORDS;
use crate::threaded::frame::Frame;
use crate::threaded::header_at;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::threaded::{Flow, Regs};
use crate::threaded::{OPEN, TYPED_CALL};
use crate::value::{Tag, Value};
use std::ptr::with_exposed_provenance_mut as pointer;

/// The boundary signature of the function in the header of a frame.
///
/// # Safety
/// `regs` are those of a boundary frame.
#[inline(always)]
unsafe fn boundary_of<'a>(regs: Regs) -> (&'a BoundarySignature, *mut Closure) {
    // SAFETY: the header of a boundary frame names a closure, whose function lives as long as the frame.
    unsafe {
        let closure = Frame::at(regs).closure();
        ((*(*closure).function.cast::<FunctionInfo>()).boundary(), closure)
    }
}

/// The word of a value of a type that takes one word, if it converts at once.
#[inline(always)]
fn word_of(value: Value, ty: u64) -> Option<u64> {
    debug_assert!(ty > boundary::MANY, "other types have no tag");
    let (payload, tag) = (value.payload(), u64::from(value.tag().0));
    if ty & !boundary::CONVERTED == tag {
        if ty & boundary::CONVERTED == 0 {
            return Some(payload);
        }
        if ty == boundary::I32 {
            let fits = payload.wrapping_add(1 << 31) < (1 << 31) + (1 << 32);
            return if fits { Some(payload & 0xffff_ffff) } else { None };
        }
        return Some(u64::from((f64::from_bits(payload) as f32).to_bits()));
    }
    if ty == boundary::F64 && value.tag() == Tag::INT { Some((payload as i64 as f64).to_bits()) } else { None }
}

/// The value of a word of a type that takes one word.
#[inline(always)]
fn value_of(word: u64, ty: u64) -> Value {
    let payload = match ty {
        boundary::I32 => word as i32 as i64 as u64,
        boundary::F32 => f64::from(f32::from_bits(word as u32)).to_bits(),
        _ => word,
    };
    Value { payload, tag: Tag((ty & !boundary::CONVERTED) as u32) }
}

handler! {
    /// `call_any…` where the callee is no `any` function that takes exactly these arguments, but perhaps a typed one, or one of the
    /// host with a fast path.
    #[inline(never)]
    pub(crate) fn call_any_other(pc, regs, cx, facc) {
        let call = rows::CallAny::read(pc);
        if crate::threaded::operands::tag_at(regs, call.callee) == Tag::FUNCTION {
            let closure = pointer::<Closure>(*regs.add(call.callee) as usize);
            let header = header_at((*closure).code.cast::<u16>());
            if header.params == TYPED_CALL | call.arguments as u32 && (*cx).fuel >= 0 && !(*cx).stepping {
                slow!(call_typed_from_any, pc, regs, cx, facc)
            }
            if let Some(host) = super::call::host_of(closure)
                && matches!(host.intrinsic, Some(Intrinsic::FastPath(_)))
                && (*cx).fuel >= 0
            {
                slow!(super::call::call_fast_path_slow, pc, regs, cx, facc)
            }
        }
        slow!(super::call::call_any_slow, pc, regs, cx, facc)
    }
}

handler! {
    /// A call of a typed function with the right number of arguments.
    #[inline(never)]
    fn call_typed_from_any(pc, regs, cx, facc) {
        let call = rows::CallAny::read(pc);
        let closure = pointer::<Closure>(*regs.add(call.callee) as usize);
        let mut types = (*(*closure).function.cast::<FunctionInfo>()).boundary().params;
        let mut from = regs.add(call.window);
        let mut to = from.add(call.arguments * 2 + FRAME_HEADER_WORDS);
        if to.wrapping_add(header_at((*closure).code.cast::<u16>()).extent as usize) > (*cx).stack_end {
            slow!(super::call::call_any_slow, pc, regs, cx, facc)
        }
        while types != 0 {
            let (ty, value) = (types & TYPE_MASK, get_any(from, 0));
            if ty == boundary::ANY {
                set_any(to, 0, value);
                to = to.add(1);
            } else if let Some(word) = word_of(value, ty) {
                *to = word;
            } else {
                slow!(super::call::call_any_slow, pc, regs, cx, facc)
            }
            to = to.add(1);
            from = from.add(2);
            types >>= TYPE_BITS;
        }
        // The operands again: what is kept over the loop would cost registers of the caller's.
        let call = rows::CallAny::read(pc);
        let closure = pointer::<Closure>(*regs.add(call.callee) as usize);
        let new = regs.add(call.window);
        let callee = new.add(call.arguments * 2 + FRAME_HEADER_WORDS);
        Frame::at(new).begin(closure, rows::CallAny::next(pc));
        Frame::at(callee).begin(closure, (*(*closure).function.cast::<FunctionInfo>()).boundary().place);
        next!((*closure).code.cast::<u16>(), callee, cx, facc)
    }
}

handler! {
    /// A typed function has returned to `any` code; its result words lie at the start of the boundary frame.
    pub(crate) fn typed_returned(pc, regs, cx, facc) {
        let (boundary, _) = boundary_of(regs);
        let place = Frame::at(regs).return_place();
        let wanted = return_info(place);
        if boundary.result > boundary::MANY && wanted.results == 1 && !(*cx).stepping {
            let value = value_of(*regs, boundary.result);
            let caller = regs.sub(wanted.delta as usize);
            set_any(caller, wanted.dst as usize, value);
            next!(place, caller, cx, facc)
        }
        slow!(typed_returned_other, pc, regs, cx, facc)
    }
}

handler! {
    /// A typed function has returned no result, an `any`, or to a call that takes any number of results.
    #[inline(never)]
    fn typed_returned_other(pc, regs, cx, facc) {
        let (boundary, _) = boundary_of(regs);
        let place = Frame::at(regs).return_place();
        let wanted = return_info(place);
        if boundary.result == boundary::MANY || (wanted.results != 1 && wanted.results != OPEN) || (*cx).stepping {
            slow!(typed_returned_slow, pc, regs, cx, facc)
        }
        let value = match boundary.result {
            boundary::NONE => Value::NIL,
            boundary::ANY => get_any(regs, 0),
            ty => value_of(*regs, ty),
        };
        if wanted.results == OPEN {
            (*cx).open_count = usize::from(boundary.result != boundary::NONE);
        }
        let caller = regs.sub(wanted.delta as usize);
        set_any(caller, wanted.dst as usize, value);
        next!(place, caller, cx, facc)
    }
}

slow_handler! {
    fn typed_returned_slow(pc, regs, cx) {
        let _ = pc;
        general::typed_results(&mut *cx, regs)
    }
}

handler! {
    /// The entry of a bridge: typed code calls an `any` function. The argument words lie at the start of the frame, which
    /// becomes the boundary frame; the values go above its two words that become the header of the callee.
    pub(crate) fn bridge_enter(pc, regs, cx, facc) {
        let (boundary, closure) = boundary_of(regs);
        let target = (*Closure::upvalues(closure)).pointer().cast::<Closure>();
        let entry = (*target).code.cast::<u16>();
        let header = header_at(entry);
        let new = regs.add(FRAME_HEADER_WORDS);
        let fits = new.wrapping_add(header.extent as usize) <= (*cx).stack_end;
        if header.params == boundary.count && fits && !(*cx).stepping {
            // From the last one on: a value lies above its words and those of the ones before.
            let (mut types, mut from) = (boundary.params, regs.add(boundary.words as usize));
            let mut to = new.add(boundary.count as usize * 2);
            while types != 0 {
                to = to.sub(2);
                let value = match types & TYPE_MASK {
                    boundary::ANY => {
                        from = from.sub(2);
                        get_any(from, 0)
                    }
                    ty => {
                        from = from.sub(1);
                        value_of(*from, ty)
                    }
                };
                set_any(to, 0, value);
                types >>= TYPE_BITS;
            }
            Frame::at(new).begin(target, boundary.place);
            next!(entry, new, cx, facc)
        }
        slow!(bridge_enter_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    fn bridge_enter_slow(pc, regs, cx) {
        let _ = pc;
        let (boundary, closure) = boundary_of(regs);
        let place = Frame::at(regs).return_place();
        let at = Flow { pc: boundary.place, regs };
        general::typed_to_any(&mut *cx, closure, regs, place, at)
    }
}

handler! {
    /// An `any` function has returned to typed code that wants no result.
    pub(crate) fn bridge_returned_none(pc, regs, cx, facc) {
        let place = Frame::at(regs).return_place();
        if (*cx).stepping {
            slow!(bridge_returned, pc, regs, cx, facc)
        }
        next!(place, regs.sub(return_info(place).delta as usize), cx, facc)
    }
}

handler! {
    /// An `any` function has returned to typed code that wants one result of a type that converts at once; it lies at the start
    /// of the boundary frame.
    pub(crate) fn bridge_returned_one(pc, regs, cx, facc) {
        let (boundary, _) = boundary_of(regs);
        let place = Frame::at(regs).return_place();
        let wanted = return_info(place);
        let caller = regs.sub(wanted.delta as usize);
        let value = get_any(regs, 0);
        if (*cx).stepping {
            slow!(bridge_returned, pc, regs, cx, facc)
        }
        if boundary.result == boundary::ANY {
            set_any(caller, wanted.dst as usize, value);
            next!(place, caller, cx, facc)
        }
        if let Some(word) = word_of(value, boundary.result) {
            *caller.add(wanted.dst as usize) = word;
            next!(place, caller, cx, facc)
        }
        slow!(bridge_returned, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// An `any` function has returned to typed code.
    pub(crate) fn bridge_returned(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let count = cx.return_stubs.bridge_results(pc).unwrap_or(cx.open_count);
        general::any_results(cx, regs, count)
    }
}

const _: () = assert!(FRAME_HEADER_WORDS == 2, "values of a bridge lie two words above the words they come from");
