//! A tier that compiles hot functions to machine code.

use crate::api::machine::Machine;
use crate::runtime::native::{NativeFigures, NativeLog, NativePolicy, NativeTier};

impl Machine {
    /// Has functions compiled to machine code by this tier from now on, as the policy says; or by none any more. What a program
    /// does, what it costs and where it stops is the same.
    pub fn set_native_tier(&mut self, tier: Option<Box<dyn NativeTier>>, policy: NativePolicy) {
        self.cx.set_native(tier, policy);
    }

    /// What the native tier has done.
    pub fn native_figures(&self) -> NativeFigures {
        self.cx.native.figures()
    }

    /// What the native tier has done, one by one, where [`NativePolicy::logs`] is set.
    pub fn native_log(&self) -> &NativeLog {
        &self.cx.native.log
    }
}
