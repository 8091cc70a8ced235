//! Rules of the ends of blocks that call nothing.

use super::scope::{Flow, Scope, Stop};
use crate::arithmetic::{Loop, prepare_loop};
use crate::value::{Any, Value};
use minivm_isa::entities::{Block, Reg, Sig};
use minivm_isa::{Instruction, Kind, Operand, TrapCode};

/// Comparisons of two typed values: type, and relation that holds where the branch goes to `if_true`.
macro_rules! comparisons {
    ($($variant:ident: $ty:ty, $relation:tt;)*) => {
        fn comparison(scope: &Scope<'_>, instruction: &Instruction) -> Option<Block> {
            match *instruction {
                $(Instruction::$variant { lhs, rhs, if_true, if_false } => {
                    Some(either(scope.get::<$ty>(lhs) $relation scope.get::<$ty>(rhs), if_true, if_false))
                })*
                _ => None,
            }
        }
    };
}

comparisons! {
    BranchI32Eq: u32, ==;
    BranchI32Ne: u32, !=;
    BranchI32LtS: i32, <;
    BranchI32LtU: u32, <;
    BranchI32LeS: i32, <=;
    BranchI32LeU: u32, <=;
    BranchI64Eq: u64, ==;
    BranchI64Ne: u64, !=;
    BranchI64LtS: i64, <;
    BranchI64LtU: u64, <;
    BranchI64LeS: i64, <=;
    BranchI64LeU: u64, <=;
    BranchF32Eq: f32, ==;
    BranchF32Lt: f32, <;
    BranchF32Le: f32, <=;
    BranchF64Eq: f64, ==;
    BranchF64Lt: f64, <;
    BranchF64Le: f64, <=;
}

fn either(holds: bool, if_true: Block, if_false: Block) -> Block {
    if holds { if_true } else { if_false }
}

/// Does the end of a block.
pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    let target = match instruction {
        Instruction::Jump { target } => *target,
        Instruction::BranchIf { cond, if_true, if_false } => either(scope.get(*cond), *if_true, *if_false),
        Instruction::BranchTable { index, targets, default } => {
            targets.get(scope.get::<u32>(*index) as usize).copied().unwrap_or(*default)
        }
        Instruction::BranchTruthy { cond, if_true, if_false } => {
            either(scope.get::<Any>(*cond).is_truthy(), *if_true, *if_false)
        }
        Instruction::BranchKind { src, kind, if_true, if_false } => {
            either(Some(scope.get::<Any>(*src).kind()) == Kind::from_number(*kind), *if_true, *if_false)
        }
        Instruction::BranchUnboxI64 { dst, src, if_true, if_false } => {
            let integer = if let Any::Integer(it) = scope.get(*src) { Some(it) } else { None };
            scope.set(*dst, integer.unwrap_or(0));
            either(integer.is_some(), *if_true, *if_false)
        }
        Instruction::BranchUnboxF64 { dst, src, if_true, if_false } => {
            let float = if let Any::Float(it) = scope.get(*src) { Some(it) } else { None };
            scope.set(*dst, float.unwrap_or(0.0));
            either(float.is_some(), *if_true, *if_false)
        }
        Instruction::BranchRef { dst, layout, src, if_true, if_false } => {
            let object = scope.cast(*layout, *src).unwrap_or(None);
            scope.frame.set(*dst, Value::Ref(object));
            either(object.is_some(), *if_true, *if_false)
        }
        Instruction::BranchRefExact { dst, layout, src, if_true, if_false } => {
            let object = scope.cast(*layout, *src).unwrap_or(None);
            let object = object.filter(|&id| scope.store[id].layout == scope.layout(*layout));
            scope.frame.set(*dst, Value::Ref(object));
            either(object.is_some(), *if_true, *if_false)
        }
        Instruction::BranchSignature { src, signature, if_true, if_false } => {
            let fits = |found, wanted| scope.store.types.signature_fits(found, wanted);
            either(has_signature(scope, *src, *signature, fits), *if_true, *if_false)
        }
        Instruction::BranchSignatureExact { src, signature, if_true, if_false } => {
            let is_it = |found, wanted| found == Some(wanted);
            either(has_signature(scope, *src, *signature, is_it), *if_true, *if_false)
        }
        Instruction::ForPrepare { index, limit, step, variable, body, done } => {
            return Some(for_prepare(scope, [*index, *limit, *step], *variable, *body, *done));
        }
        Instruction::ForLoop { index, limit, step, variable, body, done } => {
            return Some(for_loop(scope, [*index, *limit, *step], *variable, *body, *done));
        }
        Instruction::Throw { value } => return Some(Err(Stop::Error(scope.get(*value)))),
        Instruction::Trap { code } => {
            let code = TrapCode::from_number(*code).expect("the verifier proved that there is such a trap");
            // A machine gives message handlers more stack once.
            scope.store.was_open |= code == TrapCode::StackOverflow;
            return Some(Err(Stop::Trap(code)));
        }
        _ => comparison(scope, instruction)?,
    };
    Some(Ok(Flow::Jump(target)))
}

/// Whether a value is a function whose signature fits one of the running program.
fn has_signature(scope: &Scope<'_>, src: Operand, signature: Sig, fits: impl Fn(Option<usize>, usize) -> bool) -> bool {
    match (scope.get(src), scope.instance().signatures[signature.as_u32() as usize]) {
        (Any::Function(closure), Some(wanted)) => fits(scope.store.signature_of(closure), wanted),
        _ => false,
    }
}

/// Leaves the first value, how many rounds are to come after it (integers) or the limit (floats), and the step.
fn for_prepare(
    scope: &mut Scope<'_>,
    [index, limit, step]: [Reg; 3],
    variable: Reg,
    body: Block,
    done: Block,
) -> Result<Flow, Stop> {
    let [start, last, by] = [index, limit, step].map(|register| scope.frame.get(register).any());
    let (first, kept, by) = match prepare_loop(&start, &last, &by) {
        Ok(None) => {
            scope.set(variable, Any::Nil);
            return Ok(Flow::Jump(done));
        }
        Ok(Some(Loop::Integers { first, rounds, step })) => {
            (Any::Integer(first), Any::Integer(rounds as i64), Any::Integer(step))
        }
        Ok(Some(Loop::Floats { first, limit, step })) => (Any::Float(first), Any::Float(limit), Any::Float(step)),
        Err(wrong) => {
            let message = match wrong {
                ("step", value) if value.float() == Some(0.0) => "'for' step is zero".to_owned(),
                (part, value) => {
                    format!("bad 'for' {part} (number expected, got {})", scope.store.type_name(value))
                }
            };
            return Err(Stop::Message(message));
        }
    };
    scope.set(variable, first.clone());
    for (register, value) in [(index, first), (limit, kept), (step, by)] {
        scope.set(register, value);
    }
    Ok(Flow::Jump(body))
}

fn for_loop(
    scope: &mut Scope<'_>,
    [index, limit, step]: [Reg; 3],
    variable: Reg,
    body: Block,
    done: Block,
) -> Result<Flow, Stop> {
    let next = match [index, limit, step].map(|register| scope.frame.get(register).any()) {
        [Any::Integer(_), Any::Integer(0), Any::Integer(_)] => None,
        [Any::Integer(at), Any::Integer(rounds), Any::Integer(by)] => {
            scope.set(limit, Any::Integer(rounds.wrapping_sub(1)));
            Some(Any::Integer(at.wrapping_add(by)))
        }
        [Any::Float(at), Any::Float(end), Any::Float(by)] => {
            let at = at + by;
            let goes_on = if by > 0.0 { at <= end } else { end <= at };
            goes_on.then_some(Any::Float(at))
        }
        _ => return Err(Stop::Message("'for' loop state was changed".to_owned())),
    };
    let Some(next) = next else {
        scope.set(variable, Any::Nil);
        return Ok(Flow::Jump(done));
    };
    scope.set(index, next.clone());
    scope.set(variable, next);
    Ok(Flow::Jump(body))
}
