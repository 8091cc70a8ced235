//! Between `any` registers and typed ones, and what is asked of an `any` without calling anything.

use super::operands::{get_any, set_any, tag_at};
use super::{Cursor, Flow};
use crate::heap::{Array, Header, Record};
use crate::stack::builtin::{Question, long_comparison};
use crate::stack::work::{pay, units_of_bytes};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::ptr::with_exposed_provenance_mut as pointer;

handler! {
    /// `any_from_i64`, `any_from_f64`. Operands: destination, source word, tag.
    pub(crate) fn tag_word(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src, tag) = (c.half(), c.half(), c.half());
        *regs.add(dst) = *regs.add(src);
        *regs.add(dst + 1).cast::<Tag>() = Tag(tag as u32);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `any_from_bool`. Operands: destination, source word.
    pub(crate) fn any_from_bool(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        set_any(regs, dst, Value::bool(*regs.add(src) as u32 != 0));
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `any_from_ref`. Operands: destination, source word, tag of what is not null.
    pub(crate) fn any_from_ref(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src, tag) = (c.half(), c.half(), c.half());
        let word = *regs.add(src);
        let tag = if word == 0 { Tag::NIL } else { Tag(tag as u32) };
        *regs.add(dst) = word;
        *regs.add(dst + 1).cast::<Tag>() = tag;
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `i64_from_any`, `f64_from_any`. Operands: destination word, source, tag.
    pub(crate) fn word_from_any(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src, tag) = (c.half(), c.half(), c.half());
        if tag_at(regs, src).0 as usize != tag {
            (*cx).trap_code = TrapCode::WrongKind;
            slow!(super::control::trap, pc, regs, cx, facc)
        }
        *regs.add(dst) = *regs.add(src);
        next!(c.end(), regs, cx, facc)
    }
}

/// The machine's number of the layout of a record or array.
///
/// # Safety
/// A value that is a record or array is live.
pub(crate) unsafe fn layout_of(value: Value) -> Option<u32> {
    // SAFETY: the caller vouches for the object, and the tag says what it is.
    unsafe {
        match value.tag() {
            Tag::RECORD => Some((*value.pointer().cast::<Record>()).type_index),
            Tag::ARRAY => Some((*value.pointer().cast::<Array>()).type_index),
            _ => None,
        }
    }
}

handler! {
    /// `ref_from_any`. Operands: destination word, source, number of the layout (32 bits).
    pub(crate) fn ref_from_any(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        let layout = c.word32();
        let value = get_any(regs, src);
        let found = layout_of(value);
        if found == Some(layout) || value.is_nil() {
            *regs.add(dst) = value.payload();
            next!(c.end(), regs, cx, facc)
        }
        (*cx).trap_code = if found.is_some() { TrapCode::CastFailure } else { TrapCode::WrongKind };
        slow!(super::control::trap, pc, regs, cx, facc)
    }
}

handler! {
    /// `is_truthy`. Operands: destination word, source.
    pub(crate) fn is_truthy(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        *regs.add(dst) = u64::from(tag_at(regs, src) > Tag::FALSE);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `kind_of`. Operands: destination word, source.
    pub(crate) fn kind_of(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        *regs.add(dst) = u64::from(tag_at(regs, src).0);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `same`. Operands: destination word, two sources.
    pub(crate) fn same(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, lhs, rhs) = (c.half(), c.half(), c.half());
        if tag_at(regs, lhs) == Tag::STRING && tag_at(regs, rhs) == Tag::STRING {
            slow!(same_string, pc, regs, cx, facc)
        }
        *regs.add(dst) = u64::from(get_any(regs, lhs).raw_equals(get_any(regs, rhs)));
        next!(c.end(), regs, cx, facc)
    }
}

slow_handler! {
    fn same_string(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (dst, lhs, rhs) = (c.half(), c.half(), c.half());
        let (lhs, rhs) = (get_any(regs, lhs), get_any(regs, rhs));
        if let Some(bytes) = long_comparison(Question::Equal, lhs, rhs)
            && let Err(flow) = pay(&mut *cx, Flow { pc, regs }, 0, units_of_bytes(bytes))
        {
            return flow;
        }
        *regs.add(dst) = u64::from(lhs.raw_equals(rhs));
        Flow { pc: c.end(), regs }
    }
}

/// The object behind a reference word that is not null.
pub(crate) fn object_at(word: u64) -> *mut Header {
    pointer(word as usize)
}

const _: () = {
    // The numbers of kinds in the bytecode are the tags of values.
    use minivm_isa::Kind;
    assert!(Kind::Nil as u32 == Tag::NIL.0 && Kind::True as u32 == Tag::TRUE.0 && Kind::Float as u32 == Tag::FLOAT.0);
    assert!(Kind::String as u32 == Tag::STRING.0 && Kind::Host as u32 == Tag::USERDATA.0);
    assert!(Kind::Record as u32 == Tag::RECORD.0 && Kind::Array as u32 == Tag::ARRAY.0);
};
