//! Closing a machine.

use crate::api::machine::Machine;
use crate::api::run::RunState;
use crate::runtime::collect;
use crate::runtime::failure::Failure;
use crate::runtime::task::Uncaught;
use crate::value::Value;

impl Machine {
    /// Ends the program: runs the finalisers of all objects that have one, dead or not, in the reverse of the order in which
    /// they got it. Their errors are told as always. Does nothing if the program has ended itself at once. Runs that could
    /// go on are dropped, also those that are suspended.
    ///
    /// # Errors
    /// When a finaliser ends the program with an exit status, uses up the budget, waits for the host, or there is no memory to
    /// run it; no other runs then, unless the program is to be closed before it exits.
    pub fn close(&mut self) -> Result<(), Failure> {
        if self.cx.is_abandoned {
            return Ok(());
        }
        self.cx.drop_all_runs();
        collect::finalise_all(&mut self.cx);
        let mut end = Ok(());
        while let Some((object, finaliser)) = self.cx.next_finaliser() {
            let finished = self.finish(finaliser, object).and_then(|result| {
                let tell = self.cx.finaliser_error();
                match result {
                    Err(error) if !tell.is_nil() => self.finish(tell, error).map(drop),
                    _ => Ok(()),
                }
            });
            match finished {
                Err(exit @ Failure::Exit(_)) if !self.cx.is_abandoned => end = Err(exit),
                Err(failure) => return Err(failure),
                Ok(()) => {}
            }
        }
        end
    }

    /// Calls a function while nothing else is finalised; gives the error it ends with.
    fn finish(&mut self, function: Value, argument: Value) -> Result<Result<(), Value>, Failure> {
        self.prepare(function, &[argument]);
        if self.cx.run.main_fiber.is_null() {
            // There is not even room for a fiber, after everything that is not used has gone.
            return Err(self.cx.failure_of(minivm_isa::TrapCode::OutOfMemory.message()));
        }
        self.cx.run.finaliser_in = self.cx.run.main_fiber;
        // Its error is told and goes no further.
        self.cx.run.uncaught = Uncaught::GoneOn;
        match self.resume() {
            RunState::Finished(_) => Ok(Ok(())),
            RunState::Failed(Failure::Error { value, .. }) => Ok(Err(value)),
            RunState::Failed(exit) => Err(exit),
            RunState::Waiting(request) => {
                let message = format!("host request '{}' was not answered", request.name());
                Err(self.cx.failure_of(&message))
            }
            RunState::OutOfFuel | RunState::Stepped => Err(self.cx.failure_of("out of fuel")),
            RunState::Interrupted => Err(self.cx.failure_of("interrupted")),
            RunState::Yielded(_) => Err(self.cx.failure_of("a finaliser has yielded to the host")),
        }
    }
}
