//! Arithmetic, comparison and concatenation of `any` values, with metamethods.

use super::control::{Sense, take_branch};
use super::sources::AnySource;
use crate::heap::Str;
use crate::number;
use crate::runtime::builtin::AT_ONCE_BYTES_MAX;
use crate::runtime::builtin::Builtin;
use crate::runtime::builtin::Question;
use crate::runtime::builtin::long_comparison;
use crate::runtime::call_nested::{call_for_result, call_from_instruction};
use crate::runtime::concat::{FEW, concat_values, join_few};
use crate::runtime::context::Context;
use crate::runtime::error::{self, ErrorKind};
use crate::runtime::function::top_of;
use crate::runtime::metamethod::Metamethod;
use crate::runtime::stepping::stop_if_used_up;
use crate::runtime::unwind::raise_message;
use crate::runtime::work::units_of_bytes;
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::kinds::{OperandKind, Slot};
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::{Row, Variant};
use crate::threaded::{Flow, Pc};
use crate::value::{Tag, Value};

/// An arithmetic operation.
pub(crate) trait Arithmetic: Variant {
    const METAMETHOD: Metamethod;
    /// Of two integers, unless it is a float operation or an error.
    fn int(lhs: i64, rhs: i64) -> Option<i64>;
    /// Of two floats, unless it is an integer operation.
    fn float(lhs: f64, rhs: f64) -> Option<f64>;
    /// Whether floats are done in a few instructions, without a call.
    const FLOATS_IN_LINE: bool = true;
    /// The error when two integers have no result.
    const ZERO: &'static str = "";
}

macro_rules! arithmetic {
    ($($name:ident $metamethod:ident $text:literal |$a:ident, $b:ident| $int:expr, $float:expr $(, $zero:literal)?;)*) => {$(
        pub(crate) enum $name {}
        impl Variant for $name {
            const NAME: &'static str = $text;
        }
        impl Arithmetic for $name {
            const METAMETHOD: Metamethod = Metamethod::$metamethod;
            #[inline(always)]
            fn int($a: i64, $b: i64) -> Option<i64> {
                $int
            }
            #[inline(always)]
            fn float($a: f64, $b: f64) -> Option<f64> {
                let _ = ($a, $b);
                $float
            }
            $(const ZERO: &'static str = $zero;)?
            const FLOATS_IN_LINE: bool =
                !matches!(Metamethod::$metamethod, Metamethod::Mod | Metamethod::FloorDiv | Metamethod::Pow);
        }
    )*};
}

arithmetic! {
    Add Add "add" |a, b| Some(a.wrapping_add(b)), Some(a + b);
    Sub Sub "sub" |a, b| Some(a.wrapping_sub(b)), Some(a - b);
    Mul Mul "mul" |a, b| Some(a.wrapping_mul(b)), Some(a * b);
    Div Div "div" |a, b| { let _ = (a, b); None }, Some(a / b);
    Pow Pow "pow" |a, b| { let _ = (a, b); None }, Some(number::power(a, b));
    Mod Mod "modulo" |a, b| if b == 0 { None } else { Some(number::modulo_int(a, b)) }, Some(number::modulo_float(a, b)),
        "attempt to perform 'n%%0'";
    FloorDiv FloorDiv "floor_div" |a, b| if b == 0 { None } else { Some(number::floor_div_int(a, b)) }, Some((a / b).floor()),
        "attempt to divide by zero";
    BitAnd BitAnd "bit_and" |a, b| Some(a & b), None;
    BitOr BitOr "bit_or" |a, b| Some(a | b), None;
    BitXor BitXor "bit_xor" |a, b| Some(a ^ b), None;
    ShiftLeft ShiftLeft "shift_left" |a, b| Some(number::shift_left(a, b)), None;
    ShiftRight ShiftRight "shift_right" |a, b| Some(number::shift_left(a, b.wrapping_neg())), None;
}

handler! {
    /// Arithmetic.
    pub(crate) fn arithmetic<O: Arithmetic, L: AnySource, R: AnySource>(pc, regs, cx, facc) {
        let rows::Arithmetic { dst, lhs, rhs, .. } = rows::Arithmetic::<O, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        if lhs.tag() == Tag::INT && rhs.tag() == Tag::INT {
            if let Some(result) = O::int(lhs.payload() as i64, rhs.payload() as i64) {
                set_any(regs, dst, Value::int(result));
                next!(rows::Arithmetic::<O, L, R>::next(pc), regs, cx, facc)
            }
        } else if O::FLOATS_IN_LINE
            && lhs.tag() == Tag::FLOAT
            && rhs.tag() == Tag::FLOAT
            && let Some(result) = O::float(L::float(lhs, facc), R::float(rhs, facc))
        {
            facc = result;
            set_any(regs, dst, Value::float(result));
            next!(rows::Arithmetic::<O, L, R>::next(pc), regs, cx, facc)
        }
        slow!(arithmetic_slow::<O, L::General, R::General>, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn arithmetic_slow<O: Arithmetic, L: AnySource, R: AnySource>(pc, regs, cx, facc) {
        let rows::Arithmetic { dst, lhs, rhs, .. } = rows::Arithmetic::<O, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        let next = rows::Arithmetic::<O, L, R>::next(pc);
        if let (Some(a), Some(b)) = (number::to_float(lhs), number::to_float(rhs)) {
            let is_float = lhs.tag() != rhs.tag() || O::ZERO.is_empty() || lhs.tag() == Tag::FLOAT;
            if let Some(result) = O::float(a, b).filter(|_| is_float) {
                facc = result;
                set_any(regs, dst, Value::float(result));
                next!(next, regs, cx, facc)
            }
            if let (Some(a), Some(b)) = (number::to_int(lhs), number::to_int(rhs))
                && let Some(result) = O::int(a, b)
            {
                set_any(regs, dst, Value::int(result));
                next!(next, regs, cx, facc)
            }
        }
        let at = Flow { pc, regs };
        follow!(arithmetic_metamethod(&mut *cx, at, next, O::METAMETHOD, O::ZERO, lhs, rhs, dst), cx, facc)
    }
}

/// Calls the metamethod of an arithmetic operation, or raises its error.
///
/// # Safety
/// `at` is the running guest frame, at that instruction, and the operands are live.
#[allow(clippy::too_many_arguments, reason = "the decoded instruction")]
#[inline(never)]
pub(crate) unsafe fn arithmetic_metamethod(
    cx: &mut Context,
    at: Flow,
    next: Pc,
    metamethod: Metamethod,
    zero: &str,
    lhs: Value,
    rhs: Value,
    dst: usize,
) -> Flow {
    let mut callee = cx.metamethod(lhs, metamethod);
    if callee.is_nil() {
        callee = cx.metamethod(rhs, metamethod);
    }
    // SAFETY: `at` is the running guest frame.
    unsafe {
        if !callee.is_nil() {
            return call_for_result(cx, at, next, callee, &[lhs, rhs], dst, ContinuationKind::Store);
        }
        let message = arithmetic_error(cx, at, metamethod, zero, lhs, rhs);
        raise_message(cx, at, message)
    }
}

fn arithmetic_error(cx: &Context, at: Flow, metamethod: Metamethod, zero: &str, lhs: Value, rhs: Value) -> String {
    let bitwise = matches!(
        metamethod,
        Metamethod::BitAnd
            | Metamethod::BitOr
            | Metamethod::BitXor
            | Metamethod::ShiftLeft
            | Metamethod::ShiftRight
            | Metamethod::BitNot
    );
    let unary = matches!(metamethod, Metamethod::Negate | Metamethod::BitNot);
    let is_number = |value: Value| number::to_float(value).is_some();
    if is_number(lhs) && is_number(rhs) {
        if !bitwise {
            error::note(cx, ErrorKind::DivisionByZero, &[lhs, rhs], None);
            return zero.replace("%%", "%");
        }
        let (value, wrong) = if number::to_int(lhs).is_none() { (lhs, "lhs") } else { (rhs, "rhs") };
        let variable = error::describe_operand(cx, at, if unary { "src" } else { wrong });
        error::note(cx, ErrorKind::NoInteger, &[value], None);
        return format!("number{variable} has no integer representation");
    }
    let (wrong, name) = if is_number(lhs) { (rhs, "rhs") } else { (lhs, "lhs") };
    let operation = if bitwise { "perform bitwise operation on" } else { "perform arithmetic on" };
    error::operation_error(cx, at, operation, wrong, if unary { "src" } else { name })
}

handler! {
    /// `negate`.
    pub(crate) fn negate(pc, regs, cx, facc) {
        let rows::Negate { dst, src } = rows::Negate::read(pc);
        let src = get_any(regs, src);
        let result = match src.tag() {
            Tag::INT => Value::int((src.payload() as i64).wrapping_neg()),
            Tag::FLOAT => Value::float(-f64::from_bits(src.payload())),
            _ => slow!(unary_slow::<rows::Negate>, pc, regs, cx, facc),
        };
        set_any(regs, dst, result);
        next!(rows::Negate::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `bit_not`.
    pub(crate) fn bit_not(pc, regs, cx, facc) {
        let rows::BitNot { dst, src } = rows::BitNot::read(pc);
        match number::to_int(get_any(regs, src)) {
            Some(int) => set_any(regs, dst, Value::int(!int)),
            None => slow!(unary_slow::<rows::BitNot>, pc, regs, cx, facc),
        }
        next!(rows::BitNot::next(pc), regs, cx, facc)
    }
}

/// A unary operation, by its metamethod.
trait Unary: Row {
    const METAMETHOD: Metamethod;
    /// Destination and source.
    fn operands(self) -> (usize, usize);
}
impl Unary for rows::Negate {
    const METAMETHOD: Metamethod = Metamethod::Negate;
    fn operands(self) -> (usize, usize) {
        (self.dst, self.src)
    }
}
impl Unary for rows::BitNot {
    const METAMETHOD: Metamethod = Metamethod::BitNot;
    fn operands(self) -> (usize, usize) {
        (self.dst, self.src)
    }
}

handler! {
    #[cold]
    #[inline(never)]
    fn unary_slow<O: Unary>(pc, regs, cx, facc) {
        let (dst, src) = O::read(pc).operands();
        let src = get_any(regs, src);
        let at = Flow { pc, regs };
        follow!(arithmetic_metamethod(&mut *cx, at, O::next(pc), O::METAMETHOD, "", src, src, dst), cx, facc)
    }
}

handler! {
    /// `not`.
    pub(crate) fn not(pc, regs, cx, facc) {
        let rows::Not { dst, src } = rows::Not::read(pc);
        let src = get_any(regs, src);
        set_any(regs, dst, Value::bool(!src.is_truthy()));
        next!(rows::Not::next(pc), regs, cx, facc)
    }
}

/// A comparison.
pub(crate) trait Relation: Variant {
    const METAMETHOD: Metamethod;
    fn ints(lhs: i64, rhs: i64) -> bool;
    fn floats(lhs: f64, rhs: f64) -> bool;
    /// The same of strings, where that takes long.
    const QUESTION: Question;
    /// Without metamethods; none when only a metamethod can tell.
    fn raw(lhs: Value, rhs: Value) -> Option<bool>;
    /// The same of two values that are neither both integers nor both floats, where a few instructions tell.
    ///
    /// # Safety
    /// The values are live.
    #[inline(always)]
    unsafe fn at_sight(lhs: Value, rhs: Value) -> Option<bool> {
        let _ = (lhs, rhs);
        None
    }
}

pub(crate) enum Less {}
impl Variant for Less {
    const NAME: &'static str = "less";
}
impl Relation for Less {
    const METAMETHOD: Metamethod = Metamethod::Less;
    const QUESTION: Question = Question::Less;
    #[inline(always)]
    fn ints(lhs: i64, rhs: i64) -> bool {
        lhs < rhs
    }
    #[inline(always)]
    fn floats(lhs: f64, rhs: f64) -> bool {
        lhs < rhs
    }
    fn raw(lhs: Value, rhs: Value) -> Option<bool> {
        number::less(lhs, rhs).or_else(|| strings(lhs, rhs).map(|(a, b)| a < b))
    }
}

pub(crate) enum LessEqual {}
impl Variant for LessEqual {
    const NAME: &'static str = "less_equal";
}
impl Relation for LessEqual {
    const METAMETHOD: Metamethod = Metamethod::LessEqual;
    const QUESTION: Question = Question::LessEqual;
    #[inline(always)]
    fn ints(lhs: i64, rhs: i64) -> bool {
        lhs <= rhs
    }
    #[inline(always)]
    fn floats(lhs: f64, rhs: f64) -> bool {
        lhs <= rhs
    }
    fn raw(lhs: Value, rhs: Value) -> Option<bool> {
        number::less_equal(lhs, rhs).or_else(|| strings(lhs, rhs).map(|(a, b)| a <= b))
    }
}

pub(crate) enum Equal {}
impl Variant for Equal {
    const NAME: &'static str = "equal";
}
impl Relation for Equal {
    const METAMETHOD: Metamethod = Metamethod::Eq;
    const QUESTION: Question = Question::Equal;
    #[inline(always)]
    fn ints(lhs: i64, rhs: i64) -> bool {
        lhs == rhs
    }
    #[inline(always)]
    fn floats(lhs: f64, rhs: f64) -> bool {
        lhs == rhs
    }
    fn raw(lhs: Value, rhs: Value) -> Option<bool> {
        let equal = lhs.raw_equals(rhs);
        let may_have_metamethod = lhs.tag() == rhs.tag() && matches!(lhs.tag(), Tag::TABLE | Tag::USERDATA);
        if equal || !may_have_metamethod { Some(equal) } else { None }
    }
    #[inline(always)]
    unsafe fn at_sight(lhs: Value, rhs: Value) -> Option<bool> {
        if lhs.tag() != rhs.tag() {
            // An integer and a float may be equal.
            let is_number = |value: Value| matches!(value.tag(), Tag::INT | Tag::FLOAT);
            return if is_number(lhs) && is_number(rhs) { None } else { Some(false) };
        }
        if lhs.payload() == rhs.payload() {
            return Some(true);
        }
        // SAFETY: the caller gives live values; each short string is there once.
        let is_short = lhs.tag() == Tag::STRING && unsafe { Str::is_short(lhs.pointer().cast()) };
        if is_short { Some(false) } else { None }
    }
}

fn strings<'a>(lhs: Value, rhs: Value) -> Option<(&'a [u8], &'a [u8])> {
    let (lhs, rhs) = (lhs.as_string()?, rhs.as_string()?);
    // SAFETY: the operands are reachable.
    Some(unsafe { (Str::bytes(lhs), Str::bytes(rhs)) })
}

handler! {
    /// A comparison as a value.
    pub(crate) fn compare<O: Relation, L: AnySource, R: AnySource>(pc, regs, cx, facc) {
        let rows::Compare { dst, lhs, rhs, .. } = rows::Compare::<O, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        if lhs.tag() == Tag::INT && rhs.tag() == Tag::INT {
            set_any(regs, dst, Value::bool(O::ints(lhs.payload() as i64, rhs.payload() as i64)));
            next!(rows::Compare::<O, L, R>::next(pc), regs, cx, facc)
        }
        slow!(compare_other::<O, L::General, R::General>, pc, regs, cx, facc)
    }
}

handler! {
    /// A comparison of other values than integers.
    #[inline(never)]
    fn compare_other<O: Relation, L: AnySource, R: AnySource>(pc, regs, cx, facc) {
        let rows::Compare { dst, lhs, rhs, .. } = rows::Compare::<O, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        let holds = if lhs.tag() == Tag::FLOAT && rhs.tag() == Tag::FLOAT {
            O::floats(f64::from_bits(lhs.payload()), f64::from_bits(rhs.payload()))
        } else if let Some(holds) = O::at_sight(lhs, rhs) {
            holds
        } else {
            slow!(compare_slow::<O, L, R>, pc, regs, cx, facc)
        };
        set_any(regs, dst, Value::bool(holds));
        next!(rows::Compare::<O, L, R>::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    fn compare_slow<O: Relation, L: AnySource, R: AnySource>(pc, regs, cx) {
        let rows::Compare { dst, lhs, rhs, .. } = rows::Compare::<O, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        let next = rows::Compare::<O, L, R>::next(pc);
        let at = Flow { pc, regs };
        let mut continuation = Continuation::instruction(ContinuationKind::StoreTruthy, pc, next, top_of(regs));
        continuation.state = dst as u32;
        let long = long_comparison(O::QUESTION, lhs, rhs);
        if let Some(bytes) = long
            && bytes > AT_ONCE_BYTES_MAX
        {
            return compare_long(&mut *cx, at, O::QUESTION, lhs, rhs, continuation);
        }
        if let Some(result) = O::raw(lhs, rhs) {
            set_any(regs, dst, Value::bool(result));
            return owe_for_bytes(&mut *cx, Flow { pc: next, regs }, long);
        }
        compare_metamethod(&mut *cx, at, O::METAMETHOD, lhs, rhs, continuation, |_| {
            set_any(regs, dst, Value::FALSE);
            Flow { pc: next, regs }
        })
    }
}

/// Name in the registry of the function that is called for `<=` where there is no such metamethod, but one for `<`.
pub const LESS_EQUAL: &str = "less_equal";

/// Compares two long strings in slices.
///
/// # Safety
/// `at` is the running guest frame, at that instruction, and the strings are live.
unsafe fn compare_long(
    cx: &mut Context,
    at: Flow,
    question: Question,
    lhs: Value,
    rhs: Value,
    continuation: Continuation,
) -> Flow {
    let callee = cx.builtin(Builtin::Compare);
    // SAFETY: `at` is the running guest frame.
    unsafe { call_from_instruction(cx, at, callee, &[lhs, rhs, Value::int(question as i64)], continuation) }
}

/// Pays for so many bytes of strings that were looked at or copied.
#[inline(always)]
fn owe_for_bytes(cx: &mut Context, flow: Flow, bytes: Option<usize>) -> Flow {
    let Some(bytes) = bytes else { return flow };
    cx.owe(units_of_bytes(bytes));
    // SAFETY: the caller has come there.
    unsafe { stop_if_used_up(cx, flow) }
}

/// The metamethod of a comparison, or nil.
fn comparison_metamethod(cx: &mut Context, metamethod: Metamethod, lhs: Value, rhs: Value) -> Value {
    let mut either = |metamethod| {
        let callee = cx.metamethod(lhs, metamethod);
        if callee.is_nil() { cx.metamethod(rhs, metamethod) } else { callee }
    };
    let callee = either(metamethod);
    if callee.is_nil() && metamethod == Metamethod::LessEqual && !either(Metamethod::Less).is_nil() {
        return cx.registry.get(LESS_EQUAL).copied().unwrap_or(Value::NIL);
    }
    callee
}

/// Calls the metamethod of a comparison, or raises its error; tables without `__eq` are `unequal`.
///
/// # Safety
/// As for `arithmetic_metamethod`.
unsafe fn compare_metamethod(
    cx: &mut Context,
    at: Flow,
    metamethod: Metamethod,
    lhs: Value,
    rhs: Value,
    continuation: Continuation,
    unequal: impl FnOnce(&mut Context) -> Flow,
) -> Flow {
    let callee = comparison_metamethod(cx, metamethod, lhs, rhs);
    // SAFETY: `at` is the running guest frame.
    unsafe {
        if !callee.is_nil() {
            return call_from_instruction(cx, at, callee, &[lhs, rhs], continuation);
        }
        if metamethod == Metamethod::Eq {
            return unequal(cx);
        }
        let (left, right) = (error::type_name(cx, lhs), error::type_name(cx, rhs));
        error::note(cx, ErrorKind::Comparison, &[lhs, rhs], None);
        let message = if left == right {
            format!("attempt to compare two {left} values")
        } else {
            format!("attempt to compare {left} with {right}")
        };
        raise_message(cx, at, message)
    }
}

handler! {
    /// A comparison with a branch, taken when it holds, or when it does not.
    pub(crate) fn branch_compare<O: Relation, L: AnySource, R: AnySource, S: Sense>(pc, regs, cx, facc) {
        let rows::BranchCompare { lhs, rhs, branch, .. } = rows::BranchCompare::<O, S, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        let holds = if lhs.tag() == Tag::INT && rhs.tag() == Tag::INT {
            O::ints(lhs.payload() as i64, rhs.payload() as i64)
        } else if lhs.tag() == Tag::FLOAT && rhs.tag() == Tag::FLOAT {
            O::floats(L::float(lhs, facc), R::float(rhs, facc))
        } else {
            slow!(branch_compare_other::<O, L::General, R::General, S>, pc, regs, cx, facc)
        };
        if holds == S::HOLDS {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::BranchCompare::<O, S, L, R>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// The same of values that are neither both integers nor both floats.
    #[inline(never)]
    fn branch_compare_other<O: Relation, L: AnySource, R: AnySource, S: Sense>(pc, regs, cx, facc) {
        let rows::BranchCompare { lhs, rhs, branch, .. } = rows::BranchCompare::<O, S, L, R>::read(pc);
        let Some(holds) = O::at_sight(L::value(lhs, regs), R::value(rhs, regs)) else {
            slow!(branch_compare_slow::<O, L, R, S>, pc, regs, cx, facc)
        };
        if holds == S::HOLDS {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::BranchCompare::<O, S, L, R>::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    fn branch_compare_slow<O: Relation, L: AnySource, R: AnySource, S: Sense>(pc, regs, cx) {
        let rows::BranchCompare { lhs, rhs, branch, .. } = rows::BranchCompare::<O, S, L, R>::read(pc);
        let lhs = L::value(lhs, regs);
        let rhs = R::value(rhs, regs);
        let long = long_comparison(O::QUESTION, lhs, rhs);
        let is_long = long.is_some_and(|bytes| bytes > AT_ONCE_BYTES_MAX);
        if !is_long && let Some(holds) = O::raw(lhs, rhs) {
            if holds == S::HOLDS {
                let flow = super::control::branch_flow(cx, branch, pc, regs);
                return owe_for_bytes(&mut *cx, flow, long);
            }
            return owe_for_bytes(&mut *cx, Flow { pc: rows::BranchCompare::<O, S, L, R>::next(pc), regs }, long);
        }
        let target = branch.target(pc);
        let after = rows::BranchCompare::<O, S, L, R>::next(pc);
        let (on_true, on_false) = if S::HOLDS { (target, after) } else { (after, target) };
        let mut continuation = Continuation::instruction(ContinuationKind::Branch, pc, on_true, top_of(regs));
        continuation.otherwise = on_false;
        if is_long {
            return compare_long(&mut *cx, Flow { pc, regs }, O::QUESTION, lhs, rhs, continuation);
        }
        compare_metamethod(&mut *cx, Flow { pc, regs }, O::METAMETHOD, lhs, rhs, continuation, |cx| {
            if S::HOLDS { Flow { pc: after, regs } } else { super::control::branch_flow(cx, branch, pc, regs) }
        })
    }
}

handler! {
    /// `concat`.
    pub(crate) fn concat(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        slow!(concat_now, pc, regs, cx, facc)
    }
}

slow_handler! {
    fn concat_now(pc, regs, cx) {
        let rows::Concat { dst, values: slots } = rows::Concat::read(pc);
        let mut c = slots.cursor();
        if slots.count <= FEW {
            let mut few = [Value::NIL; FEW];
            for value in &mut few[..slots.count] {
                *value = get_any(regs, Slot::read(&mut c));
            }
            if let Some(joined) = join_few(&mut (*cx).heap, &few[..slots.count]) {
                set_any(regs, dst, joined);
                return stop_if_used_up(&mut *cx, Flow { pc: slots.next(pc), regs });
            }
            c = slots.cursor();
        }
        let mut values = Vec::with_capacity(slots.count);
        for _ in 0..slots.count {
            values.push(get_any(regs, Slot::read(&mut c)));
        }
        let flow = concat_values(&mut *cx, Flow { pc, regs }, values, dst, slots.next(pc));
        stop_if_used_up(&mut *cx, flow)
    }
}
