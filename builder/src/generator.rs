//! The function that generators are: it resumes a fiber.

use crate::{BuildError, ProgramBuilder};
use minivm_isa::entities::Func;
use minivm_isa::{Signature, Type};

/// What `fiber_status` gives for a fiber that has ended.
const FIBER_IS_DEAD: i32 = 3;

impl ProgramBuilder {
    /// A dynamic function that captures a fiber, for closures that are called like any other function: each call goes on in the
    /// fiber, with its argument as the value of the `yield` that the fiber waits in, and returns the first value that is yielded or, at
    /// the end, returned. Once the fiber has ended, calls return nothing. An error in the fiber is thrown on. It is made once.
    ///
    /// ```
    /// # use minivm_builder::{ProgramBuilder, Signature};
    /// # let mut program = ProgramBuilder::new();
    /// # let body = program.import_function("host", "body", Signature::dynamic(0, false));
    /// let generator = program.generator_function()?;
    /// let mut f = program.function("main", Signature::dynamic(0, false));
    /// let body = f.ref_func(body);                    // a function that yields
    /// let fiber = f.fiber_new(body);
    /// let next = f.closure(generator, (fiber,));
    /// let first = f.call_any_one(next, ());
    /// f.return_values((first, next));
    /// # program.add(f)?;
    /// # program.finish()?;
    /// # Ok::<(), minivm_builder::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// See [`FunctionBuilder::finish`](crate::FunctionBuilder::finish).
    pub fn generator_function(&mut self) -> Result<Func, BuildError> {
        if let Some(made) = self.generator {
            return Ok(made);
        }
        // ANCHOR: generator
        let mut f = self.function("generator", Signature::dynamic(1, false));
        f.capture(Type::Any, "fiber");
        let [dead, alive, yielded, failed] = [(); 4].map(|()| f.block());
        let (ok, value, count) = (f.register(Type::Any), f.register(Type::Any), f.register(Type::I32));
        let (sent, fiber) = (f.param(0), f.capture_get(0));
        let status = f.fiber_status(fiber);
        f.branch_i32_eq(status, FIBER_IS_DEAD, dead, alive);
        f.switch_to(dead);
        f.return_values(());
        f.switch_to(alive);
        f.fiber_resume_to_open(ok, fiber, (sent,));
        f.take_open(count, &[value]);
        f.branch_truthy(ok, yielded, failed);
        f.switch_to(yielded);
        f.return_values((value,));
        f.switch_to(failed);
        f.throw(value);
        // ANCHOR_END: generator
        let made = self.add(f)?;
        self.generator = Some(made);
        Ok(made)
    }
}
