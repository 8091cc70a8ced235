//! What the loader does with each canonical instruction: emit it, fold it into another, or let it write an argument straight
//! into the window of the call that takes it.

use super::temporaries::Temporaries;
use crate::threaded::stack_map::Fate;
use crate::threaded::stack_map::Waiting;
use minivm_isa::program::Function;
use minivm_isa::{Instruction, Operand, Type, steps};

/// The fates of all instructions of a function.
pub(crate) struct Plan {
    fates: Vec<Fate>,
    /// The values that wait in the window: written by, taken by, word offset; in the order in which they are written. All that
    /// wait at a time wait for the same instruction, so that they are in the order of these, too.
    windows: Vec<(u32, u32, u16)>,
    /// For each of them the highest word of those that wait with it.
    highest: Vec<u16>,
    /// Receivers that are written there too, besides their register: by which look-up of a method, for which call, the word;
    /// ascending. Nothing else waits then but for the same call.
    receivers: Vec<(u32, u32, u16)>,
    /// The instruction that takes each of both, and the word; ascending.
    taken: Vec<(u32, u16)>,
}

impl Plan {
    /// Nothing folded: one threaded instruction for each canonical one.
    pub(crate) fn baseline(function: &Function) -> Self {
        let fates = vec![Fate::Emitted; function.code.len()];
        Plan { fates, windows: Vec::new(), highest: Vec::new(), receivers: Vec::new(), taken: Vec::new() }
    }

    /// The plan for optimised code. `window` is the word where a callee's registers begin.
    pub(crate) fn compute(function: &Function, temporaries: &Temporaries, window: usize) -> Self {
        let mut plan = Plan::baseline(function);
        // All of this is about values that know their type.
        if !function.registers.values().any(|&ty| ty == Type::Any) {
            return plan;
        }
        plan.fold_captures(function, temporaries);
        plan.place_arguments(function, temporaries, window);
        plan.windows = (0u32..)
            .zip(&plan.fates)
            .filter_map(|(made, fate)| match *fate {
                Fate::Window { at, call } => Some((made, call, at)),
                Fate::Emitted | Fate::Folded(_) => None,
            })
            .collect();
        plan.receivers.sort_unstable();
        plan.taken = plan.windows.iter().chain(&plan.receivers).map(|&(_, call, at)| (call, at)).collect();
        plan.taken.sort_unstable();
        let mut last = None;
        for &(_, call, at) in &plan.windows {
            let before = last.filter(|&(other, _)| other == call).map_or(at, |(_, highest)| at.max(highest));
            plan.highest.push(before);
            last = Some((call, before));
        }
        plan
    }

    /// Notes which typed instructions became part of another's expression.
    pub(crate) fn fold_typed(&mut self, absorbed: &[Option<u32>]) {
        for (at, (fate, absorbed)) in self.fates.iter_mut().zip(absorbed).enumerate() {
            // The second of a pair is done early, but its result is where it belongs.
            if let Some(into) = absorbed.filter(|&into| into as usize > at) {
                *fate = Fate::Folded(into);
            }
        }
    }

    /// What happens to an instruction.
    pub(crate) fn fate(&self, instruction: usize) -> Fate {
        self.fates[instruction]
    }

    /// The values that wait in the window.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting(self.windows.clone().into())
    }

    /// How many words from `window` on hold values that wait there while an instruction runs that is before the one that takes
    /// them.
    pub(crate) fn words_waiting(&self, instruction: usize, window: usize) -> usize {
        let until = self.windows.partition_point(|&(made, _, _)| made as usize <= instruction);
        let last = until.checked_sub(1).filter(|&last| instruction < self.windows[last].1 as usize);
        let until = self.receivers.partition_point(|&(made, _, _)| made as usize <= instruction);
        let receiver =
            until.checked_sub(1).map(|last| self.receivers[last]).filter(|last| instruction < last.1 as usize);
        let highest = last.map(|last| self.highest[last]).max(receiver.map(|(_, _, at)| at));
        highest.map_or(0, |highest| usize::from(highest) - window + 2)
    }

    /// Where the receiver of a method goes besides its register.
    pub(crate) fn receiver_place(&self, instruction: usize) -> Option<usize> {
        let found = self.receivers.binary_search_by_key(&instruction, |&(made, _, _)| made as usize);
        found.ok().map(|index| usize::from(self.receivers[index].2))
    }

    /// Whether the value that instruction `call` takes from this word was written there in the first place.
    pub(crate) fn is_in_place(&self, call: usize, word: u16) -> bool {
        self.taken.binary_search(&(call as u32, word)).is_ok()
    }

    /// A captured value that is only read as the object of the very next instruction is read from the closure there.
    fn fold_captures(&mut self, function: &Function, temporaries: &Temporaries) {
        for index in 0..function.code.len() {
            let Instruction::CaptureGet { dst, .. } = &function.code[index] else { continue };
            if function.registers[*dst] != Type::Any || temporaries.single_use(index) != Some(index + 1) {
                continue;
            }
            if let Instruction::Get { object, .. } = &function.code[index + 1]
                && *object == Operand::from(*dst)
            {
                self.fates[index] = Fate::Folded(index as u32 + 1);
            }
        }
    }

    /// Results that are only read as arguments of a later call in the block go straight into its window, when nothing in
    /// between uses the window.
    fn place_arguments(&mut self, function: &Function, temporaries: &Temporaries, window: usize) {
        // The last write of each register.
        let mut written: Vec<Option<u32>> = vec![None; function.registers.len()];
        for block in function.blocks.keys() {
            // Nothing before was written for a window that is used here.
            let mut earliest = function.block_range(block).start;
            for index in function.block_range(block) {
                steps::count(1);
                let instruction = &function.code[index];
                if let Some(arguments) = super::window_arguments(instruction) {
                    steps::count(arguments.len());
                    for (number, argument) in arguments.iter().enumerate() {
                        let made = argument.reg().and_then(|reg| written[reg.as_u32() as usize]);
                        let Some(made) = made.map(|made| made as usize).filter(|&made| made >= earliest) else {
                            continue;
                        };
                        let word = window + 2 * number;
                        if temporaries.single_use(made) == Some(index) {
                            self.place(function, made, word, index);
                        } else if number == 0
                            && is_receiver(function, made, *argument)
                            && let Ok(word) = u16::try_from(word)
                        {
                            self.receivers.push((made as u32, index as u32, word));
                        }
                    }
                }
                if super::uses_window(instruction) {
                    earliest = index + 1;
                }
                instruction.for_each_def(|reg| written[reg.as_u32() as usize] = Some(index as u32));
            }
        }
    }

    /// Lets a value that only instruction `call` takes be written to the word where it takes it.
    fn place(&mut self, function: &Function, made: usize, word: usize, call: usize) {
        let mut is_any = true;
        function.code[made].for_each_def(|reg| is_any &= function.registers[reg] == Type::Any);
        if is_any
            && self.fates[made] == Fate::Emitted
            && super::has_any_result(&function.code[made])
            && let Ok(at) = u16::try_from(word)
        {
            self.fates[made] = Fate::Window { at, call: call as u32 };
        }
    }
}

/// Whether an operand is the receiver that an instruction takes a method of.
fn is_receiver(function: &Function, made: usize, operand: Operand) -> bool {
    matches!(&function.code[made], Instruction::GetMethod { self_value, key, .. }
        if operand == Operand::from(*self_value) && super::short_string(function, *key).is_some())
}
