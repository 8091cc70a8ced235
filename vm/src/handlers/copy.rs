//! Copying values and words, and elements of function tables.

use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use minivm_isa::TrapCode;

handler! {
    /// `copy` of an `any` register.
    pub(crate) fn copy_any(pc, regs, cx, facc) {
        let rows::CopyAny { dst, src } = rows::CopyAny::read(pc);
        set_any(regs, dst, get_any(regs, src));
        next!(rows::CopyAny::next(pc), regs, cx, facc)
    }
}

handler! {
    /// Two of them.
    pub(crate) fn copy_two(pc, regs, cx, facc) {
        let rows::CopyTwo { first, first_src, second, second_src } = rows::CopyTwo::read(pc);
        set_any(regs, first, get_any(regs, first_src));
        set_any(regs, second, get_any(regs, second_src));
        next!(rows::CopyTwo::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `copy` of an `any` constant.
    pub(crate) fn copy_constant(pc, regs, cx, facc) {
        let rows::CopyConstant { value, dst } = rows::CopyConstant::read(pc);
        set_any(regs, dst, value);
        next!(rows::CopyConstant::next(pc), regs, cx, facc)
    }
}

handler! {
    /// Copies one word.
    pub(crate) fn copy_word(pc, regs, cx, facc) {
        let rows::CopyWord { dst, src } = rows::CopyWord::read(pc);
        *regs.add(dst) = *regs.add(src);
        next!(rows::CopyWord::next(pc), regs, cx, facc)
    }
}

handler! {
    /// Writes a word.
    pub(crate) fn word_constant(pc, regs, cx, facc) {
        let rows::WordConstant { dst, word } = rows::WordConstant::read(pc);
        *regs.add(dst) = word;
        next!(rows::WordConstant::next(pc), regs, cx, facc)
    }
}

handler! {
    /// The callee of `call_indirect`.
    pub(crate) fn table_element(pc, regs, cx, facc) {
        let rows::TableElement { dst, index, table } = rows::TableElement::read(pc);
        let values = (*table).values();
        let index = *regs.add(index);
        if index >= values.len() as u64 {
            (*cx).trap_code = TrapCode::UndefinedElement;
            slow!(super::control::trap, pc, regs, cx, facc)
        }
        set_any(regs, dst, *values.as_ptr().add(index as usize));
        next!(rows::TableElement::next(pc), regs, cx, facc)
    }
}
