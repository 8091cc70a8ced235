//! Fibers: how they are resumed, yield, end and are closed.

use crate::calls::{Call, NESTED_TOO_DEEP, NESTING_MAX, VALUES_PER_UNIT};
use crate::fiber::{Continuation, ContinuationKind, Fiber, Level, State};
use crate::host::Returned;
use crate::machine::{Action, Ended, Machine};
use crate::rules::scope::{Flow, Stop};
use crate::value::{Any, FiberId, Value};
use minivm_isa::{Instruction, TrapCode};

impl Machine {
    /// Does an instruction on fibers.
    pub(crate) fn fiber_instruction(&mut self, instruction: &Instruction) -> Option<Result<Action, Stop>> {
        Some(match instruction {
            Instruction::FiberNew { dst, callee } => match self.with_scope(|scope| scope.get(*callee)) {
                callee @ Any::Function(_) => {
                    let fiber = self.store.new_fiber(Fiber { callee: Some(callee), ..Fiber::default() });
                    self.with_scope(|scope| scope.set(*dst, Any::Fiber(fiber)));
                    Ok(self.go_on(Flow::Next))
                }
                _ => Err(TrapCode::WrongKind.into()),
            },
            Instruction::FiberResumeToOpen { fiber, arguments, .. } => {
                let (fiber, arguments) = self.with_scope(|scope| (scope.get(*fiber), scope.anys(arguments)));
                self.resume_from(fiber, arguments)
            }
            Instruction::FiberResumeOpenToOpen { fiber, arguments, .. } => {
                let (fiber, arguments) = self.with_scope(|scope| (scope.get(*fiber), scope.with_open(arguments)));
                self.resume_from(fiber, arguments)
            }
            Instruction::FiberYieldToOpen { values } => {
                let values = self.with_scope(|scope| scope.anys(values));
                self.yield_from(values)
            }
            Instruction::FiberYieldOpenToOpen { values } => {
                let values = self.with_scope(|scope| scope.with_open(values));
                self.yield_from(values)
            }
            Instruction::FiberClose { fiber, .. } => match self.with_scope(|scope| scope.get(*fiber)) {
                fiber @ Any::Fiber(_) => self.wait_for(ContinuationKind::Close).and_then(|()| self.close(&fiber)),
                _ => Err(TrapCode::WrongKind.into()),
            },
            Instruction::FiberStatus { dst, fiber } => match self.with_scope(|scope| scope.get(*fiber)) {
                Any::Fiber(fiber) => {
                    let state = self.store[fiber].state;
                    self.with_scope(|scope| scope.set(*dst, state as u32));
                    Ok(self.go_on(Flow::Next))
                }
                _ => Err(TrapCode::WrongKind.into()),
            },
            _ => return None,
        })
    }

    fn resume_from(&mut self, fiber: Any, arguments: Vec<Any>) -> Result<Action, Stop> {
        self.meter.pay((arguments.len() / VALUES_PER_UNIT) as u64)?;
        if !matches!(fiber, Any::Fiber(_)) {
            return Err(TrapCode::WrongKind.into());
        }
        self.wait_for(ContinuationKind::Resume)?;
        self.resume(&fiber, arguments)
    }

    fn yield_from(&mut self, values: Vec<Any>) -> Result<Action, Stop> {
        self.meter.pay((values.len() / VALUES_PER_UNIT) as u64)?;
        self.may_yield()?;
        self.suspend(values)
    }

    fn wait_for(&mut self, kind: ContinuationKind) -> Result<(), Stop> {
        let nesting = self.nest();
        self.push(Level::Continuation(Continuation { kind, nesting }))
    }

    fn running(&self) -> FiberId {
        self.run.fiber.expect("a fiber runs")
    }

    /// Suspends the running fiber in a state, and runs another one.
    fn switch(&mut self, to: FiberId, state: State) {
        let from = self.running();
        self.store[from].stack = std::mem::take(&mut self.run.stack);
        self.store[from].state = state;
        self.run.stack = std::mem::take(&mut self.store[to].stack);
        self.store[to].state = State::Running;
        self.run.fiber = Some(to);
    }

    /// Leaves the running fiber for who has resumed it.
    fn leave(&mut self, state: State) {
        let fiber = self.running();
        let resumer = self.store[fiber].resumer.take();
        let resumer = resumer.expect("the main fiber is not left");
        self.switch(resumer, state);
        self.run.fiber_depth -= 1;
    }

    /// Whether fibers, or calls of any kind, are nested too deep for one more.
    fn is_too_deep(&self) -> bool {
        self.run.fiber_depth >= self.limits.fiber_depth_max || self.run.nesting > NESTING_MAX
    }

    /// Resumes a fiber for who waits at the top.
    pub(crate) fn resume(&mut self, fiber: &Any, arguments: Vec<Any>) -> Result<Action, Stop> {
        let Any::Fiber(fiber) = *fiber else { return self.refuse("coroutine expected") };
        match self.store[fiber].state {
            State::Suspended if self.is_too_deep() => return self.refuse(NESTED_TOO_DEEP),
            State::Suspended => {}
            State::Dead => return self.refuse("cannot resume dead coroutine"),
            State::Running | State::Normal => return self.refuse("cannot resume non-suspended coroutine"),
        }
        self.store[fiber].resumer = Some(self.running());
        self.switch(fiber, State::Normal);
        self.run.fiber_depth += 1;
        match self.store[fiber].callee.take() {
            Some(callee) => {
                self.push(Level::Continuation(Continuation { kind: ContinuationKind::Entry, nesting: 0 }))?;
                Ok(Action::Call(Call { callee, arguments, is_own: true }))
            }
            None => Ok(Action::Return(arguments.into_iter().map(Value::Any).collect())),
        }
    }

    fn refuse(&mut self, message: &str) -> Result<Action, Stop> {
        self.give(Err(Any::string(message)))
    }

    /// Gives who waits at the top for a fiber what it yields, returns or fails with.
    fn give(&mut self, result: Result<Vec<Any>, Any>) -> Result<Action, Stop> {
        if let Some(Level::Host(host)) = self.run.stack.last() {
            self.run.nesting = host.nesting;
            let returned = match result {
                Ok(values) => Returned::Values(values),
                Err(error) => Returned::Error(error),
            };
            return Ok(Action::Host { returned, is_called: false });
        }
        let Some(Level::Continuation(continuation)) = self.run.stack.pop() else {
            unreachable!("an instruction or function waits")
        };
        self.run.nesting = continuation.nesting;
        self.with_scope(|scope| match scope.code.code[scope.frame.at] {
            Instruction::FiberClose { ok, error, .. } => {
                scope.set(ok, result.is_ok());
                scope.set(error, result.err().unwrap_or(Any::Nil));
            }
            Instruction::FiberResumeToOpen { ok, .. } | Instruction::FiberResumeOpenToOpen { ok, .. } => {
                scope.set(ok, Any::Bool(result.is_ok()));
                scope.frame.open = result.unwrap_or_else(|error| vec![error]);
            }
            _ => unreachable!("these wait for fibers"),
        });
        Ok(self.go_on(Flow::Next))
    }

    /// Whether the running fiber can be suspended.
    pub(crate) fn may_yield(&self) -> Result<(), Stop> {
        match self.run.fiber == self.run.main {
            true => Err(Stop::Message("attempt to yield from outside a coroutine".to_owned())),
            false => Ok(()),
        }
    }

    /// Suspends the running fiber, whose top level waits for what it will be resumed with.
    pub(crate) fn suspend(&mut self, values: Vec<Any>) -> Result<Action, Stop> {
        self.leave(State::Suspended);
        self.give(Ok(values))
    }

    /// The first function of the running fiber has returned.
    pub(crate) fn finished(&mut self, values: Vec<Any>) -> Result<Action, Stop> {
        if self.run.fiber == self.run.main {
            return Ok(Action::End(Ended::Finished(values)));
        }
        self.leave(State::Dead);
        self.give(Ok(values))
    }

    /// Nobody on the running fiber, which is not the main one, has caught an error.
    pub(crate) fn failed(&mut self, error: Any) -> Result<Action, Stop> {
        let fiber = self.running();
        let was_closing = self.store[fiber].closing.take().is_some();
        self.leave(State::Dead);
        if was_closing && error.is_nil() {
            return self.give(Ok(Vec::new()));
        }
        // Closing it will run the clean-ups, and report the error once more.
        self.store[fiber].error = (!was_closing).then(|| error.clone());
        self.give(Err(error))
    }

    /// Closes a fiber for who waits at the top.
    pub(crate) fn close(&mut self, fiber: &Any) -> Result<Action, Stop> {
        let Any::Fiber(fiber) = *fiber else { return self.refuse("coroutine expected") };
        match self.store[fiber].state {
            State::Running => self.refuse("cannot close a running coroutine"),
            State::Normal => self.refuse("cannot close a normal coroutine"),
            State::Dead => match self.store[fiber].error.take() {
                None => self.give(Ok(Vec::new())),
                error => self.close_running(fiber, error),
            },
            State::Suspended if self.is_too_deep() => self.refuse(NESTED_TOO_DEEP),
            State::Suspended if self.store[fiber].callee.is_some() => {
                self.store[fiber].state = State::Dead;
                self.give(Ok(Vec::new()))
            }
            State::Suspended => self.close_running(fiber, None),
        }
    }

    /// Runs the clean-ups of a fiber that is suspended, or has failed with this error.
    fn close_running(&mut self, fiber: FiberId, error: Option<Any>) -> Result<Action, Stop> {
        self.store[fiber].resumer = Some(self.running());
        self.switch(fiber, State::Normal);
        self.run.fiber_depth += 1;
        self.store[fiber].closing = Some(usize::MAX);
        self.run.trap = None;
        self.pass_on(error.unwrap_or(Any::Nil))
    }
}
