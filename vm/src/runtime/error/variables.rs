//! The variables of a level of the stack: named ones, values without a name, and those that a call or return hands over.

use super::trace::{LevelInfo, LevelVariable, VariablePlace};
use crate::heap::Cell;
use crate::runtime::context::Context;
use crate::runtime::fiber::Fiber;
use crate::runtime::frame_view::VariableValue;
use crate::runtime::frames::Standing;
use crate::runtime::hook::Event;
use crate::runtime::walk::Level;
use crate::threaded::Regs;
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::frame::Frame;
use crate::threaded::operands::{get_any, set_any, values_at, words_between};
use crate::value::Value;
use minivm_isa::entities::Reg;
use minivm_isa::operand::OperandRef;
use minivm_isa::{Convention, Input, Type};

/// Whether what stands below a continuation has not begun.
///
/// # Safety
/// A continuation lies there.
pub(super) unsafe fn is_before(continuation: Regs) -> bool {
    // SAFETY: passed on.
    let continuation = unsafe { Continuation::at(continuation) };
    match continuation.kind {
        ContinuationKind::Finaliser => true,
        ContinuationKind::Hook => !continuation.next.is_null(),
        _ => false,
    }
}

/// The continuation of a hook to which one of these events of what is below is reported.
///
/// # Safety
/// A continuation lies there.
unsafe fn hook_of<'a>(continuation: Regs, events: &[Event]) -> Option<&'a Continuation> {
    // SAFETY: passed on.
    let continuation = unsafe { &*std::ptr::from_ref(Continuation::at(continuation)) };
    let is_it = |event: &Event| continuation.spare == *event as u64;
    (continuation.kind == ContinuationKind::Hook && events.iter().any(is_it)).then_some(continuation)
}

/// What a guest frame has.
///
/// # Safety
/// It is a frame of a stack as it is, below the continuation `above`, if there is one.
pub(super) unsafe fn of_guest(info: &mut LevelInfo, standing: &Standing<'_>, above: Option<Regs>) {
    // SAFETY: passed on.
    let named = unsafe { standing.locals() }.into_iter().filter_map(|(register, local)| match local.value {
        VariableValue::Any(value) => {
            Some(LevelVariable { name: Some(local.name), value, place: VariablePlace::Register(register.as_u32()) })
        }
        _ => None,
    });
    info.variables.extend(named);
    // SAFETY: passed on.
    unsafe {
        // A hook is shown every place on the stack, as by the reference implementation.
        let is_hooked = above.is_some_and(|above| hook_of(above, &Event::ALL).is_some());
        let unnamed = standing.unnamed(is_hooked).into_iter();
        info.variables.extend(unnamed.map(|(register, value)| LevelVariable {
            name: None,
            value,
            place: VariablePlace::Register(register.as_u32()),
        }));
        if standing.guest.convention == Convention::Variadic {
            let (first, count) = Frame::at(standing.regs).varargs(standing.guest.params as usize);
            info.varargs = values_at(first, count);
        }
        let Some(above) = above else { return };
        if hook_of(above, &[Event::Call, Event::TailCall]).is_some() {
            info.transfer = (0, info.params);
        } else if let Some(continuation) = hook_of(above, &[Event::Return]) {
            let values = returned(standing, continuation, above);
            info.transfer = (info.variables.len(), values.len());
            info.variables.extend(values.into_iter().map(|value| LevelVariable {
                name: None,
                value,
                place: VariablePlace::Elsewhere,
            }));
        }
    }
}

/// What the instruction of a frame returns.
///
/// # Safety
/// The frame stands at the instruction, below the continuation.
unsafe fn returned(standing: &Standing<'_>, continuation: &Continuation, at: Regs) -> Vec<Value> {
    let (guest, mut values) = (standing.guest, Vec::new());
    if !continuation.next.is_null() {
        guest.portable().code[standing.place.instruction].for_each_operand(|_, operand| {
            let OperandRef::Ins(operands, _) = operand else { return };
            for operand in operands {
                values.push(match operand.input() {
                    // SAFETY: the instruction reads the register.
                    Input::Reg(reg) if guest.portable().registers[reg] == Type::Any => unsafe {
                        get_any(standing.regs, guest.slots().of(reg) as usize)
                    },
                    Input::Reg(_) => Value::NIL,
                    Input::Const(constant) => {
                        guest.constants().expect("they are made with the code")[constant.as_u32() as usize]
                    }
                });
            }
        });
    }
    let count = continuation.values as usize;
    // SAFETY: the continuation counts the values below it.
    values.extend(unsafe { values_at(at.sub(count), count / 2) });
    values
}

/// What a host function has: the values that it keeps.
///
/// # Safety
/// They lie at `base`, below the function's continuation.
pub(super) unsafe fn of_host(info: &mut LevelInfo, base: Regs, continuation: Regs) {
    // SAFETY: passed on.
    unsafe {
        let values = values_at(base, Continuation::at(continuation).values as usize / 2);
        if hook_of(continuation, &[Event::Call, Event::TailCall, Event::Return]).is_some() {
            info.transfer = (0, values.len());
        }
        info.variables = values.into_iter().enumerate().map(host_value).collect();
    }
}

/// A value of a host function.
pub(crate) fn host_value((index, value): (usize, Value)) -> LevelVariable {
    LevelVariable { name: None, value, place: VariablePlace::Value(index) }
}

/// Sets a variable of a level; false where there is nothing to write to. A frame whose code may not expect such a value stays in
/// baseline code.
///
/// # Safety
/// The level is one of a stack of the fiber, whose guest frames are in baseline code.
pub(crate) unsafe fn set(
    cx: &mut Context,
    fiber: &mut Fiber,
    level: &Level<'_>,
    place: VariablePlace,
    value: Value,
) -> bool {
    // SAFETY: passed on.
    unsafe {
        let word = match (level, place) {
            (Level::Guest { guest, regs, .. }, VariablePlace::Register(number)) => {
                let register = Reg::from_u32(number);
                let word = regs.add(guest.slots().of(register) as usize);
                match guest.portable().registers.get(register) {
                    Some(Type::Any) => {}
                    Some(Type::Cell) => {
                        let cell = std::ptr::with_exposed_provenance_mut::<Cell>(*word as usize);
                        cx.heap.barrier((*cell).value);
                        (*cell).value = value;
                        return true;
                    }
                    _ => return false,
                }
                if get_any(word, 0).tag() != value.tag() {
                    fiber.pinned.push(words_between(fiber.stack.start(), *regs));
                }
                word
            }
            (Level::Guest { guest, regs, .. }, VariablePlace::Vararg(index)) => {
                let (first, count) = Frame::at(*regs).varargs(guest.params as usize);
                if index >= count {
                    return false;
                }
                first.add(2 * index)
            }
            (Level::Host { base, continuation, .. }, VariablePlace::Value(index)) => {
                if index >= Continuation::at(*continuation).values as usize / 2 {
                    return false;
                }
                base.add(2 * index)
            }
            _ => return false,
        };
        cx.heap.barrier(get_any(word, 0));
        set_any(word, 0, value);
        true
    }
}
