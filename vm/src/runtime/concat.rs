//! Concatenation, which may call a metamethod between any two values and then goes on.

use crate::format::{self, INT_BYTES_MAX};
use crate::heap::Heap;
use crate::heap::OutOfMemory;
use crate::heap::Str;
use crate::number;
use crate::runtime::builtin::AT_ONCE_BYTES_MAX;
use crate::runtime::builtin::Builtin;
use crate::runtime::context::Context;
use crate::runtime::error;
use crate::runtime::function::top_of;
use crate::runtime::host::FAST_PATH_BYTES_MAX;
use crate::runtime::metamethod::Metamethod;
use crate::runtime::unwind::raise_message;
use crate::runtime::unwind::raise_trap;
use crate::runtime::work::units_of_bytes;
use crate::threaded::Flow;
use crate::threaded::Pc;
use crate::threaded::continuation::Continuation;
use crate::threaded::continuation::ContinuationKind;
use crate::threaded::operands::set_any;
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::Tag;
use crate::value::Value;
use minivm_isa::TrapCode;

/// Values that [`join_few`] takes at most.
pub(crate) const FEW: usize = 8;

/// Joins a few strings and integers that are not long together; none where more than that is asked for, or there is no memory.
///
/// # Safety
/// The values are reachable, and no more than [`FEW`].
#[inline(always)]
pub(crate) unsafe fn join_few(heap: &mut Heap, values: &[Value]) -> Option<Value> {
    let mut digits = [[0; INT_BYTES_MAX]; FEW];
    let mut pieces: [&[u8]; FEW] = [&[]; FEW];
    let mut bytes = 0;
    for ((value, piece), digits) in values.iter().zip(&mut pieces).zip(&mut digits) {
        *piece = match value.tag() {
            // SAFETY: the caller keeps the operands reachable.
            Tag::STRING => unsafe { Str::bytes(value.pointer().cast()) },
            Tag::INT => format::int(value.payload() as i64, digits),
            _ => return None,
        };
        bytes += piece.len();
    }
    if bytes > FAST_PATH_BYTES_MAX {
        return None;
    }
    // SAFETY: the string was just made.
    heap.concat(&pieces[..values.len()]).ok().map(|string| unsafe { Value::from_string(string) })
}

/// Joins values from the right; the result goes to register word `dst`.
///
/// # Safety
/// `at` is the running guest frame, at a concatenation.
pub(crate) unsafe fn concat_values(cx: &mut Context, at: Flow, mut values: Vec<Value>, dst: usize, next: Pc) -> Flow {
    // SAFETY: the operands are reachable from the frame, and nothing is collected while they are joined.
    unsafe {
        while values.len() > 1 {
            let (mut first, mut bytes) = (values.len(), 0usize);
            for value in values.iter().rev() {
                // Numbers are short.
                match value.as_string() {
                    Some(string) => bytes += Str::len(string),
                    None if number::to_float(*value).is_some() => {}
                    None => break,
                }
                first -= 1;
            }
            if values.len() - first < 2 {
                return concat_metamethod(cx, at, values, dst, next);
            }
            if bytes > AT_ONCE_BYTES_MAX {
                let callee = cx.builtin(Builtin::Concat);
                let joined = values.split_off(first);
                return call_to_concat(cx, at, values, dst, next, callee, &joined);
            }
            match join(cx, &values[first..]) {
                Ok(value) => {
                    values.truncate(first);
                    values.push(value);
                    if bytes > FAST_PATH_BYTES_MAX {
                        cx.owe(units_of_bytes(bytes));
                    }
                }
                Err(_) if values.len() == operand_count(at) => return crate::runtime::collect::make_room_at(cx, at),
                // A metamethod was called already.
                Err(_) => return raise_trap(cx, at, TrapCode::OutOfMemory),
            }
        }
        set_any(at.regs, dst, values[0]);
        Flow { pc: next, regs: at.regs }
    }
}

/// How many values the concatenation at `at` joins.
///
/// # Safety
/// The caller vouches for the instruction.
unsafe fn operand_count(at: Flow) -> usize {
    // SAFETY: the caller vouches for the instruction.
    unsafe { rows::Concat::read(at.pc) }.values.count
}

/// # Safety
/// The values are reachable.
unsafe fn join(cx: &mut Context, values: &[Value]) -> Result<Value, OutOfMemory> {
    let mut numbers: Vec<String> = Vec::new();
    for value in values.iter().filter(|value| value.tag() != Tag::STRING) {
        numbers.push(format::number(*value));
    }
    let mut number = numbers.iter();
    let pieces: Vec<&[u8]> = values
        .iter()
        .map(|value| match value.as_string() {
            // SAFETY: the operands are reachable.
            Some(string) => unsafe { Str::bytes(string) },
            None => number.next().expect("one for each value that is not a string").as_bytes(),
        })
        .collect();
    // SAFETY: the string was just made.
    cx.heap.concat(&pieces).map(|string| unsafe { Value::from_string(string) })
}

/// # Safety
/// `at` is the running guest frame, whole; `dst` is one of its registers, and `next` the place after the instruction.
unsafe fn concat_metamethod(cx: &mut Context, at: Flow, mut values: Vec<Value>, dst: usize, next: Pc) -> Flow {
    let rhs = values.pop().expect("two values are left");
    let lhs = values.pop().expect("two values are left");
    let mut callee = cx.metamethod(lhs, Metamethod::Concat);
    if callee.is_nil() {
        callee = cx.metamethod(rhs, Metamethod::Concat);
    }
    // SAFETY: `at` is the running guest frame.
    unsafe {
        if callee.is_nil() {
            let joinable = lhs.tag() == Tag::STRING || number::to_float(lhs).is_some();
            let (wrong, index) = if joinable { (rhs, values.len() + 1) } else { (lhs, values.len()) };
            let message = error::operation_error(cx, at, "concatenate", wrong, &format!("values.{index}"));
            return raise_message(cx, at, message);
        }
        call_to_concat(cx, at, values, dst, next, callee, &[lhs, rhs])
    }
}

/// Calls what joins these values; those that come before wait.
///
/// # Safety
/// As for `concat_metamethod`.
unsafe fn call_to_concat(
    cx: &mut Context,
    at: Flow,
    values: Vec<Value>,
    dst: usize,
    next: Pc,
    callee: Value,
    joined: &[Value],
) -> Flow {
    // SAFETY: the values that are left go below the continuation, above the frame.
    unsafe {
        let top = top_of(at.regs);
        let Some(regs) = cx.reserve(at.regs, at.regs.add(top), 2 * values.len() + 32) else {
            return crate::runtime::call::stack_overflow(cx, at);
        };
        let at = Flow { regs, ..at };
        for (index, &value) in values.iter().enumerate() {
            set_any(regs.add(top), index * 2, value);
        }
        let mut continuation = Continuation::instruction(ContinuationKind::Concat, at.pc, next, top + 2 * values.len());
        continuation.values = (2 * values.len()) as u32;
        continuation.state = dst as u32;
        crate::runtime::call_nested::call_paid(cx, at, top + 2 * values.len(), callee, joined, continuation)
    }
}
