//! Between `any` registers and typed ones, and what is asked of an `any` without calling anything.

use crate::runtime::builtin::Question;
use crate::runtime::builtin::long_comparison;
use crate::runtime::context::Context;
use crate::runtime::layouts::layout_of;
use crate::runtime::unwind::raise_trap;
use crate::runtime::work::pay;
use crate::runtime::work::units_of_bytes;
use crate::threaded::Flow;
use crate::threaded::operands::{get_any, set_any, tag_at};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

handler! {
    /// `any_from_i64`, `any_from_f64`.
    pub(crate) fn tag_word(pc, regs, cx, facc) {
        let rows::TagWord { dst, src, kind } = rows::TagWord::read(pc);
        *regs.add(dst) = *regs.add(src);
        *regs.add(dst + 1).cast::<Tag>() = kind;
        next!(rows::TagWord::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `any_from_bool`.
    pub(crate) fn any_from_bool(pc, regs, cx, facc) {
        let rows::AnyFromBool { dst, src } = rows::AnyFromBool::read(pc);
        set_any(regs, dst, Value::bool(*regs.add(src) as u32 != 0));
        next!(rows::AnyFromBool::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `any_from_ref`.
    pub(crate) fn any_from_ref(pc, regs, cx, facc) {
        let rows::AnyFromRef { dst, src, kind } = rows::AnyFromRef::read(pc);
        let word = *regs.add(src);
        let tag = if word == 0 { Tag::NIL } else { kind };
        *regs.add(dst) = word;
        *regs.add(dst + 1).cast::<Tag>() = tag;
        next!(rows::AnyFromRef::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `i64_from_any`, `f64_from_any`.
    pub(crate) fn word_from_any(pc, regs, cx, facc) {
        let rows::WordFromAny { dst, src, kind } = rows::WordFromAny::read(pc);
        if tag_at(regs, src) != kind {
            (*cx).trap_code = TrapCode::WrongKind;
            slow!(super::control::trap, pc, regs, cx, facc)
        }
        *regs.add(dst) = *regs.add(src);
        next!(rows::WordFromAny::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `ref_from_any`.
    pub(crate) fn ref_from_any(pc, regs, cx, facc) {
        let rows::RefFromAny { dst, src, layout } = rows::RefFromAny::read(pc);
        let value = get_any(regs, src);
        let found = layout_of(value);
        if found == Some(layout) || value.is_nil() {
            *regs.add(dst) = value.payload();
            next!(rows::RefFromAny::next(pc), regs, cx, facc)
        }
        slow!(ref_of_subtype, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// `ref_from_any` of what is not exactly of the layout.
    fn ref_of_subtype(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let rows::RefFromAny { dst, src, layout } = rows::RefFromAny::read(pc);
        let value = get_any(regs, src);
        match layout_of(value) {
            Some(found) if cx.layout_fits(found, layout) => {
                *regs.add(dst) = value.payload();
                Flow { pc: rows::RefFromAny::next(pc), regs }
            }
            Some(_) => raise_trap(cx, Flow { pc, regs }, TrapCode::CastFailure),
            None => raise_trap(cx, Flow { pc, regs }, TrapCode::WrongKind),
        }
    }
}

handler! {
    /// `is_truthy`.
    pub(crate) fn is_truthy(pc, regs, cx, facc) {
        let rows::IsTruthy { dst, src } = rows::IsTruthy::read(pc);
        *regs.add(dst) = u64::from(tag_at(regs, src) > Tag::FALSE);
        next!(rows::IsTruthy::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `kind_of`.
    pub(crate) fn kind_of(pc, regs, cx, facc) {
        let rows::KindOf { dst, src } = rows::KindOf::read(pc);
        *regs.add(dst) = u64::from(tag_at(regs, src).0);
        next!(rows::KindOf::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `same`.
    pub(crate) fn same(pc, regs, cx, facc) {
        let rows::Same { dst, lhs, rhs } = rows::Same::read(pc);
        if tag_at(regs, lhs) == Tag::STRING && tag_at(regs, rhs) == Tag::STRING {
            slow!(same_string, pc, regs, cx, facc)
        }
        *regs.add(dst) = u64::from(get_any(regs, lhs).raw_equals(get_any(regs, rhs)));
        next!(rows::Same::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    fn same_string(pc, regs, cx) {
        let rows::Same { dst, lhs, rhs } = rows::Same::read(pc);
        let (lhs, rhs) = (get_any(regs, lhs), get_any(regs, rhs));
        if let Some(bytes) = long_comparison(Question::Equal, lhs, rhs)
            && let Err(flow) = pay(&mut *cx, Flow { pc, regs }, 0, units_of_bytes(bytes))
        {
            return flow;
        }
        *regs.add(dst) = u64::from(lhs.raw_equals(rhs));
        Flow { pc: rows::Same::next(pc), regs }
    }
}

const _: () = {
    // The numbers of kinds in the bytecode are the tags of values.
    use minivm_isa::Kind;
    assert!(Kind::Nil as u32 == Tag::NIL.0 && Kind::True as u32 == Tag::TRUE.0 && Kind::Float as u32 == Tag::FLOAT.0);
    assert!(Kind::String as u32 == Tag::STRING.0 && Kind::Host as u32 == Tag::USERDATA.0);
    assert!(Kind::Record as u32 == Tag::RECORD.0 && Kind::Array as u32 == Tag::ARRAY.0);
};
