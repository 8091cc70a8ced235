//! What becomes of a forged snapshot: it is refused with an error, or its machine runs, collects, and can be saved and loaded
//! again.

use super::fields::Fields;
use super::sources::{World, machine};
use crate::random::Random;
use minivm::raw::heap::Stress;
use minivm::raw::{CodeForm, Machine, Snapshot, SnapshotError, Value};
use std::time::{Duration, Instant};

/// Instructions that a machine which took a forged state may run.
const FUEL: u64 = 20_000;
/// The same while every allocation collects.
const FUEL_UNDER_STRESS: u64 = 300;
/// A forgery that takes longer hangs. It is a hundred times as long as any takes, for machines that are busy.
const TIME_MAX: Duration = Duration::from_secs(10);

/// How a forgery was treated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It makes no sense.
    Damaged,
    /// Something is missing for it.
    Missing,
    /// It needs too much memory.
    OutOfMemory,
    /// It was loaded, and ran.
    Ran,
}

/// Loads forgeries.
#[derive(Default)]
pub struct Judge {
    /// Machines that have refused whatever they were given so far.
    lua: Option<Machine>,
    wasi: Option<Machine>,
}

impl Judge {
    fn machine(&mut self, world: World) -> Result<Machine, String> {
        let kept = match world {
            World::Lua => &mut self.lua,
            World::Wasi => &mut self.wasi,
        };
        kept.take().map_or_else(|| machine(world), Ok)
    }

    /// Loads a forgery and goes on with it.
    ///
    /// # Errors
    /// What is wrong with how it was treated.
    pub fn judge(&mut self, world: World, bytes: &[u8], random: &mut Random) -> Result<Verdict, String> {
        let began = Instant::now();
        let mut machine = self.machine(world)?;
        let result = machine.load(bytes).map(drop);
        if random.below(8) == 0 {
            check_stream(world, bytes, &result)?;
        }
        let verdict = match result {
            Ok(()) => {
                go_on(&mut machine, world, random)?;
                Verdict::Ran
            }
            Err(error) => {
                match world {
                    World::Lua => self.lua = Some(machine),
                    World::Wasi => self.wasi = Some(machine),
                }
                match error {
                    SnapshotError::Damaged(_) => Verdict::Damaged,
                    SnapshotError::Missing(_) => Verdict::Missing,
                    SnapshotError::OutOfMemory => Verdict::OutOfMemory,
                    SnapshotError::Refused(why) => return Err(format!("loading refuses to save: {why}")),
                }
            }
        };
        let took = began.elapsed();
        if took > TIME_MAX { Err(format!("it took {took:?}")) } else { Ok(verdict) }
    }
}

/// Whether a stream is treated as the same bytes are.
fn check_stream(world: World, bytes: &[u8], expected: &Result<(), SnapshotError>) -> Result<(), String> {
    let mut machine = machine(world)?;
    let snapshot = Snapshot::from_stream(bytes, bytes.len() as u64, u64::MAX);
    let result = snapshot.and_then(|snapshot| machine.load_snapshot(snapshot, Vec::new()));
    // How far a stream got, an error does not say.
    if result.is_ok() == expected.is_ok() {
        Ok(())
    } else {
        Err(format!("{result:?} as a stream, {expected:?} as bytes"))
    }
}

/// Saves what was loaded and loads that; it must be the same again.
fn check_saved(machine: &mut Machine, world: World, when: &str) -> Result<(), String> {
    let bytes = match machine.save(b"", CodeForm::Whole) {
        Ok(bytes) => bytes,
        // Something may be there that cannot be saved, as what a run waits for that the host was not told.
        Err(SnapshotError::Refused(_)) => return Ok(()),
        Err(error) => return Err(format!("{when} it cannot be saved: {error}")),
    };
    let mut other = self::machine(world)?;
    other.load(&bytes).map_err(|error| format!("{when} it was saved, and cannot be loaded again: {error}"))?;
    let again = other.save(b"", CodeForm::Whole).map_err(|error| format!("{when} it was saved only once: {error}"))?;
    if bytes == again {
        return Ok(());
    }
    Err(format!("{when} it was saved, and differs when it is loaded again: {}", difference(world, [bytes, again])))
}

/// The first field that differs.
fn difference(world: World, states: [Vec<u8>; 2]) -> String {
    let [one, other] = states.map(|bytes| {
        Fields::new(bytes, |bytes| {
            if let Ok(mut machine) = machine(world) {
                let _ = machine.load(bytes);
            }
        })
    });
    let count = one.fields.len().min(other.fields.len());
    match (0..count).find(|&index| one.bytes(index) != other.bytes(index)) {
        Some(index) => format!("{:?}, {:?} and {:?}", one.fields[index], one.bytes(index), other.bytes(index)),
        None => format!("{} fields and {}", one.fields.len(), other.fields.len()),
    }
}

/// Looks at a machine, runs it in every way, collects.
fn go_on(machine: &mut Machine, world: World, random: &mut Random) -> Result<(), String> {
    if random.below(4) == 0 {
        check_saved(machine, world, "at once")?;
    }
    if let Ok(report) = machine.report_state() {
        for fiber in report.fibers.iter().take(20) {
            let locals = machine.frames_of_report(fiber).take(50).flat_map(|frame| frame.locals);
            locals.for_each(|local| drop(machine.show(&local.value)));
            machine.frames_of_report(fiber).count();
        }
    }
    machine.frames().take(100).for_each(|frame| drop(frame.locals));
    slice(machine, random);
    for id in machine.runs() {
        machine.frames_of_run(id).take(50).for_each(|frame| drop(frame.locals));
        machine.switch_to(id);
        machine.prepare_answer(&[Value::int(5)]);
        slice(machine, random);
    }
    machine.set_fuel(Some(FUEL));
    let globals = machine.registered("lua.globals");
    if globals.is_table() {
        let collect = machine.heap().table_get_name(globals, b"collectgarbage");
        let _ = machine.call(collect, &[]);
    }
    check_saved(machine, world, "in the end")?;
    machine.set_fuel(Some(FUEL));
    let _ = machine.close();
    Ok(())
}

/// Goes on with the run at work: under stress, in optimised code, in baseline code.
fn slice(machine: &mut Machine, random: &mut Random) {
    if random.below(3) == 0 {
        machine.heap().set_stress(if random.below(2) == 0 { Stress::Full } else { Stress::Steps });
        machine.set_fuel(Some(FUEL_UNDER_STRESS));
        let _ = machine.resume();
        machine.heap().set_stress(Stress::Off);
    }
    machine.set_fuel(Some(FUEL));
    let _ = machine.resume();
    let _ = machine.step(500);
}
