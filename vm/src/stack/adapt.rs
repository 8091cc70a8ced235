//! Calls between `any` code and typed code: values are converted on the way in and out.
//!
//! | typed | from `any` | to `any` |
//! |---|---|---|
//! | `i32` | an integer, or a float with an integer value, from -2^31 to 2^32 - 1 | integer, signed |
//! | `i64` | an integer, or a float with an integer value | integer |
//! | `f32`, `f64` | any number (rounded to nearest) | float |
//! | `any` | itself | itself |
//! | records, arrays | nil for null, or an object of that layout | nil for null, or the object |
//! | `v128`, `cell` | never | never |

use super::call::{call_value, enter_typed, values_at, words_between};
use super::record::{RECORD_DELTA, RECORD_WORDS, Record, RecordKind};
use super::unwind::{raise_message, raise_trap};
use crate::context::{Context, return_info};
use crate::dispatch::call::deliver;
use crate::dispatch::convert::{layout_of, object_at};
use crate::dispatch::operands::set_any;
use crate::dispatch::{Flow, Pc, Regs};
use crate::function::{Body, FunctionInfo};
use crate::heap::Closure;
use crate::value::{Value, float_to_int};
use minivm_isa::{Signature, TrapCode, Type};
use std::ptr::with_exposed_provenance_mut as pointer;

/// The words of a value as a register of a type, or what was expected.
pub(crate) fn to_words(value: Value, ty: Type) -> Result<[u64; 2], &'static str> {
    let integer = || value.as_int().or_else(|| value.as_float().and_then(float_to_int));
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

unsafe fn info<'a>(closure: *mut Closure) -> &'a FunctionInfo {
    // SAFETY: closures point to functions, which live as long as the machine.
    unsafe { &*(*closure).function.cast::<FunctionInfo>() }
}

/// The signature of a function that has a number.
fn signature_of(cx: &Context, info: &FunctionInfo) -> Signature {
    cx.signatures[info.signature as usize].clone()
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
    // SAFETY: room is made for the record and the frame of the callee.
    unsafe {
        let signature = signature_of(cx, info(closure));
        let offset = words_between(at.regs, new);
        let needed = 2 * count + RECORD_DELTA + super::call::words_of(&signature.params) + 16;
        let Some(regs) = cx.reserve(at.regs, new, needed) else { return super::call::stack_overflow(cx, at) };
        let (at, new) = (Flow { regs, ..at }, regs.add(offset));
        let arguments = values_at(new, count);
        let record_at = new.add(count * 2);
        let given = |index: usize| arguments.get(index).copied().unwrap_or(Value::NIL);
        if let Err((index, expected)) = write_words(record_at.add(RECORD_DELTA), &signature.params, given) {
            let name = crate::error::function_name(info(closure));
            let found = crate::error::type_name(cx, given(index));
            let message = format!("bad argument #{} to '{name}' ({expected} expected, got {found})", index + 1);
            return raise_message(cx, at, message);
        }
        *new.sub(2) = closure.expose_provenance() as u64;
        *new.sub(1) = place as u64;
        let mut record = Record::instruction(RecordKind::TypedResults, std::ptr::null(), std::ptr::null(), 0);
        record.values = (count * 2) as u32;
        record_at.cast::<Record>().write(record);
        let return_place = cx.record_return();
        let at = Flow { pc: return_place, regs: record_at };
        enter_typed(cx, closure, record_at.add(RECORD_DELTA), return_place, at)
    }
}

/// A typed function called from `any` code has returned.
///
/// # Safety
/// Its record is at `regs`.
pub(crate) unsafe fn typed_results(cx: &mut Context, regs: Regs) -> Flow {
    // SAFETY: the record lies above the arguments, its results above it.
    unsafe {
        let base = regs.sub(Record::at(regs).values as usize);
        let closure = pointer::<Closure>(*base.sub(2) as usize);
        let place = pointer::<u16>(*base.sub(1) as usize).cast_const();
        let signature = signature_of(cx, info(closure));
        let Some(values) = read_words(regs.add(RECORD_WORDS), &signature.results) else {
            return raise_trap(cx, Flow { pc: cx.record_return(), regs }, TrapCode::Unsupported);
        };
        let Some(regs) = cx.reserve(regs, regs, 2 * values.len() + 16) else {
            return super::call::stack_overflow(cx, Flow { pc: cx.record_return(), regs });
        };
        let base = regs.sub(Record::at(regs).values as usize);
        for (index, &value) in values.iter().enumerate() {
            set_any(base, index * 2, value);
        }
        let caller = deliver(cx, base, values.len(), base, place);
        Flow { pc: place, regs: caller }
    }
}

/// Calls a function that is not typed with the words of its typed face at `new`.
///
/// # Safety
/// As for [`enter_typed`]; the closure is a bridge.
pub(crate) unsafe fn typed_to_any(cx: &mut Context, closure: *mut Closure, new: Regs, place: Pc, at: Flow) -> Flow {
    // SAFETY: room is made for the record and the arguments.
    unsafe {
        let Body::Bridge(bridge) = &info(closure).body else {
            return raise_trap(cx, at, TrapCode::IndirectCallType);
        };
        let Some(values) = read_words(new, &bridge.signature.params) else {
            return raise_trap(cx, at, TrapCode::Unsupported);
        };
        let offset = words_between(at.regs, new);
        let Some(regs) = cx.reserve(at.regs, new, RECORD_DELTA + 2 * values.len() + 16) else {
            return super::call::stack_overflow(cx, at);
        };
        let new = regs.add(offset);
        *new.sub(2) = closure.expose_provenance() as u64;
        *new.sub(1) = place as u64;
        new.cast::<Record>().write(Record::instruction(RecordKind::AnyResults, std::ptr::null(), std::ptr::null(), 0));
        let callee = new.add(RECORD_DELTA);
        for (index, &value) in values.iter().enumerate() {
            set_any(callee, index * 2, value);
        }
        let return_place = cx.record_return();
        let at = Flow { pc: return_place, regs: new };
        call_value(cx, bridge.target, callee, values.len(), return_place, at)
    }
}

/// A function called through its typed face has returned `count` values.
///
/// # Safety
/// Its record is at `regs`.
pub(crate) unsafe fn any_results(cx: &mut Context, regs: Regs, count: usize) -> Flow {
    // SAFETY: the record lies where the callee's window was.
    unsafe {
        let closure = pointer::<Closure>(*regs.sub(2) as usize);
        let place = pointer::<u16>(*regs.sub(1) as usize).cast_const();
        let Body::Bridge(bridge) = &info(closure).body else { unreachable!("only bridges make these records") };
        let results = regs.add(RECORD_WORDS);
        let values = values_at(results, count);
        let given = |index: usize| values.get(index).copied().unwrap_or(Value::NIL);
        let info = return_info(place);
        let caller = regs.sub(info.delta as usize);
        // The record itself is read no more: its words may be overwritten.
        if let Err((index, expected)) = write_words(results, &bridge.signature.results, given) {
            let found = crate::error::type_name(cx, given(index));
            let message = format!("bad result #{} of imported function ({expected} expected, got {found})", index + 1);
            return raise_message(cx, Flow { pc: cx.record_return(), regs }, message);
        }
        let words = super::call::words_of(&bridge.signature.results);
        std::ptr::copy(results, caller.add(info.dst as usize), words);
        Flow { pc: place, regs: caller }
    }
}
