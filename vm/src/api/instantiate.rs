//! Loading programs into a machine.

use crate::api::machine::Machine;
use crate::link::instantiate::LinkError;
use crate::runtime::definitions::Definitions;
use crate::runtime::definitions::InstanceId;
use crate::value::Value;
use minivm_isa::verify::Verified;
use std::sync::Arc;

impl Machine {
    /// Loads a program and runs its start function. Instances of one `Arc` share the code, in this machine and others.
    ///
    /// # Errors
    /// When an import is missing or of another type, a segment does not fit, or the start function fails.
    pub fn instantiate(&mut self, program: impl Into<Arc<Verified>>) -> Result<InstanceId, LinkError> {
        let (id, start) = self.instantiate_unstarted(program)?;
        let started = start.map_or(Ok(Vec::new()), |start| self.call(start, &[]));
        match started {
            Ok(_) => Ok(id),
            Err(failure) => {
                // What it has given to others meanwhile keeps it.
                self.cx.unpin(id);
                Err(LinkError::Start(failure))
            }
        }
    }

    /// As [`instantiate`](Self::instantiate), without running the start function: the caller is given it, and runs it before
    /// anything else of the program, where it can stop and save it as any other run.
    ///
    /// # Errors
    /// As for [`instantiate`](Self::instantiate).
    pub fn instantiate_unstarted(
        &mut self,
        program: impl Into<Arc<Verified>>,
    ) -> Result<(InstanceId, Option<Value>), LinkError> {
        let program = self.cx.loaded_program(program.into())?;
        self.cx.instantiate(program, &Definitions::default())
    }

    /// A closure over an exported function that captures values, as chunks of languages with an environment do.
    ///
    /// # Errors
    /// When there is no such function, it captures something else, or there is no memory.
    pub fn closure(&mut self, instance: InstanceId, name: &str, captures: &[Value]) -> Result<Value, LinkError> {
        self.cx.closure(instance, name, captures)
    }
}
