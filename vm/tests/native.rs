//! The boundary to native code, with a tier whose code leaves at once: results, fuel and stops are those of the interpreter.
#![cfg(target_arch = "x86_64")]

mod common;

use minivm::raw::native::{GONE, NativeCode, NativeJob, NativePolicy, NativeTier, Refusal, layout};
use minivm::raw::{Limits, Machine, RunState, Value};

/// Leaves to the interpreter where it is entered: the body is the instructions of its places, by their number.
unsafe extern "sysv64" fn leave(context: *mut (), regs: *mut u64, fuel: i64, body: *const u8) -> i64 {
    let field = |offset: i32| context.cast::<u8>().wrapping_add(offset as usize).cast::<u64>();
    // SAFETY: the context has these fields, and the number is that of a place.
    unsafe {
        let number = std::mem::take(&mut *field(layout::START));
        let at = *body.cast::<usize>().add(number as usize);
        *field(layout::EXIT_AT).cast::<u32>() = (layout::REASON_FORCED as u32) << layout::AT_BITS | at as u32;
        *field(layout::EXIT_REGS) = regs.expose_provenance() as u64;
        *field(layout::EXIT_FUEL) = fuel as u64;
    }
    GONE
}

/// A tier that compiles everything to [`leave`], or refuses it.
struct Leaving {
    done: Vec<(u64, Result<NativeCode, Refusal>)>,
    refuses: bool,
}

// SAFETY: the code leaves where it is entered, and changes nothing.
unsafe impl NativeTier for Leaving {
    fn start(&mut self, ticket: u64, job: NativeJob) {
        let heads = job.heads.iter().map(|&head| job.function.block_range(head).start);
        let places: Vec<usize> = std::iter::once(0).chain(heads).collect();
        let body = places.as_ptr().cast();
        let code = NativeCode { body, thunk: leave, bytes: 100, nanoseconds: 1, memory: Box::new(places) };
        self.done.push((ticket, if self.refuses { Err(Refusal::TooLarge) } else { Ok(code) }));
    }

    fn finished(&mut self) -> Option<(u64, Result<NativeCode, Refusal>)> {
        self.done.pop()
    }
}

/// `main(n)`: the sum of the squares of all numbers below `n`, by typed functions.
const PROGRAM: &str = "minivm 1
sig0 = (any) dynamic
sig1 = (i64) -> (i64)
export \"main\" func0

func0 \"main\" sig0 (any) dynamic {
  registers r1: i64, r2: any
block0:
  r1 = i64_from_any r0
  r1 = call func1 (r1)
  r2 = any_from_i64 r1
  return_values (r2)
}

func1 \"sum\" sig1 (i64) -> (i64) {
  registers r1: i64, r2: i64, r3: i64
block0:
  r1 = copy i64:0
  r2 = copy i64:0
  jump block1
block1:
  branch_i64_lt_s r1, r0, block2, block3
block2:
  r3 = call func2 (r1)
  r2 = i64_add r2, r3
  r1 = i64_add r1, i64:1
  jump block1
block3:
  return_values (r2)
}

func2 \"square\" sig1 (i64) -> (i64) {
  registers r1: i64
block0:
  r1 = i64_mul r0, r0
  return_values (r1)
}
";

/// Runs it in portions of fuel; gives the result and the places of all stops.
fn run(tier: Option<Leaving>, policy: NativePolicy, portion: u64) -> (Machine, Option<i64>, Vec<String>) {
    let program = minivm_isa::text::parse(PROGRAM).expect("the program is right");
    let program = minivm_isa::verify(program).expect("the program is right");
    let mut machine = common::raw_machine(Limits::default());
    machine.set_native_tier(tier.map(|tier| Box::new(tier) as Box<dyn NativeTier>), policy);
    let instance = machine.instantiate(program).expect("it imports nothing");
    let main = machine.exported_function(instance, "main").expect("it is exported");
    machine.prepare(main, &[Value::int(ROUNDS)]);
    let mut stops = Vec::new();
    loop {
        machine.set_fuel(Some(portion));
        match machine.resume() {
            RunState::Finished(values) => {
                let left = machine.fuel().unwrap_or(0);
                stops.push(format!("{left} are left"));
                return (machine, values[0].as_int(), stops);
            }
            RunState::OutOfFuel => {
                let frames = machine.frames().map(|frame| format!("{} {:?}", frame.name, frame.instruction));
                stops.push(frames.collect::<Vec<_>>().join(", "));
            }
            _ => panic!("the program does nothing else"),
        }
    }
}

/// Numbers that are added.
const ROUNDS: i64 = 100_000;

#[test]
fn code_that_leaves_at_once_changes_nothing() {
    for portion in [3_000, 7_919, 1 << 40] {
        let (_, expected, stops) = run(None, NativePolicy::default(), portion);
        assert_eq!(expected, Some((0..ROUNDS).map(|number| number * number).sum()));
        let always = NativePolicy { always: true, ..NativePolicy::default() };
        let chaos = NativePolicy { chaos: Some(portion), ..always };
        for policy in [always, chaos] {
            let tier = Leaving { done: Vec::new(), refuses: false };
            let (machine, found, found_stops) = run(Some(tier), policy, portion);
            assert_eq!((found, &found_stops), (expected, &stops), "{policy:?}, portions of {portion}");
            let figures = machine.native_figures();
            assert!(figures.entries > 500, "it was entered {} times", figures.entries);
            assert_eq!(figures.exits[layout::REASON_FORCED as usize], figures.entries);
        }
    }
}

#[test]
fn hot_functions_are_found_and_left_to_the_interpreter_if_that_was_in_vain() {
    let tier = Leaving { done: Vec::new(), refuses: false };
    let (machine, found, _) = run(Some(tier), NativePolicy::default(), 1 << 40);
    assert!(found.is_some());
    let figures = machine.native_figures();
    assert!(figures.compiled > 0 && figures.entries > 0 && figures.detached > 0, "{figures:?}");
}

#[test]
fn what_is_refused_runs_on() {
    let tier = Leaving { done: Vec::new(), refuses: true };
    let (machine, found, _) = run(Some(tier), NativePolicy { always: true, ..NativePolicy::default() }, 1 << 40);
    assert!(found.is_some());
    let figures = machine.native_figures();
    assert_eq!((figures.entries, figures.compiled), (0, 0));
    assert!(figures.refusals.iter().any(|(name, refusal)| name == "sum" && *refusal == Refusal::TooLarge));
}
