//! Calls between `any` code and typed code: values are converted on the way in and out.
//!
//! | typed | from `any` | to `any` |
//! |---|---|---|
//! | `i32` | an integer, or a float with an integer value, from -2^31 to 2^32 - 1; false as 0, true as 1 | integer, signed |
//! | `i64` | an integer, or a float with an integer value; false as 0, true as 1 | integer |
//! | `f32`, `f64` | any number (rounded to nearest) | float |
//! | `any` | itself | itself |
//! | records, arrays | nil for null, or an object of that layout | nil for null, or the object |
//! | `v128`, `cell` | never | never |
//!
//! This is the general way; `handlers::boundary` has the fast one and says what lies on the stack.

use super::unwind::{raise_message, raise_trap};
use crate::heap::Closure;
use crate::heap::Header;
use crate::runtime::call::{call_value, enter_typed, stack_overflow};
use crate::runtime::context::{Context, return_info};
use crate::runtime::deliver::deliver;
use crate::runtime::error::argument_message;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::layouts::{layout_of, object_at};
use crate::threaded::continuation::FRAME_HEADER_WORDS;
use crate::threaded::frame::Frame;
use crate::threaded::header_at;
use crate::threaded::operands::set_any;
use crate::threaded::operands::{values_at, words_between, words_of};
use crate::threaded::{Flow, Pc, Regs};
use crate::value::{Tag, Value, float_to_int};
use minivm_isa::{Signature, TrapCode, Type, steps};
use std::rc::Rc;

/// The words of a value as a register of a type, or what was expected.
pub(crate) fn to_words(value: Value, ty: Type) -> Result<[u64; 2], &'static str> {
    let integer = || match value.tag() {
        Tag::FALSE => Some(0),
        Tag::TRUE => Some(1),
        _ => value.as_int().or_else(|| value.as_float().and_then(float_to_int)),
    };
    let float = || value.as_float().or_else(|| value.as_int().map(|int| int as f64));
    match ty {
        Type::Any => Ok([value.payload(), u64::from(value.tag().0)]),
        Type::I32 => match integer() {
            Some(int) if (-(1 << 31)..1 << 32).contains(&int) => Ok([u64::from(int as u32), 0]),
            Some(_) => Err("32-bit integer"),
            None => Err("integer"),
        },
        Type::I64 => integer().map(|int| [int as u64, 0]).ok_or("integer"),
        Type::F32 => float().map(|float| [u64::from((float as f32).to_bits()), 0]).ok_or("number"),
        Type::F64 => float().map(|float| [float.to_bits(), 0]).ok_or("number"),
        Type::Ref(_) if value.is_nil() => Ok([0, 0]),
        // SAFETY: values at hand are reachable. Types of the machine name layouts by the machine's numbers.
        Type::Ref(layout) => match unsafe { layout_of(value) } {
            Some(found) if found == layout.as_u32() => Ok([value.payload(), 0]),
            Some(_) => Err("object of another layout"),
            None => Err("record or array"),
        },
        Type::V128 | Type::Cell => Err("value of a type that has no dynamic form"),
    }
}

/// The value of the words of a register of a type, where it has one.
pub(crate) fn from_words(words: [u64; 2], ty: Type) -> Option<Value> {
    match ty {
        // SAFETY: an `any` register always holds a value.
        Type::Any => Some(unsafe { Value::from_parts(words[0], crate::value::Tag(words[1] as u32)) }),
        Type::I32 => Some(Value::int(i64::from(words[0] as u32 as i32))),
        Type::I64 => Some(Value::int(words[0] as i64)),
        Type::F32 => Some(Value::float(f64::from(f32::from_bits(words[0] as u32)))),
        Type::F64 => Some(Value::float(f64::from_bits(words[0]))),
        Type::Ref(_) if words[0] == 0 => Some(Value::NIL),
        // SAFETY: reference registers are null or hold the address of a live object.
        Type::Ref(_) => Some(unsafe { Value::from_object(object_at(words[0])) }),
        Type::V128 | Type::Cell => None,
    }
}

/// Writes values as words of these types.
///
/// # Safety
/// The caller made room for the words of these types.
unsafe fn write_words(to: Regs, types: &[Type], values: impl Fn(usize) -> Value) -> Result<(), (usize, &'static str)> {
    let mut offset = 0;
    for (index, &ty) in types.iter().enumerate() {
        let words = to_words(values(index), ty).map_err(|expected| (index, expected))?;
        for &word in &words[..ty.words() as usize] {
            // SAFETY: the caller made room for the words of these types.
            unsafe { *to.add(offset) = word };
            offset += 1;
        }
    }
    Ok(())
}

/// Reads words of these types as values.
///
/// # Safety
/// Words of these types lie there, references to live objects.
unsafe fn read_words(from: Regs, types: &[Type]) -> Option<Vec<Value>> {
    let mut offset = 0;
    types
        .iter()
        .map(|&ty| {
            let count = ty.words() as usize;
            // SAFETY: the words of these types lie there.
            let words = unsafe { [*from.add(offset), if count > 1 { *from.add(offset + 1) } else { 0 }] };
            offset += count;
            from_words(words, ty)
        })
        .collect()
}

/// # Safety
/// The closure is live (invariant 6).
unsafe fn info<'a>(closure: *mut Closure) -> &'a FunctionInfo {
    // SAFETY: closures point to functions, which live as long as they do.
    unsafe { &*(*closure).function.cast::<FunctionInfo>() }
}

/// The signature of a function that has a number.
fn signature_of(cx: &Context, info: &FunctionInfo) -> Rc<Signature> {
    cx.signatures[info.signature as usize].clone()
}

/// The function behind a bridge, and its name if it was imported.
///
/// # Safety
/// The closure is a live bridge.
pub(crate) unsafe fn behind(bridge: *mut Closure) -> (Value, Value) {
    // SAFETY: bridges are made with these two captured values.
    unsafe { (*Closure::upvalues(bridge), *Closure::upvalues(bridge).add(1)) }
}

/// Calls a typed function with `count` `any` arguments at `new`.
///
/// # Safety
/// As for [`super::call::enter`].
pub(crate) unsafe fn any_to_typed(
    cx: &mut Context,
    closure: *mut Closure,
    new: Regs,
    count: usize,
    place: Pc,
    at: Flow,
) -> Flow {
    // SAFETY: room is made for the boundary frame and the frame of the callee.
    unsafe {
        let signature = signature_of(cx, info(closure));
        let (params, words) = (&signature.params[..], words_of(&signature.params));
        let arguments = values_at(new, count);
        let given = |index: usize| arguments.get(index).copied().unwrap_or(Value::NIL);
        // They are not where the fast way has them, so nothing is overwritten when one does not convert.
        let mut converted = vec![0; words];
        if let Err((index, expected)) = write_words(converted.as_mut_ptr(), params, given) {
            let message = argument_message(cx, info(closure), index, params[index], expected, arguments.get(index));
            return raise_message(cx, at, message);
        }
        if let Some(flow) = into_bridge(cx, closure, &signature, &converted, place, new) {
            return flow;
        }
        let Some(boundary) = cx.return_stubs.typed(count.max(params.len())) else {
            return raise_trap(cx, at, TrapCode::Unsupported);
        };
        let delta = return_info(boundary).delta as usize;
        let offset = words_between(at.regs, new);
        // As much as the extent of the callee, which is asked for next, contains anyway.
        let Some(regs) = cx.reserve(at.regs, new, delta + words) else { return stack_overflow(cx, at) };
        let new = regs.add(offset);
        Frame::at(new).begin(closure, place);
        let callee = new.add(delta);
        std::ptr::copy_nonoverlapping(converted.as_ptr(), callee, words);
        enter_typed(cx, closure, callee, boundary, Flow { pc: boundary, regs: new })
    }
}

/// A tail call out of an `any` function that typed code has called: where both want the same results, the callee takes the
/// place of the boundary frame below, so that such calls do not pile up.
///
/// # Safety
/// `closure` is the callee of a tail call that returns to `place`, below which lies the boundary frame of a bridge.
unsafe fn into_bridge(
    cx: &mut Context,
    closure: *mut Closure,
    signature: &Signature,
    arguments: &[u64],
    place: Pc,
    new: Regs,
) -> Option<Flow> {
    if !cx.return_stubs.is_bridge(place) {
        return None;
    }
    // SAFETY: the place says that a boundary frame is below, which waits for nothing but this call.
    unsafe {
        let bridge = new.sub(FRAME_HEADER_WORDS);
        let wanted = signature_of(cx, info(Frame::at(bridge).closure()));
        if wanted.results != signature.results {
            return None;
        }
        let place = Frame::at(bridge).return_place();
        let caller = Flow { pc: place, regs: bridge.sub(return_info(place).delta as usize) };
        let at = super::call::inside_call(cx, caller);
        let offset = words_between(at.regs, bridge);
        let Some(regs) = cx.reserve(at.regs, bridge, arguments.len() + 16) else { return Some(stack_overflow(cx, at)) };
        let new = regs.add(offset);
        std::ptr::copy_nonoverlapping(arguments.as_ptr(), new, arguments.len());
        Some(enter_typed(cx, closure, new, place, Flow { regs, ..at }))
    }
}

/// A typed function called from `any` code has returned.
///
/// # Safety
/// Its boundary frame, with the result words at its start, is at `regs`.
pub(crate) unsafe fn typed_results(cx: &mut Context, regs: Regs) -> Flow {
    // SAFETY: the header of the boundary frame names the function and the return place.
    unsafe {
        let closure = Frame::at(regs).closure();
        let place = Frame::at(regs).return_place();
        let signature = signature_of(cx, info(closure));
        let caller = Flow { pc: place, regs: regs.sub(return_info(place).delta as usize) };
        let at = super::call::inside_call(cx, caller);
        let Some(values) = read_words(regs, &signature.results) else {
            return raise_trap(cx, at, TrapCode::Unsupported);
        };
        let offset = words_between(at.regs, regs);
        let Some(below) = cx.reserve(at.regs, regs, 2 * values.len()) else { return stack_overflow(cx, at) };
        let base = below.add(offset);
        for (index, &value) in values.iter().enumerate() {
            set_any(base, index * 2, value);
        }
        let caller = deliver(cx, base, values.len(), base, place);
        Flow { pc: place, regs: caller }
    }
}

/// Calls a function that is not typed with the words of its typed signature at `new`.
///
/// # Safety
/// As for [`enter_typed`]; the closure is a bridge.
pub(crate) unsafe fn typed_to_any(cx: &mut Context, closure: *mut Closure, new: Regs, place: Pc, at: Flow) -> Flow {
    // SAFETY: room is made for the boundary frame and the arguments.
    unsafe {
        let Body::Bridge(bridge) = &info(closure).body else {
            return raise_trap(cx, at, TrapCode::IndirectCallType);
        };
        let signature = &bridge.signature;
        let Some(values) = read_words(new, &signature.params) else {
            return raise_trap(cx, at, TrapCode::Unsupported);
        };
        let offset = words_between(at.regs, new);
        let needed = header_at((*closure).code.cast()).extent as usize;
        let Some(regs) = cx.reserve(at.regs, new, needed) else { return stack_overflow(cx, at) };
        let new = regs.add(offset);
        Frame::at(new).begin(closure, place);
        let callee = new.add(FRAME_HEADER_WORDS);
        for (index, &value) in values.iter().enumerate() {
            set_any(callee, index * 2, value);
        }
        let boundary = cx.return_stubs.bridge(&signature.results);
        call_value(cx, behind(closure).0, callee, values.len(), boundary, Flow { pc: boundary, regs: new })
    }
}

/// A function called through its typed signature has returned `count` values.
///
/// # Safety
/// Its boundary frame, with the values at its start, is at `regs`.
pub(crate) unsafe fn any_results(cx: &mut Context, regs: Regs, count: usize) -> Flow {
    // SAFETY: the header of the boundary frame names the bridge and the return place.
    unsafe {
        let closure = Frame::at(regs).closure();
        let place = Frame::at(regs).return_place();
        let Body::Bridge(bridge) = &info(closure).body else { unreachable!("only bridges have such boundary frames") };
        let signature = &bridge.signature;
        let values = values_at(regs, count);
        let given = |index: usize| values.get(index).copied().unwrap_or(Value::NIL);
        let mut words = vec![0; words_of(&signature.results)];
        if let Err((index, expected)) = write_words(words.as_mut_ptr(), &signature.results, given) {
            let message = crate::runtime::error::result_message(
                cx,
                behind(closure),
                index,
                signature.results[index],
                expected,
                values.get(index),
            );
            let caller = Flow { pc: place, regs: regs.sub(return_info(place).delta as usize) };
            let at = super::call::inside_call(cx, caller);
            return raise_message(cx, at, message);
        }
        let info = return_info(place);
        let caller = regs.sub(info.delta as usize);
        std::ptr::copy_nonoverlapping(words.as_ptr(), caller.add(info.dst as usize), words.len());
        Flow { pc: place, regs: caller }
    }
}

impl Context {
    /// A function value as a typed function of this signature and number; `name` is what it was imported as, or nil.
    pub(crate) fn bridge(
        &mut self,
        target: Value,
        name: Value,
        number: u32,
    ) -> Result<*mut Closure, crate::heap::OutOfMemory> {
        let info = self.bridge_info(number);
        // SAFETY: the box does not move as long as the machine.
        let bridge = self.closure_of(unsafe { &*info }, 2)?;
        let closure = bridge.as_function().expect("it was just made");
        // SAFETY: the new closure has two slots, which are fresh.
        unsafe {
            target.store(Closure::upvalues(closure));
            name.store(Closure::upvalues(closure).add(1));
            (*closure).header.set(Header::SEALED);
        }
        Ok(closure)
    }
}

impl Context {
    /// Whether there can be bridges for a signature of the machine.
    pub(crate) fn has_bridge(&self, number: u32) -> bool {
        self.bridges.contains_key(&number) || can_be_bridged(&self.signatures[number as usize])
    }

    /// The bridge for a signature of the machine. It does not move as long as the machine.
    pub(crate) fn bridge_info(&mut self, number: u32) -> *const FunctionInfo {
        if !self.bridges.contains_key(&number) {
            let signature = self.signatures[number as usize].clone();
            let made = FunctionInfo::bridge(signature, number, &self.return_stubs);
            self.bridges.insert(number, made);
        }
        &raw const **self.bridges.get(&number).expect("it was just made")
    }
}

/// Whether values of a signature can pass the boundary at all.
pub(crate) fn can_be_bridged(signature: &Signature) -> bool {
    steps::count(signature.params.len() + signature.results.len());
    signature.params.iter().chain(&signature.results).all(|ty| !matches!(ty, Type::V128 | Type::Cell))
}
