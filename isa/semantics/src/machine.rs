//! The machine: what happens next, one step after the other.
//!
//! Nothing here calls itself: a step says what the next one is, so that programs may nest as deep as they like.

use crate::calls::Call;
use crate::fiber::{Continuation, ContinuationKind, Fiber, Level, State};
use crate::host::{HostFunction, Returned};
use crate::link::{Definition, LinkError};
use crate::rules::scope::{Flow, Meter, Scope, Stop};
use crate::rules::{self};
use crate::store::{Closure, Store, code_of};
use crate::value::{Any, FiberId, InstanceId, Value};
use minivm_isa::program::Item;
use minivm_isa::verify::Verified;
use minivm_isa::{Opcode, TrapCode};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Where a machine stops growing.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of the stack of a fiber.
    pub levels_max: usize,
    /// Fibers that have resumed one another.
    pub fiber_depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { levels_max: 200_000, fiber_depth_max: 200 }
    }
}

/// How a run has ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// With values.
    Finished(Vec<Any>),
    /// With an error that nobody has caught.
    Failed {
        /// The error.
        error: Any,
        /// The trap, if it was one.
        trap: Option<TrapCode>,
    },
    /// Its budget was used up.
    OutOfFuel,
}

/// What happens next.
pub(crate) enum Action {
    /// The instruction of the top level.
    Step,
    /// A call; its results go to the top level.
    Call(Call),
    /// Values are returned to the top level.
    Return(Vec<Value>),
    /// The host function of the top level goes on; whether the machine takes a toll for it.
    Host { returned: Returned, is_called: bool },
    /// An error happens at the top level, with the trap that it is.
    Raise { error: Any, trap: Option<TrapCode> },
    /// Nothing: the run has ended.
    End(Ended),
}

/// A run.
#[derive(Default)]
pub(crate) struct Run {
    /// The levels of the running fiber.
    pub(crate) stack: Vec<Level>,
    pub(crate) fiber: Option<FiberId>,
    pub(crate) main: Option<FiberId>,
    pub(crate) fiber_depth: usize,
    /// Calls that the machine makes itself, one within the other.
    pub(crate) nesting: u32,
    /// The trap that was raised last.
    pub(crate) trap: Option<TrapCode>,
}

/// A machine that runs verified programs as plainly as possible.
pub struct Machine {
    pub(crate) store: Store,
    pub(crate) definitions: HashMap<(String, String), Definition>,
    pub(crate) limits: Limits,
    pub(crate) run: Run,
    pub(crate) meter: Meter,
    used: BTreeSet<Opcode>,
    watcher: Option<Watcher>,
}

/// What is reported of each instruction before it is done: what is left of the budget, the name of the function, and the place.
pub type Watcher = Box<dyn FnMut(Option<u64>, &str, usize)>;

impl Machine {
    /// A machine without programs.
    pub fn new(limits: Limits) -> Self {
        Machine {
            store: Store::default(),
            definitions: HashMap::new(),
            limits,
            run: Run::default(),
            meter: Meter(None),
            used: BTreeSet::new(),
            watcher: None,
        }
    }

    /// Makes a function of the host importable.
    pub fn define(&mut self, module: &str, name: &str, function: HostFunction) {
        let closure = self.store.new_closure(Closure::Host { function, name: name.to_owned() });
        self.definitions.insert((module.to_owned(), name.to_owned()), Definition::Function(closure));
    }

    /// Makes a function value importable.
    pub fn define_function(&mut self, module: &str, name: &str, function: &Any) {
        if let Any::Function(closure) = function {
            self.definitions.insert((module.to_owned(), name.to_owned()), Definition::Function(*closure));
        }
    }

    /// Makes what an instance exports importable, but for functions that capture values.
    pub fn define_instance(&mut self, module: &str, instance: InstanceId) {
        let program = self.store[instance].program.clone();
        for export in &program.exports {
            if let Some(definition) = self.definition(instance, export.item) {
                self.definitions.insert((module.to_owned(), export.name.clone()), definition);
            }
        }
    }

    /// Loads a program and runs its start function.
    ///
    /// # Errors
    /// When an import is missing or does not fit, or something traps.
    pub fn instantiate(&mut self, program: Verified) -> Result<InstanceId, LinkError> {
        let (instance, start) = self.link(Rc::new(program))?;
        if let Some(start) = start {
            match self.call(&start, &[]) {
                Ended::Finished(_) => {}
                Ended::Failed { error, trap } => return Err(LinkError::Start { error, trap }),
                Ended::OutOfFuel => return Err(LinkError::OutOfFuel),
            }
        }
        Ok(instance)
    }

    /// The value of an exported function; none for one that captures values.
    pub fn exported_function(&self, instance: InstanceId, name: &str) -> Option<Any> {
        let exports = &self.store[instance].program.exports;
        match exports.iter().find(|export| export.name == name)?.item {
            Item::Function(function) => self.store[instance].functions[function.as_u32() as usize].map(Any::Function),
            Item::Global(_) | Item::Memory(_) | Item::Table(_) => None,
        }
    }

    /// A closure over an exported function; captures that are missing are nil, those that are cells get a new one.
    pub fn closure(&mut self, instance: InstanceId, name: &str, captures: &[Any]) -> Option<Any> {
        let program = self.store[instance].program.clone();
        let item = program.exports.iter().find(|export| export.name == name)?.item;
        let Item::Function(function) = item else { return None };
        if let Some(closure) = self.store[instance].functions[function.as_u32() as usize] {
            return Some(Any::Function(closure));
        }
        let captures: Rc<[Value]> = (0..)
            .zip(&code_of(&program, function).captures)
            .map(|(index, ty): (usize, _)| {
                let value = captures.get(index).cloned().unwrap_or(Any::Nil);
                match ty {
                    minivm_isa::Type::Cell => Value::Cell(self.store.new_cell(value)),
                    _ => Value::Any(value),
                }
            })
            .collect();
        Some(Any::Function(self.store.new_closure(Closure::Guest { instance, function, captures })))
    }

    /// Sets the budget of what comes, in units; none for no limit.
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        self.meter = Meter(fuel);
    }

    /// What is left of the budget.
    pub fn fuel(&self) -> Option<u64> {
        self.meter.0
    }

    /// Has each instruction told to somebody before it is done.
    pub fn watch(&mut self, watcher: Watcher) {
        self.watcher = Some(watcher);
    }

    /// Rows of the table of instructions that were used.
    pub fn used(&self) -> &BTreeSet<Opcode> {
        &self.used
    }

    /// Whether the programs have asked for something that the meaning of bytecode leaves open, so that other machines may answer
    /// something else: the length of a table with gaps, or what follows a trap of a limit that they raise themselves.
    pub fn was_open(&self) -> bool {
        self.store.was_open
    }

    /// Calls a function and runs it to its end.
    pub fn call(&mut self, function: &Any, arguments: &[Any]) -> Ended {
        let entry = Level::Continuation(Continuation { kind: ContinuationKind::Entry, nesting: 0 });
        let main = self.store.new_fiber(Fiber { state: State::Running, ..Fiber::default() });
        self.run = Run { stack: vec![entry], fiber: Some(main), main: Some(main), ..Run::default() };
        let call = Call { callee: function.clone(), arguments: arguments.to_vec(), is_own: true };
        let mut action = Action::Call(call);
        loop {
            action = match self.act(action) {
                Ok(Action::End(ended)) => return ended,
                Ok(next) => next,
                Err(Stop::OutOfFuel) => return Ended::OutOfFuel,
                Err(Stop::Trap(code)) => self.trap(code),
                Err(Stop::Message(message)) => {
                    Action::Raise { error: Any::string(self.position() + &message), trap: None }
                }
                Err(Stop::Error(error)) => Action::Raise { error, trap: None },
            };
        }
    }

    fn act(&mut self, action: Action) -> Result<Action, Stop> {
        match action {
            Action::Step => self.step(),
            Action::Call(call) => self.enter(call),
            Action::Return(values) => self.deliver(values),
            Action::Host { returned, is_called } => self.run_host(returned, is_called),
            Action::Raise { error, trap } => self.raise(error, trap),
            Action::End(_) => unreachable!("a run ends once"),
        }
    }

    /// An error whose value is the message of a trap.
    pub(crate) fn trap(&mut self, code: TrapCode) -> Action {
        let position = if code == TrapCode::OutOfMemory { String::new() } else { self.position() };
        Action::Raise { error: Any::string(position + code.message()), trap: Some(code) }
    }

    /// `source:line:` and a space for the instruction of the top level, if it has one and the frontend told.
    pub(crate) fn position(&self) -> String {
        let Some(Level::Guest(frame)) = self.run.stack.last() else { return String::new() };
        let program = &self.store[frame.instance].program;
        match code_of(program, frame.function).span_at(frame.at) {
            Some(span) => format!("{}:{}: ", program.sources[span.source].name, span.line),
            None => String::new(),
        }
    }

    /// Does the instruction of the frame at the top.
    fn step(&mut self) -> Result<Action, Stop> {
        let Some(Level::Guest(frame)) = self.run.stack.last_mut() else {
            unreachable!("only functions with code have instructions")
        };
        let program = self.store[frame.instance].program.clone();
        let code = code_of(&program, frame.function);
        if let Some(watcher) = &mut self.watcher {
            watcher(self.meter.0, &code.name, frame.at);
        }
        self.meter.pay(1)?;
        let instruction = &code.code[frame.at];
        self.used.insert(instruction.opcode());
        let mut scope = Scope { code, frame, store: &mut self.store, meter: &mut self.meter };
        let Some(flow) = rules::apply(&mut scope, instruction) else {
            return self.call_from(code, instruction);
        };
        match flow? {
            Flow::Next => frame.at += 1,
            Flow::Jump(block) => frame.at = code.blocks[block] as usize,
        }
        Ok(Action::Step)
    }

    /// The frame at the top with its code and the rest of the machine.
    pub(crate) fn with_scope<T>(&mut self, act: impl FnOnce(&mut Scope<'_>) -> T) -> T {
        let Some(Level::Guest(frame)) = self.run.stack.last_mut() else {
            unreachable!("the instruction that waits is in a function with code")
        };
        let program = self.store[frame.instance].program.clone();
        let code = code_of(&program, frame.function);
        act(&mut Scope { code, frame, store: &mut self.store, meter: &mut self.meter })
    }

    /// Notes a call that the machine makes itself; gives how many there were before.
    pub(crate) fn nest(&mut self) -> u32 {
        self.run.nesting += 1;
        self.run.nesting - 1
    }
}
