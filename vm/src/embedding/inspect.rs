//! A stopped run, looked at by the host: its frames, their places in the source, their variables; and a machine's whole state.

use super::error::Error;
use super::machine::Machine;
use super::value::{InstanceId, Value, kind_of};
use crate::bytes::SnapshotError;
use crate::compile::explain::{ExplainError, ThreadedForm};
use crate::raw;
use crate::runtime::context::Context;
use crate::runtime::frame_view::{FrameKind, Position};
use minivm_isa::Kind;
use minivm_isa::entities::Func;
use std::fmt;
use std::marker::PhantomData;

pub use crate::api::state_report::{FiberActivity, MemoryReport, ProgramReport};

/// A value in a machine that stands still, for as long as nobody changes that. Its text is for people.
///
/// ```compile_fail,E0502
/// # let mut machine = minivm::Machine::new(minivm::Limits::default());
/// let function = machine.frames().next().map(|frame| frame.function);
/// machine.resume();
/// println!("{function:?}");                       // the machine has gone on
/// ```
#[derive(Clone, Copy)]
pub struct ShownValue<'m> {
    raw: raw::Value,
    machine: PhantomData<&'m Context>,
}

impl ShownValue<'_> {
    fn new(raw: raw::Value) -> Self {
        ShownValue { raw, machine: PhantomData }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        kind_of(self.raw.tag())
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        self.raw.as_bool()
    }

    /// The integer, if it is one.
    pub fn as_int(self) -> Option<i64> {
        self.raw.as_int()
    }

    /// The float, if it is one.
    pub fn as_float(self) -> Option<f64> {
        self.raw.as_float()
    }
}

impl fmt::Display for ShownValue<'_> {
    /// As [`Machine::describe`], but objects that no program has asked the identity of are shown without one, as it would be
    /// another without the look.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = crate::runtime::frames::known_identity(self.raw);
        f.write_str(&crate::api::machine::described(self.raw, known))
    }
}

impl fmt::Debug for ShownValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// What a variable holds. Its text is for people.
///
/// ```
/// # use minivm::VariableValue;
/// fn width(value: VariableValue<'_>) -> u32 {
///     match value {
///         VariableValue::I32(_) | VariableValue::F32(_) => 32,
///         VariableValue::V128(_) => 128,
///         _ => 64,
///     }
/// }
/// assert_eq!((width(VariableValue::I32(7)), VariableValue::F64(0.5).to_string()), (32, "0.5".to_owned()));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum VariableValue<'m> {
    /// Any value.
    Any(ShownValue<'m>),
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
    /// A `v128`, whose first byte is the lowest.
    V128(u128),
    /// A reference to a record or an array, nil for null.
    Reference(ShownValue<'m>),
}

impl fmt::Display for VariableValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VariableValue::I32(value) => value.fmt(f),
            VariableValue::I64(value) => value.fmt(f),
            VariableValue::F32(value) => value.fmt(f),
            VariableValue::F64(value) => f.write_str(&crate::format::float(*value)),
            VariableValue::V128(value) => write!(f, "{value:#034x}"),
            VariableValue::Any(value) | VariableValue::Reference(value) => value.fmt(f),
        }
    }
}

/// A named local variable. [`Frames`] shows how to come by it.
///
/// ```
/// # use minivm::Variable;
/// fn line(variable: &Variable<'_>) -> String {
///     let from = if variable.is_captured { " (captured)" } else { "" };
///     format!("{} = {}{from}", variable.name, variable.value)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Variable<'m> {
    /// The name in the source.
    pub name: String,
    /// What it holds.
    pub value: VariableValue<'m>,
    /// Whether the function has captured it from the one around it.
    pub is_captured: bool,
}

/// A frame of a stopped run. [`Frames`] shows how to come by it.
///
/// ```
/// # use minivm::Frame;
/// fn line(frame: &Frame<'_>) -> String {
///     match &frame.position {
///         Some(position) => format!("{position}: in {}", frame.name),
///         None => format!("in {}, at instruction {:?}", frame.name, frame.instruction),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Frame<'m> {
    /// What it is of.
    pub kind: FrameKind,
    /// The function.
    pub function: ShownValue<'m>,
    /// The function's own name.
    pub name: String,
    /// The canonical instruction it is at: the next one in the innermost frame, in others the call that they wait for. None
    /// in functions without bytecode.
    pub instruction: Option<usize>,
    /// Where that is in the source, if the program says.
    pub position: Option<Position>,
    /// Its visible variables: those that it has captured, then its own, in the order of the source.
    pub locals: Vec<Variable<'m>>,
    /// The fiber it is on.
    pub fiber: ShownValue<'m>,
}

/// The frames of a run or of a fiber, from the innermost outwards; read as they are asked for.
///
/// ```
/// # let machine = minivm::Machine::new(minivm::Limits::default());
/// for frame in machine.frames() {
///     println!("{} at {}", frame.name, frame.position.map_or(String::new(), |position| position.to_string()));
///     for local in &frame.locals {
///         println!("  {} = {}", local.name, local.value);
///     }
/// }
/// ```
pub struct Frames<'m>(raw::Frames<'m>);

impl<'m> Frames<'m> {
    pub(crate) fn new(frames: raw::Frames<'m>) -> Self {
        Frames(frames)
    }
}

fn shown_variable<'m>(variable: raw::Variable) -> Variable<'m> {
    let value = match variable.value {
        raw::VariableValue::Any(value) => VariableValue::Any(ShownValue::new(value)),
        raw::VariableValue::I32(value) => VariableValue::I32(value),
        raw::VariableValue::I64(value) => VariableValue::I64(value),
        raw::VariableValue::F32(value) => VariableValue::F32(value),
        raw::VariableValue::F64(value) => VariableValue::F64(value),
        raw::VariableValue::V128(value) => VariableValue::V128(value),
        raw::VariableValue::Reference(value) => VariableValue::Reference(ShownValue::new(value)),
    };
    Variable { name: variable.name, value, is_captured: variable.is_captured }
}

fn shown_frame<'m>(frame: raw::Frame) -> Frame<'m> {
    Frame {
        kind: frame.kind,
        function: ShownValue::new(frame.function),
        name: frame.name,
        instruction: frame.instruction,
        position: frame.position,
        locals: frame.locals.into_iter().map(shown_variable).collect(),
        fiber: ShownValue::new(frame.fiber),
    }
}

impl<'m> Iterator for Frames<'m> {
    type Item = Frame<'m>;

    fn next(&mut self) -> Option<Frame<'m>> {
        self.0.next().map(shown_frame)
    }

    /// How many there are, without reading what they hold.
    fn count(self) -> usize {
        self.0.count()
    }
}

/// What is in a machine that stands still.
///
/// ```
/// # use minivm::{Limits, Machine};
/// let mut machine = Machine::new(Limits::default());
/// let table = machine.table(0, 0)?;
/// let report = machine.report_state()?;
/// assert!(!report.is_stopped && report.heap_bytes > 0);
/// for (kind, count, bytes) in &report.kinds {
///     println!("{count} cells of kind {kind}, {bytes} bytes");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct StateReport {
    /// Whether there is a run that could go on.
    pub is_stopped: bool,
    /// The error at which it has stopped, as nothing catches that.
    pub uncaught_error: Option<Value>,
    /// All fibers that have not ended: the one that runs, those that wait for one that they have resumed, those that ran in
    /// runs that are suspended, then the others as they are met.
    pub fibers: Vec<FiberReport>,
    /// Bytes of the heap that are in use, with what is dead and not collected yet.
    pub heap_bytes: usize,
    /// Collections so far.
    pub collections: u64,
    /// Live heap cells by kind: the kind, their number and their bytes.
    pub kinds: Vec<(&'static str, usize, usize)>,
    /// Programs that have instances, each once for each instance.
    pub programs: Vec<ProgramReport>,
    /// All linear memories, each once.
    pub memories: Vec<MemoryReport>,
}

/// A fiber. [`Machine::frames_of_report`] gives its frames.
///
/// ```
/// # fn show(machine: &mut minivm::Machine) -> Result<(), Box<dyn std::error::Error>> {
/// let report = machine.report_state()?;
/// for fiber in &report.fibers {
///     let names: Vec<String> = machine.frames_of_report(fiber).unwrap().map(|frame| frame.name).collect();
///     println!("{}", names.join(" < "));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FiberReport {
    /// The fiber.
    pub fiber: Value,
    /// Whether a run begins with it.
    pub is_main: bool,
    /// What it does.
    pub activity: FiberActivity,
}

/// Frames, reports and code.
impl Machine {
    /// The frames of a run that has stopped and can go on, from the innermost outwards: those of the running fiber, then
    /// those of the fibers that have resumed it. None when there is no such run.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut builder = minivm_builder::ProgramBuilder::new();
    /// # let mut f = builder.function("twice", minivm_isa::Signature::dynamic(1, false));
    /// # let doubled = f.add(f.param(0), f.param(0));
    /// # f.return_values(&[doubled.into()]);
    /// # let twice = builder.add(f)?;
    /// # builder.export_function("twice", twice);
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// # let instance = machine.instantiate(builder.finish()?)?;
    /// # let twice = machine.exported_function(instance, "twice")?;
    /// machine.prepare(&twice, &[minivm::Value::int(21)])?;
    /// machine.step(1);
    /// let frame = machine.frames().next().ok_or("it runs")?;
    /// assert_eq!((frame.name.as_str(), frame.instruction), ("twice", Some(1)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn frames(&self) -> Frames<'_> {
        Frames::new(self.0.frames())
    }

    /// The frames of a fiber that does not run, from the innermost outwards: it is suspended, waits for one that it has
    /// resumed, or has failed. None for others, and for values that are no fibers.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn frames_of(&self, fiber: &Value) -> Result<Frames<'_>, Error> {
        let fiber = self.0.cx.resolve(fiber)?;
        Ok(Frames::new(self.0.frames_of(fiber)))
    }

    /// A variable of a stopped run, for the host to keep: by its name, in the frame `level` places out from the innermost. None
    /// when there is no such variable, or it holds a number of a typed language that is no value.
    pub fn variable(&mut self, level: usize, name: &str) -> Option<Value> {
        let frame = self.0.frames().nth(level)?;
        // Of variables with one name the inner one comes last.
        let variable = frame.locals.into_iter().rfind(|variable| variable.name == name)?;
        Some(match variable.value {
            raw::VariableValue::Any(value) | raw::VariableValue::Reference(value) => self.cx().root(value),
            raw::VariableValue::I32(value) => Value::Int(value.into()),
            raw::VariableValue::I64(value) => Value::Int(value),
            raw::VariableValue::F32(value) => Value::Float(value.into()),
            raw::VariableValue::F64(value) => Value::Float(value),
            raw::VariableValue::V128(_) => return None,
        })
    }

    /// Describes a machine in which nothing runs now.
    ///
    /// # Errors
    /// As for [`save`](Self::save): what cannot travel is not counted.
    pub fn report_state(&mut self) -> Result<StateReport, SnapshotError> {
        let report = self.0.report_state();
        self.tell_panics();
        let report = report?;
        let cx = self.cx();
        let uncaught_error = report.uncaught_error.map(|error| cx.root(error));
        let fibers = report.fibers.into_iter();
        let fibers = fibers.map(|fiber| FiberReport {
            fiber: cx.root(fiber.fiber),
            is_main: fiber.is_main,
            activity: fiber.activity,
        });
        Ok(StateReport {
            fibers: fibers.collect(),
            is_stopped: report.is_stopped,
            uncaught_error,
            heap_bytes: report.heap_bytes,
            collections: report.collections,
            kinds: report.kinds,
            programs: report.programs,
            memories: report.memories,
        })
    }

    /// The frames of a fiber of a [report](Self::report_state), from the innermost outwards; those of others that wait for it
    /// are not among them. None when it has gone on since and does not stand still.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn frames_of_report(&self, report: &FiberReport) -> Result<Frames<'_>, Error> {
        let (fiber, is_main) = (self.0.cx.resolve(&report.fiber)?, report.is_main);
        let report = raw::FiberReport { fiber, is_main, activity: report.activity };
        Ok(Frames::new(self.0.frames_of_report(&report)))
    }

    /// The globals that have a name, of the program that the function of a [frame](Frame::function) is of; none of functions of the
    /// host.
    pub fn globals_of(&self, function: &ShownValue<'_>) -> Vec<Variable<'_>> {
        self.0.globals_of_function(function.raw).into_iter().map(shown_variable).collect()
    }

    /// The globals that have a name, of a program by its place in the [report](Self::report_state).
    pub fn globals_of_report(&self, program: usize) -> Vec<Variable<'_>> {
        self.0.globals_of_report(program).into_iter().map(shown_variable).collect()
    }

    /// What the loader makes of a function; none of an instance of another machine.
    ///
    /// # Errors
    /// Where the function has no code, or cannot be loaded.
    pub fn threaded_form(&mut self, instance: InstanceId, function: Func) -> Result<ThreadedForm, ExplainError> {
        let instance =
            self.cx().resolve_instance(instance).map_err(|error| ExplainError::NotLoaded(error.to_string()))?;
        self.0.threaded_form(instance, function)
    }
}
