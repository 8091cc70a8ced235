//! Copying values and words, and elements of function tables.

use crate::threaded::operands::Cursor;
use crate::threaded::operands::{get_any, set_any};
use crate::value::Tag;
use minivm_isa::TrapCode;

handler! {
    /// `copy` of an `any` register. Operands: destination, source.
    pub(crate) fn copy_any(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        set_any(regs, dst, get_any(regs, src));
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `copy` of an `any` constant. Operands: destination, tag, payload.
    pub(crate) fn copy_constant(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, tag) = (c.half(), c.half());
        let payload = c.word64();
        *regs.add(dst) = payload;
        *regs.add(dst + 1).cast::<Tag>() = Tag(tag as u32);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// Copies one word. Operands: destination, source.
    pub(crate) fn copy_word(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        *regs.add(dst) = *regs.add(src);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// Writes a word. Operands: destination, word.
    pub(crate) fn word_constant(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let dst = c.half();
        *regs.add(dst) = c.word64();
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// The callee of `call_indirect`. Operands: destination, index, table.
    pub(crate) fn table_element(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, index) = (c.half(), c.half());
        let table = c.word64() as usize as *const crate::memory::TableInstance;
        let values = (*table).values();
        let index = *regs.add(index);
        if index >= values.len() as u64 {
            (*cx).trap_code = TrapCode::UndefinedElement;
            slow!(super::control::trap, pc, regs, cx, facc)
        }
        set_any(regs, dst, *values.as_ptr().add(index as usize));
        next!(c.end(), regs, cx, facc)
    }
}
