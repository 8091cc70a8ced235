//! Instances of WebAssembly modules on machines, and values as scripts see them.

use super::adapter::{adapter, face};
use super::script::Engine;
use crate::reload::{self, Plan, Reloads};
use crate::sliced_cases::Called;
use crate::slicing::{self, Pace};
use minivm::raw::Tag;
use minivm::raw::{InstanceId, Limits, LinkError, Machine, Value};
use minivm_isa::program::{FunctionDef, Item, Origin, Program};
use minivm_isa::verify::Verified;
use minivm_isa::{TrapCode, Type};

/// A value as scripts see it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A single, by its bits.
    F32(u32),
    /// A double, by its bits.
    F64(u64),
    /// 128 bits.
    V128(u128),
    /// A null reference.
    Null,
    /// A function.
    Func,
    /// A host reference with a number.
    Extern(u32),
    /// An integer reference, signed.
    I31(i32),
    /// A structure.
    Struct,
    /// An array.
    Array,
}

/// Why something did not work.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// Imports do not fit.
    Unlinkable(String),
    /// It trapped.
    Trap(String),
    /// The stack limit was reached.
    Exhausted(String),
    /// An exception that nobody caught, in words.
    Exception(String),
    /// Something that must not happen.
    Other(String),
}

/// An instance of a module, and the adapter before it.
#[derive(Clone, Copy)]
pub struct Instance {
    machine: usize,
    id: InstanceId,
    /// Place in [`Machines::adapters`].
    adapter: usize,
}

/// How calls are run.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// At once, without a limit.
    AtOnce,
    /// At a pace.
    Paced(Pace),
    /// In slices; after each, the machine is saved and a fresh one loads it.
    Reloaded {
        /// Where the lengths of slices come from.
        seed: u64,
    },
}

/// What calls an instance bit for bit.
struct Adapter {
    id: InstanceId,
    /// The exports behind it.
    program: Verified,
}

/// The module that the scripts import as `spectest`.
pub(crate) const SPECTEST: &str = r#"(module
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (memory (export "memory") 1 2)
    (func (export "print"))
    (func (export "print_i32") (param i32))
    (func (export "print_i64") (param i64))
    (func (export "print_f32") (param f32))
    (func (export "print_f64") (param f64))
    (func (export "print_i32_f32") (param i32 f32))
    (func (export "print_f64_f64") (param f64 f64)))"#;

/// The machines of one script.
pub struct Machines {
    machines: Vec<Machine>,
    adapters: Vec<Adapter>,
    /// The machine of programs that import something; it has the module `spectest`.
    linked: Option<usize>,
    is_one: bool,
    way: Way,
    /// What scripts call instances, and how many calls there were: what a fresh machine does not know.
    registered: Vec<(String, Instance)>,
    calls: u64,
}

impl Machines {
    /// No machine yet. `is_one` puts all instances on one machine; else programs that import nothing get one each, so that
    /// more of them have the memory that machines treat best.
    pub fn new(is_one: bool, way: Way) -> Self {
        Machines {
            machines: Vec::new(),
            adapters: Vec::new(),
            linked: None,
            is_one,
            way,
            registered: Vec::new(),
            calls: 0,
        }
    }

    fn machine(&mut self) -> usize {
        self.machines.push(fresh());
        self.machines.len() - 1
    }

    fn linked_machine(&mut self) -> Result<usize, Failure> {
        let number = self.machine();
        self.linked = Some(number);
        let bytes = minivm_wasm::parse_text(SPECTEST.as_bytes(), "spectest").expect("the text is right");
        let program = minivm_wasm::translate(&bytes, "spectest").expect("the module is right");
        let program = minivm_isa::verify(program).expect("it verifies");
        let spectest = self.instantiate_on(number, program)?;
        self.register("spectest", spectest);
        Ok(number)
    }

    fn instantiate_on(&mut self, number: usize, program: Verified) -> Result<Instance, Failure> {
        let machine = &mut self.machines[number];
        let id = machine.instantiate(program.clone()).map_err(link_failure)?;
        let module = format!("instance {}", self.adapters.len());
        machine.define_instance(&module, id);
        let before = adapter(&program, &module);
        let adapter = Adapter { id: machine.instantiate(before).map_err(link_failure)?, program };
        self.adapters.push(adapter);
        Ok(Instance { machine: number, id, adapter: self.adapters.len() - 1 })
    }
}

impl Engine for Machines {
    type Instance = Instance;

    fn instantiate(&mut self, program: Verified) -> Result<Instance, Failure> {
        if !self.is_one && !has_imports(&program) {
            let number = self.machine();
            return self.instantiate_on(number, program);
        }
        let number = match self.linked {
            Some(number) => number,
            None => self.linked_machine()?,
        };
        self.instantiate_on(number, program)
    }

    fn register(&mut self, name: &str, instance: Instance) {
        self.registered.push((name.to_owned(), instance));
        self.machines[instance.machine].define_instance(name, instance.id);
    }

    fn invoke(&mut self, instance: Instance, name: &str, arguments: &[Val]) -> Result<Vec<Val>, Failure> {
        let adapter = &self.adapters[instance.adapter];
        let types = result_types(&adapter.program, name)?;
        let arguments: Vec<Value> = arguments.iter().flat_map(|&argument| to_values(argument)).collect();
        let machine = &mut self.machines[instance.machine];
        let called = match self.way {
            Way::AtOnce => machine.invoke(adapter.id, name, &arguments),
            Way::Paced(pace) => call_paced(machine, adapter.id, name, &arguments, pace)?,
            Way::Reloaded { seed } => {
                self.calls += 1;
                let called = call_reloaded(machine, adapter.id, name, &arguments, seed ^ self.calls << 8)?;
                let here = self.registered.iter().filter(|(_, known)| known.machine == instance.machine);
                here.for_each(|(name, known)| machine.define_instance(name, known.id));
                called
            }
        };
        let machine = &mut self.machines[instance.machine];
        let results = match called {
            Ok(results) => results,
            Err(minivm::raw::Failure::Error { value, trap: None, .. }) if machine.exception_text(value).is_some() => {
                return Err(Failure::Exception(machine.describe(value)));
            }
            Err(minivm::raw::Failure::Error { value, trap: None, trace }) => {
                return Err(Failure::Other(format!("{}\n{trace}", machine.describe(value))));
            }
            Err(failure) => return Err(run_failure(failure)),
        };
        let count: usize = types.iter().map(|&ty| face(ty).len()).sum();
        if results.len() != count {
            return Err(Failure::Other(format!("{} results, {count} expected", results.len())));
        }
        let mut results = results.iter().copied();
        types.into_iter().map(|ty| from_values(&mut results, ty)).collect()
    }
}

fn fresh() -> Machine {
    // Scripts recurse without end to see it end: a small stack ends it soon.
    crate::native::machine(Limits { memory_bytes_max: 8 << 30, stack_words_max: 1 << 18, ..Limits::default() })
}

fn exported(machine: &Machine, instance: InstanceId, name: &str) -> Result<Value, Failure> {
    let function = machine.exported_function(instance, name);
    function.ok_or_else(|| Failure::Other(format!("no exported function '{name}'")))
}

fn call_paced(
    machine: &mut Machine,
    instance: InstanceId,
    name: &str,
    arguments: &[Value],
    pace: Pace,
) -> Result<Called, Failure> {
    let function = exported(machine, instance, name)?;
    let paced = slicing::call(machine, function, arguments, pace);
    match paced.miscounts.first() {
        Some(first) => Err(Failure::Other(first.clone())),
        None => paced.result.ok_or_else(|| Failure::Other("it did not end".to_owned())),
    }
}

fn call_reloaded(
    machine: &mut Machine,
    instance: InstanceId,
    name: &str,
    arguments: &[Value],
    seed: u64,
) -> Result<Called, Failure> {
    let function = exported(machine, instance, name)?;
    machine.prepare(function, arguments);
    let plan = Plan { seed, first: 8, growth_percent: 400, reloads_max: 4 };
    reload::run_in_slices(machine, plan, &mut Reloads::default(), || Ok(fresh())).map_err(Failure::Other)
}

fn has_imports(program: &Program) -> bool {
    program.functions.values().any(|function| matches!(function, FunctionDef::Import { .. }))
        || program.globals.values().any(|global| matches!(global.origin, Origin::Import(_)))
        || program.memories.values().any(|memory| matches!(memory.origin, Origin::Import(_)))
        || program.tables.values().any(|table| matches!(table.origin, Origin::Import(_)))
}

/// Types of the results of an exported function, or the type of an exported global.
pub(crate) fn result_types(program: &Program, name: &str) -> Result<Vec<Type>, Failure> {
    let export = program.exports.iter().find(|export| export.name == name);
    match export.map(|export| export.item) {
        Some(Item::Function(function)) => {
            let signature = match &program.functions[function] {
                FunctionDef::Import { signature, .. } => *signature,
                FunctionDef::Code(code) => code.signature,
            };
            Ok(program.signatures[signature].results.clone())
        }
        Some(Item::Global(global)) => Ok(vec![program.globals[global].ty]),
        Some(Item::Memory(_)) => Ok(vec![Type::I64]),
        _ => Err(Failure::Other(format!("no export '{name}'"))),
    }
}

/// The values at the boundary for a value of a script.
fn to_values(val: Val) -> Vec<Value> {
    match val {
        Val::V128(bits) => vec![Value::int(bits as i64), Value::int((bits >> 64) as i64)],
        other => vec![to_value(other)],
    }
}

/// The value of a type for the next values at the boundary.
fn from_values(values: &mut impl Iterator<Item = Value>, ty: Type) -> Result<Val, Failure> {
    let mut next = || values.next().unwrap_or(Value::NIL);
    if ty != Type::V128 {
        return from_value(next(), ty);
    }
    let word = |value: Value| value.as_int().map(|int| u128::from(int as u64));
    match (word(next()), word(next())) {
        (Some(low), Some(high)) => Ok(Val::V128(high << 64 | low)),
        _ => Err(Failure::Other("a vector is not two integers".to_owned())),
    }
}

fn to_value(val: Val) -> Value {
    match val {
        Val::I32(int) => Value::int(int.into()),
        Val::I64(int) => Value::int(int),
        Val::F32(bits) => Value::int(i64::from(bits as i32)),
        Val::F64(bits) => Value::int(bits as i64),
        Val::Null => Value::NIL,
        // Any value can be a host reference; an integer would be one of WebAssembly.
        Val::Extern(number) => Value::float(number.into()),
        Val::I31(int) => Value::int(int.into()),
        Val::Func | Val::Struct | Val::Array | Val::V128(_) => Value::TRUE,
    }
}

fn from_value(value: Value, ty: Type) -> Result<Val, Failure> {
    let int = value.as_int();
    match (ty, int) {
        (Type::I32, Some(int)) => Ok(Val::I32(int as i32)),
        (Type::I64, Some(int)) => Ok(Val::I64(int)),
        (Type::F32, Some(int)) => Ok(Val::F32(int as u32)),
        (Type::F64, Some(int)) => Ok(Val::F64(int as u64)),
        (Type::Any, Some(int)) => Ok(Val::I31(int as i32)),
        (Type::Any, None) if value.tag() == Tag::NIL => Ok(Val::Null),
        (Type::Any, None) if value.tag() == Tag::FUNCTION => Ok(Val::Func),
        (Type::Any, None) if value.tag() == Tag::RECORD => Ok(Val::Struct),
        (Type::Any, None) if value.tag() == Tag::ARRAY => Ok(Val::Array),
        (Type::Any, None) if value.tag() == Tag::FLOAT => Ok(Val::Extern(value.as_float().unwrap_or(0.0) as u32)),
        _ => Err(Failure::Other(format!("a result of type {ty} has tag {:?}", value.tag()))),
    }
}

fn link_failure(error: LinkError) -> Failure {
    match error {
        LinkError::Unknown { .. } | LinkError::Incompatible { .. } => Failure::Unlinkable(error.to_string()),
        LinkError::Trap(code) => Failure::Trap(code.to_string()),
        LinkError::Start(failure) => run_failure(failure),
    }
}

fn run_failure(failure: minivm::raw::Failure) -> Failure {
    match failure {
        minivm::raw::Failure::Error { trap: Some(TrapCode::StackOverflow), trace, .. } => Failure::Exhausted(trace),
        minivm::raw::Failure::Error { trap: Some(code), .. } => Failure::Trap(code.to_string()),
        minivm::raw::Failure::Error { trap: None, trace, .. } => Failure::Other(trace),
        minivm::raw::Failure::Exit(code) => Failure::Other(format!("exit with {code}")),
    }
}
