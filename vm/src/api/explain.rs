//! The machine's own code, for people.

use crate::api::machine::Machine;
use crate::compile::explain::{ExplainError, ThreadedForm, threaded_form};
use crate::runtime::definitions::InstanceId;
use crate::runtime::native::NativeJob;
use minivm_isa::entities::Func;

impl Machine {
    /// What the loader makes of a function.
    ///
    /// # Errors
    /// Where the function has no code, or cannot be loaded.
    pub fn threaded_form(&mut self, instance: InstanceId, function: Func) -> Result<ThreadedForm, ExplainError> {
        threaded_form(&mut self.cx, instance, function)
    }

    /// What a native tier would be given to compile a function that has not run: all of it, with nothing known of the kinds of
    /// its values. None where it has no code, or cannot be loaded.
    pub fn native_job(&mut self, instance: InstanceId, function: Func) -> Option<NativeJob> {
        NativeJob::of(&mut self.cx, instance, function)
    }
}
