//! Calls: of any value and of typed functions, by instructions and by the machine itself, and what is done with results.

use crate::boundary::{argument_of, arguments_error, dynamic_values};
use crate::fiber::{Boundary, Continuation, ContinuationKind, Frame, HostFrame, Level};
use crate::host::{Answer, HostCall, HostFunction, Protect, Raise, Returned};
use crate::machine::{Action, Machine};
use crate::rules::scope::{Flow, Stop};
use crate::store::{Closure, code_of};
use crate::value::{Any, ClosureId, Value};
use minivm_isa::program::Function;
use minivm_isa::{Convention, Instruction, TrapCode};

/// Calls that the machine makes itself, one within the other, at most.
pub(crate) const NESTING_MAX: u32 = 197;
/// What happens past that.
pub(crate) const NESTED_TOO_DEEP: &str = "C stack overflow";
/// Metamethods `__call` that may stand behind one another.
const CALL_CHAIN_MAX: usize = 200;
/// Values that 1 unit pays for when they are moved.
pub(crate) const VALUES_PER_UNIT: usize = 16;

/// A call of any value.
pub(crate) struct Call {
    pub(crate) callee: Any,
    pub(crate) arguments: Vec<Any>,
    /// Whether the machine makes it itself: a host function costs a toll then.
    pub(crate) is_own: bool,
}

/// A call that cannot go wrong any more, but for the size of the stack.
pub(crate) enum Prepared {
    /// Of a function of the host.
    Host { function: HostFunction, arguments: Vec<Any> },
    /// Of a function with code that is called with `any` values.
    Dynamic { closure: ClosureId, arguments: Vec<Any> },
    /// Of a typed function, with converted arguments.
    Typed { closure: ClosureId, arguments: Vec<Value> },
}

impl Machine {
    /// Does an instruction that may call something.
    pub(crate) fn call_from(&mut self, code: &Function, instruction: &Instruction) -> Result<Action, Stop> {
        match instruction {
            Instruction::Call { .. } | Instruction::CallIndirect { .. } | Instruction::CallRef { .. } => {
                let (callee, arguments) = self.typed_call(instruction)?;
                self.enter_typed(callee, arguments)
            }
            Instruction::TailCall { .. } | Instruction::TailCallIndirect { .. } | Instruction::TailCallRef { .. } => {
                let (callee, arguments) = self.typed_call(instruction)?;
                self.run.stack.pop();
                self.enter_typed(callee, arguments)
            }
            Instruction::CallAny { callee, arguments, .. } | Instruction::CallAnyToOpen { callee, arguments } => {
                let (callee, arguments) = self.with_scope(|scope| (scope.get(*callee), scope.anys(arguments)));
                self.enter(Call { callee, arguments, is_own: false })
            }
            Instruction::CallAnyOpen { callee, arguments, .. }
            | Instruction::CallAnyOpenToOpen { callee, arguments } => {
                let (callee, arguments) = self.with_scope(|scope| (scope.get(*callee), scope.with_open(arguments)));
                self.enter(Call { callee, arguments, is_own: false })
            }
            Instruction::TailCallAny { callee, arguments } => {
                let (callee, arguments) = self.with_scope(|scope| (scope.get(*callee), scope.anys(arguments)));
                self.tail_call(callee, arguments)
            }
            Instruction::TailCallAnyOpen { callee, arguments } => {
                let (callee, arguments) = self.with_scope(|scope| (scope.get(*callee), scope.with_open(arguments)));
                self.tail_call(callee, arguments)
            }
            Instruction::ForEach { iterator, state, control, .. } => {
                let (callee, arguments) =
                    self.with_scope(|scope| (scope.get(*iterator), vec![scope.get(*state), scope.get(*control)]));
                self.enter(Call { callee, arguments, is_own: false })
            }
            Instruction::ReturnValues { values } => {
                let values = self.with_scope(|scope| scope.values(values));
                let is_dynamic =
                    self.with_scope(|scope| scope.instance().program.signatures[code.signature].is_dynamic());
                self.return_values(values, is_dynamic)
            }
            Instruction::ReturnOpen { values } => {
                let values = self.with_scope(|scope| scope.with_open(values));
                self.return_values(values.into_iter().map(Value::Any).collect(), true)
            }
            _ => self.fiber_instruction(instruction).unwrap_or_else(|| self.metamethod_instruction(instruction)),
        }
    }

    /// The function that a typed call calls, with its arguments.
    fn typed_call(&mut self, instruction: &Instruction) -> Result<(ClosureId, Vec<Value>), Stop> {
        match instruction {
            Instruction::Call { function, arguments, .. } | Instruction::TailCall { function, arguments } => self
                .with_scope(|scope| {
                    let closure = scope.instance().functions[function.as_u32() as usize];
                    Ok((closure.expect("the verifier proved that it captures nothing"), scope.values(arguments)))
                }),
            Instruction::CallIndirect { signature, table, index, arguments, .. }
            | Instruction::TailCallIndirect { signature, table, index, arguments } => self.with_scope(|scope| {
                let callee = match scope.element(*table, *index) {
                    Err(Stop::Trap(TrapCode::TableBounds)) => return Err(TrapCode::UndefinedElement.into()),
                    element => element?,
                };
                let signature = scope.instance().signatures[signature.as_u32() as usize];
                Ok((scope.store.typed_function(&callee, signature)?, scope.values(arguments)))
            }),
            Instruction::CallRef { signature, callee, arguments, .. }
            | Instruction::TailCallRef { signature, callee, arguments } => self.with_scope(|scope| {
                let signature = scope.instance().signatures[signature.as_u32() as usize];
                let callee: Any = scope.get(*callee);
                if callee.is_nil() {
                    return Err(TrapCode::NullReference.into());
                }
                Ok((scope.store.typed_function(&callee, signature)?, scope.values(arguments)))
            }),
            _ => unreachable!("only typed calls are asked"),
        }
    }

    /// Calls a function in place of the frame at the top.
    fn tail_call(&mut self, callee: Any, arguments: Vec<Any>) -> Result<Action, Stop> {
        let (closure, arguments) = self.resolve(callee, arguments)?;
        if let Closure::Host { function, .. } = &self.store[closure] {
            // The frame stays, so that the function finds out who has called it.
            let function = function.clone();
            let continuation = Continuation { kind: ContinuationKind::TailCall, nesting: self.run.nesting };
            self.push(Level::Continuation(continuation))?;
            return self.start(Prepared::Host { function, arguments }, true);
        }
        self.run.stack.pop();
        let prepared = self.prepare_resolved(closure, arguments)?;
        self.start(prepared, false)
    }

    fn return_values(&mut self, values: Vec<Value>, is_dynamic: bool) -> Result<Action, Stop> {
        if is_dynamic {
            self.meter.pay((values.len() / VALUES_PER_UNIT) as u64)?;
        }
        self.run.stack.pop();
        Ok(Action::Return(values))
    }

    /// Calls any value.
    pub(crate) fn enter(&mut self, call: Call) -> Result<Action, Stop> {
        let prepared = self.prepare(call.callee, call.arguments)?;
        self.start(prepared, call.is_own)
    }

    /// Finds the function behind a value, and converts arguments. Errors happen at the top level.
    pub(crate) fn prepare(&mut self, callee: Any, arguments: Vec<Any>) -> Result<Prepared, Stop> {
        let (closure, arguments) = self.resolve(callee, arguments)?;
        self.prepare_resolved(closure, arguments)
    }

    /// The function behind a callee: `__call` metamethods become the callee, the value their first argument.
    fn resolve(&mut self, mut callee: Any, mut arguments: Vec<Any>) -> Result<(ClosureId, Vec<Any>), Stop> {
        for hops in 0.. {
            if let Any::Function(closure) = callee {
                match &self.store[closure] {
                    Closure::Bridge { target, .. } => callee = Any::Function(*target),
                    Closure::Guest { .. } | Closure::Host { .. } => return Ok((closure, arguments)),
                }
            } else {
                let metamethod = self.store.metamethod(&callee, "__call");
                if metamethod.is_nil() {
                    let kind = self.store.type_name(&callee);
                    return Err(Stop::Message(format!("attempt to call a {kind} value")));
                }
                arguments.insert(0, std::mem::replace(&mut callee, metamethod));
            }
            if hops == CALL_CHAIN_MAX {
                break;
            }
        }
        Err(Stop::Message("'__call' chain too long".to_owned()))
    }

    fn prepare_resolved(&mut self, closure: ClosureId, arguments: Vec<Any>) -> Result<Prepared, Stop> {
        if let Closure::Host { function, .. } = &self.store[closure] {
            return Ok(Prepared::Host { function: function.clone(), arguments });
        }
        let Some(signature) = self.store.signature_of(closure) else {
            return Ok(Prepared::Dynamic { closure, arguments });
        };
        let signature = self.store.types.signature_numbered(signature);
        let mut converted = Vec::new();
        for (index, &ty) in signature.params.iter().enumerate() {
            match argument_of(&self.store, arguments.get(index).unwrap_or(&Any::Nil), ty) {
                Ok(value) => converted.push(value),
                Err(expected) => {
                    let found = arguments.get(index);
                    return Err(Stop::Message(arguments_error(&self.store, closure, (index, ty), expected, found)));
                }
            }
        }
        Ok(Prepared::Typed { closure, arguments: converted })
    }

    /// Begins a call.
    pub(crate) fn start(&mut self, call: Prepared, is_own: bool) -> Result<Action, Stop> {
        match call {
            Prepared::Host { function, arguments } => {
                let nesting = self.run.nesting;
                let frame = HostFrame { function, kept: arguments, state: 0, protect: Protect::No, nesting };
                self.push(Level::Host(frame))?;
                Ok(Action::Host { returned: Returned::Nothing, is_called: !is_own })
            }
            Prepared::Dynamic { closure, arguments } => {
                self.push_frame(closure, arguments.into_iter().map(Value::Any).collect())
            }
            Prepared::Typed { closure, arguments } => {
                if self.replaces_boundary(closure) {
                    self.run.stack.pop();
                } else {
                    self.push(Level::Boundary(Boundary::ToTyped))?;
                }
                self.push_frame(closure, arguments)
            }
        }
    }

    /// Whether a typed function is called for typed code that wants the same results: nothing needs to stand between them.
    fn replaces_boundary(&self, closure: ClosureId) -> bool {
        let Some(Level::Boundary(Boundary::ToAny(bridge))) = self.run.stack.last() else { return false };
        let results = |closure| {
            let signature = self.store.signature_of(closure).expect("both are typed");
            self.store.types.signature_numbered(signature).results.clone()
        };
        results(*bridge) == results(closure)
    }

    /// Enters a typed function with its arguments.
    pub(crate) fn enter_typed(&mut self, closure: ClosureId, arguments: Vec<Value>) -> Result<Action, Stop> {
        match &self.store[closure] {
            Closure::Guest { .. } => self.push_frame(closure, arguments),
            Closure::Bridge { target, .. } => {
                let callee = Any::Function(*target);
                let arguments = dynamic_values(&self.store, arguments).ok_or(TrapCode::Unsupported)?;
                self.push(Level::Boundary(Boundary::ToAny(closure)))?;
                Ok(Action::Call(Call { callee, arguments, is_own: false }))
            }
            Closure::Host { .. } => unreachable!("functions of the host are not typed"),
        }
    }

    fn push_frame(&mut self, closure: ClosureId, mut arguments: Vec<Value>) -> Result<Action, Stop> {
        let Closure::Guest { instance, function, .. } = self.store[closure] else {
            unreachable!("only functions with code have frames")
        };
        let program = &self.store[instance].program;
        let code = code_of(program, function);
        let signature = &program.signatures[code.signature];
        let params = signature.params.len();
        let mut varargs = Vec::new();
        if signature.is_dynamic() {
            arguments.resize(arguments.len().max(params), Value::Any(Any::Nil));
            let further = arguments.split_off(params);
            if signature.convention == Convention::Variadic {
                varargs = further.into_iter().map(Value::any).collect();
            }
        }
        let mut registers: Vec<Option<Value>> = arguments.into_iter().map(Some).collect();
        registers.resize(code.registers.len(), None);
        self.push(Level::Guest(Frame { closure, instance, function, registers, at: 0, varargs, open: Vec::new() }))?;
        Ok(Action::Step)
    }

    /// Puts a level on the stack.
    pub(crate) fn push(&mut self, level: Level) -> Result<(), Stop> {
        if self.run.stack.len() >= self.limits.levels_max {
            return Err(TrapCode::StackOverflow.into());
        }
        self.run.stack.push(level);
        Ok(())
    }

    /// Gives results to the top level.
    pub(crate) fn deliver(&mut self, values: Vec<Value>) -> Result<Action, Stop> {
        match self.run.stack.last_mut() {
            Some(Level::Guest(_)) => {
                let flow = self.with_scope(|scope| {
                    let instruction = &scope.code.code[scope.frame.at];
                    results(scope, instruction, values)
                });
                Ok(self.go_on(flow))
            }
            Some(Level::Host(host)) => {
                self.run.nesting = host.nesting;
                let returned = Returned::Values(values.into_iter().map(Value::any).collect());
                Ok(Action::Host { returned, is_called: false })
            }
            Some(Level::Boundary(_)) => self.cross(values),
            Some(Level::Continuation(_)) => {
                let Some(Level::Continuation(continuation)) = self.run.stack.pop() else {
                    unreachable!("it was looked at")
                };
                self.run.nesting = continuation.nesting;
                self.returned_to(continuation, values.into_iter().map(Value::any).collect())
            }
            None => unreachable!("a stack ends with the entry of its fiber"),
        }
    }

    fn returned_to(&mut self, continuation: Continuation, values: Vec<Any>) -> Result<Action, Stop> {
        let first = values.first().cloned().unwrap_or(Any::Nil);
        match continuation.kind {
            ContinuationKind::Entry => self.finished(values),
            ContinuationKind::Metamethod => Ok(self.metamethod_returned(first)),
            ContinuationKind::Concat(mut rest) => {
                rest.push(first);
                self.concat(rest)
            }
            ContinuationKind::TailCall => {
                self.run.stack.pop();
                Ok(Action::Return(values.into_iter().map(Value::Any).collect()))
            }
            ContinuationKind::MessageHandler => self.handled(first),
            ContinuationKind::Resume | ContinuationKind::Close => unreachable!("fibers give what these wait for"),
        }
    }

    /// The frame at the top goes on.
    pub(crate) fn go_on(&mut self, flow: Flow) -> Action {
        self.with_scope(|scope| match flow {
            Flow::Next => scope.frame.at += 1,
            Flow::Jump(block) => scope.frame.at = scope.code.blocks[block] as usize,
        });
        Action::Step
    }

    /// Runs a state of the host function at the top.
    pub(crate) fn run_host(&mut self, returned: Returned, is_called: bool) -> Result<Action, Stop> {
        let Some(Level::Host(host)) = self.run.stack.last_mut() else { unreachable!("its level is at the top") };
        if !is_called {
            let given = if let Returned::Values(values) = &returned { values.len() } else { 0 };
            self.meter.pay(1 + ((host.kept.len() + given) / VALUES_PER_UNIT) as u64)?;
        }
        host.nesting = self.run.nesting;
        let function = host.function.clone();
        let (arguments, state) = (&host.kept[..], host.state);
        let mut call = HostCall { arguments, state, returned: &returned, store: &mut self.store };
        match function(&mut call) {
            Ok(answer) => self.carry_out(answer),
            Err(Raise::Error(error)) => Err(Stop::Error(error)),
            Err(Raise::Trap(code)) => Err(Stop::Trap(code)),
        }
    }

    fn carry_out(&mut self, answer: Answer) -> Result<Action, Stop> {
        match answer {
            Answer::Return(values) => {
                self.meter.pay((values.len() / VALUES_PER_UNIT) as u64)?;
                self.run.stack.pop();
                Ok(Action::Return(values.into_iter().map(Value::Any).collect()))
            }
            Answer::Call { callee, arguments, state, protect, keeps } => {
                let is_too_deep = self.run.nesting >= NESTING_MAX;
                self.wait_in_host(state, protect, keeps);
                if is_too_deep {
                    // It happens in the call, which may be a protected one.
                    return Err(Stop::Error(Any::string(NESTED_TOO_DEEP)));
                }
                Ok(Action::Call(Call { callee, arguments, is_own: true }))
            }
            Answer::TailCall { callee, arguments } => {
                self.run.stack.pop();
                Ok(Action::Call(Call { callee, arguments, is_own: true }))
            }
            Answer::Yield(values) => {
                self.may_yield()?;
                self.run.stack.pop();
                self.suspend(values)
            }
            Answer::Resume { fiber, arguments, state } => {
                self.wait_in_host(state, Protect::Catch, false);
                self.resume(&fiber, arguments)
            }
            Answer::Close { fiber, state } => {
                self.wait_in_host(state, Protect::Catch, true);
                self.close(&fiber)
            }
        }
    }

    /// The host function at the top waits for what it has asked for.
    fn wait_in_host(&mut self, state: u32, protect: Protect, keeps: bool) {
        let nesting = self.nest();
        let Some(Level::Host(host)) = self.run.stack.last_mut() else { unreachable!("its level is at the top") };
        (host.state, host.protect, host.nesting) = (state, protect, nesting);
        if !keeps {
            host.kept.clear();
        }
    }
}

/// What an instruction does with the results of its call.
fn results(scope: &mut crate::rules::scope::Scope<'_>, instruction: &Instruction, values: Vec<Value>) -> Flow {
    match instruction {
        Instruction::Call { results, .. }
        | Instruction::CallIndirect { results, .. }
        | Instruction::CallRef { results, .. } => {
            results.iter().zip(values).for_each(|(&result, value)| scope.frame.set(result, value));
        }
        Instruction::CallAny { results, .. }
        | Instruction::CallAnyOpen { results, .. }
        | Instruction::ForEach { results, .. } => {
            let values = values.into_iter().chain(std::iter::repeat(Value::Any(Any::Nil)));
            results.iter().zip(values).for_each(|(&result, value)| scope.frame.set(result, value));
        }
        // All that leave an open list, and yields, which get what the fiber is resumed with.
        _ => scope.frame.open = values.into_iter().map(Value::any).collect(),
    }
    match instruction {
        Instruction::ForEach { results, body, done, .. } => {
            Flow::Jump(if scope.frame.get(results[0]).any().is_nil() { *done } else { *body })
        }
        _ => Flow::Next,
    }
}
