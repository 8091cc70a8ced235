//! Random modules give the same results, traps, globals and memories as in another engine.
//!
//! Seeds are fixed. `MINIVM_MODULES` sets how many modules there are, `MINIVM_SEED` the first seed.

use arbitrary::Unstructured;
use minivm_conformance::native::{self, Mode};
use minivm_conformance::slicing::Pace;
use minivm_conformance::wasm::{Engine, Failure, Val, Way, machines, sum};
use wasm_smith::{Config, Module};
use wasmi::{ExternType, TrapCode};

/// Bytes that a module is made of; more make larger modules.
const ENTROPY_BYTES: usize = 2_000;
/// Calls and loop rounds before a module traps.
const STEPS_MAX: u32 = 1_000;

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().expect("it is a number"))
}

/// Xorshift.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn config(seed: u64) -> Config {
    Config {
        // Every other module traps where it may, so that long runs are not cut short in all of them.
        disallow_traps: seed.is_multiple_of(2),
        canonicalize_nans: true,
        export_everything: true,
        allow_start_export: false,
        min_funcs: 2,
        max_imports: 0,
        max_instructions: 300,
        max_memories: 2,
        max_memory32_bytes: 4 << 16,
        max_table_elements: 100,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        gc_enabled: false,
        exceptions_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        shared_everything_threads_enabled: false,
        tail_call_enabled: true,
        extended_const_enabled: true,
        ..Config::default()
    }
}

/// The module of a seed.
fn module(seed: u64) -> Option<Vec<u8>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let entropy: Vec<u8> = (0..ENTROPY_BYTES).map(|_| next(&mut state) as u8).collect();
    let mut module = Module::new(config(seed), &mut Unstructured::new(&entropy)).ok()?;
    module.ensure_termination(STEPS_MAX).ok()?;
    Some(module.to_bytes())
}

/// The other engine.
struct Other {
    store: wasmi::Store<()>,
    instance: wasmi::Instance,
}

impl Other {
    fn new(module: &wasmi::Module) -> Result<Self, wasmi::Error> {
        let mut store = wasmi::Store::new(module.engine(), ());
        let instance = wasmi::Linker::new(module.engine()).instantiate_and_start(&mut store, module)?;
        Ok(Other { store, instance })
    }

    fn call(&mut self, name: &str, arguments: &[Val], results: &[wasmi::ValType]) -> Result<Vec<Val>, Failure> {
        let function = self.instance.get_func(&self.store, name).expect("it is exported");
        let arguments: Vec<wasmi::Val> = arguments.iter().map(to_other).collect();
        let mut values: Vec<wasmi::Val> = results.iter().map(|&ty| wasmi::Val::default(ty)).collect();
        function.call(&mut self.store, &arguments, &mut values).map_err(|error| failure(&error))?;
        Ok(values.iter().map(from_other).collect())
    }
}

fn to_other(value: &Val) -> wasmi::Val {
    match *value {
        Val::I32(int) => wasmi::Val::I32(int),
        Val::I64(int) => wasmi::Val::I64(int),
        Val::F32(bits) => wasmi::Val::F32(f32::from_bits(bits).into()),
        Val::F64(bits) => wasmi::Val::F64(f64::from_bits(bits).into()),
        Val::Null | Val::Func | Val::Extern(_) | Val::I31(_) | Val::Struct | Val::Array | Val::V128(_) => {
            unreachable!("functions with references are not called")
        }
    }
}

fn from_other(value: &wasmi::Val) -> Val {
    match value {
        wasmi::Val::I32(int) => Val::I32(*int),
        wasmi::Val::I64(int) => Val::I64(*int),
        wasmi::Val::F32(float) => Val::F32(float.to_bits()),
        wasmi::Val::F64(float) => Val::F64(float.to_bits()),
        wasmi::Val::FuncRef(function) if !function.is_null() => Val::Func,
        _ => Val::Null,
    }
}

/// The same words for the same trap.
fn failure(error: &wasmi::Error) -> Failure {
    let text = match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => "unreachable",
        Some(TrapCode::MemoryOutOfBounds) => "out of bounds memory access",
        Some(TrapCode::TableOutOfBounds) => "out of bounds table access",
        Some(TrapCode::IndirectCallToNull) => "uninitialized element",
        Some(TrapCode::IntegerDivisionByZero) => "integer divide by zero",
        Some(TrapCode::IntegerOverflow) => "integer overflow",
        Some(TrapCode::BadConversionToInteger) => "invalid conversion to integer",
        Some(TrapCode::BadSignature) => "indirect call type mismatch",
        Some(TrapCode::StackOverflow) => return Failure::Exhausted(String::new()),
        // Errors of instantiation have no code.
        Some(_) | None if error.to_string().starts_with("out of bounds table access") => "out of bounds table access",
        Some(_) | None if error.to_string().starts_with("out of bounds memory access") => "out of bounds memory access",
        Some(_) | None => return Failure::Other(error.to_string()),
    };
    Failure::Trap(text.to_owned())
}

fn is_same_failure(ours: &Failure, theirs: &Failure) -> bool {
    match (ours, theirs) {
        // An index past the end of a table is a trap of its own here.
        (Failure::Trap(ours), Failure::Trap(theirs)) if ours == "undefined element" => {
            theirs == "out of bounds table access"
        }
        (Failure::Trap(ours), Failure::Trap(theirs)) => ours == theirs,
        (Failure::Unlinkable(_) | Failure::Trap(_) | Failure::Exhausted(_), _) => false,
        (Failure::Exception(_) | Failure::Other(_), _) => false,
    }
}

/// How a comparison went on.
enum Step {
    Same,
    /// A stack is full, which may happen in one engine sooner than in the other.
    Stop,
}

fn compare<T: PartialEq + std::fmt::Debug>(
    ours: Result<T, Failure>,
    theirs: Result<T, Failure>,
    what: &str,
) -> Result<Step, String> {
    match (ours, theirs) {
        (Err(Failure::Exhausted(_)), _) | (_, Err(Failure::Exhausted(_))) => Ok(Step::Stop),
        (Ok(ours), Ok(theirs)) if ours == theirs => Ok(Step::Same),
        (Err(ours), Err(theirs)) if is_same_failure(&ours, &theirs) => Ok(Step::Same),
        (ours, theirs) => Err(format!("{what}: {ours:x?}, not {theirs:x?}")),
    }
}

fn argument(ty: wasmi::ValType, state: &mut u64) -> Option<Val> {
    let bits = next(state) >> (next(state) % 64);
    match ty {
        wasmi::ValType::I32 => Some(Val::I32(bits as i32)),
        wasmi::ValType::I64 => Some(Val::I64(bits as i64)),
        wasmi::ValType::F32 => Some(Val::F32((bits as f32).to_bits())),
        wasmi::ValType::F64 => Some(Val::F64((bits as f64 / 16.0).to_bits())),
        _ => None,
    }
}

/// Runs all exports of a module in both engines; gives the number of calls.
fn differ(seed: u64, bytes: &[u8], way: Way) -> Result<usize, String> {
    let engine = wasmi::Engine::default();
    let other = wasmi::Module::new(&engine, bytes).map_err(|error| error.to_string())?;
    let program = minivm_wasm::translate(bytes, "random").map_err(|error| error.to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| format!("{rejections:?}"))?;
    let mut machines = machines(true, way);
    let ours = machines.instantiate(program.into());
    let theirs = Other::new(&other).map_err(|error| failure(&error));
    let (ours, mut theirs) = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (ours, theirs) => return compare(ours.map(|_| ()), theirs.map(|_| ()), "instantiation").map(|_| 0),
    };
    let mut state = seed | 1;
    let mut calls = 0;
    for _ in 0..2 {
        for export in other.exports() {
            let name = export.name();
            let ExternType::Func(ty) = export.ty() else { continue };
            let arguments: Option<Vec<Val>> = ty.params().iter().map(|&ty| argument(ty, &mut state)).collect();
            let Some(arguments) = arguments else { continue };
            let found = machines.invoke(ours, name, &arguments);
            let expected = theirs.call(name, &arguments, ty.results());
            calls += 1;
            if let Step::Stop = compare(found, expected, &format!("'{name}' with {arguments:x?}"))? {
                return Ok(calls);
            }
        }
    }
    for export in other.exports() {
        let name = export.name();
        let expected = match export.ty() {
            ExternType::Global(_) => {
                let global = theirs.instance.get_global(&theirs.store, name).expect("it is exported");
                from_other(&global.get(&theirs.store))
            }
            ExternType::Memory(_) => {
                let memory = theirs.instance.get_memory(&theirs.store, name).expect("it is exported");
                Val::I64(sum(memory.data(&theirs.store)))
            }
            ExternType::Func(_) | ExternType::Table(_) => continue,
        };
        compare(machines.invoke(ours, name, &[]), Ok(vec![expected]), &format!("'{name}' at the end"))?;
    }
    Ok(calls)
}

#[test]
fn random_modules() {
    run_all(number_of("MINIVM_MODULES", 400), Way::AtOnce, |_| Mode::Off);
}

#[test]
fn random_modules_compiled() {
    run_all(number_of("MINIVM_MODULES", 400) / 4, Way::AtOnce, |_| Mode::Native);
}

#[test]
fn random_modules_in_chaos() {
    run_all(number_of("MINIVM_MODULES", 400) / 8, Way::Paced(Pace::Portions { seed: 1 }), |seed| Mode::Chaos { seed });
}

/// Compares so many modules, run in a way, each in a mode.
fn run_all(count: u64, way: Way, mode: fn(u64) -> Mode) {
    let first = number_of("MINIVM_SEED", 1);
    let (mut calls, mut failures) = (0, Vec::new());
    for seed in first..first + count {
        let Some(bytes) = module(seed) else { continue };
        match native::with(mode(seed), || differ(seed, &bytes, way)) {
            Ok(count) => calls += count,
            Err(reason) => {
                let path = std::env::temp_dir().join(format!("minivm-{seed}.wasm"));
                let written = std::fs::write(&path, &bytes).map(|()| path.display().to_string());
                failures.push(format!("seed {seed} ({}): {reason}", written.unwrap_or_default()));
            }
        }
    }
    println!("{calls} calls");
    assert!(failures.is_empty(), "{} of {count} modules differ:\n{}", failures.len(), failures.join("\n"));
    assert!(calls as u64 > count || count < 100, "only {calls} calls");
}
