//! Ways to run a call to its end: at once, or stopped again and again. What it does, and what it costs, is the same.

use crate::random::Random;
use minivm::raw::{Failure, Machine, RunState, Value};

/// How often a run is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Never; it may cost so many canonical instructions.
    AtOnce {
        /// What it may cost.
        fuel: u64,
    },
    /// Never, but every canonical instruction is done by itself.
    Plain,
    /// After every canonical instruction.
    OneByOne,
    /// When the fuel is used up, which comes in portions of random sizes.
    Portions {
        /// Where the sizes come from.
        seed: u64,
    },
    /// Both of these at random places.
    Mixed {
        /// Where the places come from.
        seed: u64,
    },
}

/// How a run ended, and what it cost.
pub struct Paced {
    /// What it returned or failed with; none when there was not enough fuel.
    pub result: Option<Result<Vec<Value>, Failure>>,
    /// Canonical instructions that were charged.
    pub fuel: u64,
    /// Where the counts of a stop were wrong.
    pub miscounts: Vec<String>,
}

/// More than any case costs, and not so much that the machine takes it for no limit.
const PLENTY: u64 = 1 << 40;
/// Portions are up to this power of two: some end in optimised code, some in baseline code.
const PORTION_BITS: usize = 14;

/// Calls a function on a machine without other fuel, which has none left then.
pub fn call(machine: &mut Machine, function: Value, arguments: &[Value], pace: Pace) -> Paced {
    let mut run = Run { given: 0, miscounts: Vec::new() };
    machine.prepare(function, arguments);
    machine.set_fuel(Some(0));
    let state = match pace {
        Pace::AtOnce { fuel } => {
            run.give(machine, fuel);
            machine.resume()
        }
        Pace::Plain => {
            run.give(machine, PLENTY);
            machine.step(u64::MAX)
        }
        Pace::OneByOne => {
            run.give(machine, PLENTY);
            loop {
                match run.step(machine, 1) {
                    RunState::Stepped => {}
                    end => break end,
                }
            }
        }
        Pace::Portions { seed } => run.portions(machine, &mut Random::new(seed, 0)),
        Pace::Mixed { seed } => run.mixed(machine, &mut Random::new(seed, 1)),
    };
    let fuel = run.given - machine.fuel().unwrap_or(0);
    machine.set_fuel(None);
    let result = match state {
        RunState::Finished(values) => Some(Ok(values)),
        RunState::Failed(failure) => Some(Err(failure)),
        RunState::OutOfFuel => None,
        RunState::Stepped | RunState::Interrupted | RunState::Waiting(_) | RunState::Yielded(_) => {
            run.miscounts.push("the run ended in a state nobody asked for".to_owned());
            None
        }
    };
    Paced { result, fuel, miscounts: run.miscounts }
}

/// A run that is going on.
struct Run {
    given: u64,
    miscounts: Vec<String>,
}

impl Run {
    fn give(&mut self, machine: &mut Machine, fuel: u64) {
        machine.add_fuel(fuel);
        self.given += fuel;
    }

    /// Steps, and looks whether the fuel says so: a step may be an instruction that costs more, or a slice of one.
    fn step(&mut self, machine: &mut Machine, count: u64) -> RunState {
        let before = machine.fuel().unwrap_or(0);
        let state = machine.step(count);
        let cost = before - machine.fuel().unwrap_or(0);
        if matches!(state, RunState::Stepped) && cost < count {
            self.miscount(format!("{count} steps cost {cost} before instruction {}", self.given - before));
        }
        state
    }

    fn portions(&mut self, machine: &mut Machine, random: &mut Random) -> RunState {
        loop {
            self.give(machine, random.size(PORTION_BITS));
            match machine.resume() {
                RunState::OutOfFuel => self.used_up(machine),
                end => return end,
            }
        }
    }

    fn mixed(&mut self, machine: &mut Machine, random: &mut Random) -> RunState {
        loop {
            let count = random.size(PORTION_BITS);
            let state = if random.below(2) == 0 {
                self.step(machine, count)
            } else {
                self.give(machine, count);
                machine.resume()
            };
            match state {
                RunState::Stepped => {}
                RunState::OutOfFuel => {
                    self.used_up(machine);
                    self.give(machine, random.size(PORTION_BITS));
                }
                end => return end,
            }
        }
    }

    /// A run that has stopped for want of fuel has none left.
    fn used_up(&mut self, machine: &Machine) {
        if machine.fuel() != Some(0) {
            self.miscount(format!("a run stopped with {:?} left", machine.fuel()));
        }
    }

    fn miscount(&mut self, text: String) {
        if self.miscounts.len() < 5 {
            self.miscounts.push(text);
        }
    }
}
