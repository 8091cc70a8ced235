//! The machine's own code, for people.

use crate::api::machine::Machine;
use crate::compile::explain::{ExplainError, ThreadedForm, threaded_form};
use crate::runtime::definitions::InstanceId;
use minivm_isa::entities::Func;

impl Machine {
    /// What the loader makes of a function.
    ///
    /// # Errors
    /// Where the function has no code, or cannot be loaded.
    pub fn threaded_form(&mut self, instance: InstanceId, function: Func) -> Result<ThreadedForm, ExplainError> {
        threaded_form(&mut self.cx, instance, function)
    }
}
