//! From the interpreter to native code.

use crate::runtime::context::Handler;
use crate::runtime::native::{NativeFlow, enter};

handler! {
    /// Stands in place of the first handler of a function, or of a loop, that has native code; the operands stay.
    pub(crate) fn enter_native(pc, regs, cx, facc) {
        match enter(&mut *cx, pc, regs) {
            NativeFlow::Go(flow) => follow!(flow, cx, facc),
            NativeFlow::Original(address) => {
                // SAFETY: it is the handler that stood here when the code was made.
                let original = std::mem::transmute::<usize, Handler>(address.0 as usize);
                slow!(original, pc, regs, cx, facc)
            }
        }
    }
}
