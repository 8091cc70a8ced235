//! What the loader does with each canonical instruction: emit it, fold it into another, or let it write an argument straight
//! into the window of the call that takes it.

use super::temporaries::Temporaries;
use crate::threaded::stack_map::Fate;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::Function;
use minivm_isa::{Instruction, Operand, Type};

/// The fates of all instructions of a function.
pub(crate) struct Plan {
    fates: Vec<Fate>,
}

impl Plan {
    /// Nothing folded: one threaded instruction for each canonical one.
    pub(crate) fn plain(function: &Function) -> Self {
        Plan { fates: vec![Fate::Emitted; function.code.len()] }
    }

    /// The plan for fast code. `window` is the word where a callee's registers begin.
    pub(crate) fn compute(function: &Function, temporaries: &Temporaries, window: usize) -> Self {
        let mut plan = Plan::plain(function);
        plan.fold_captures(function, temporaries);
        plan.place_arguments(function, temporaries, window);
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

    /// The values that wait in the window: written by, taken by, word offset.
    pub(crate) fn window_values(&self) -> impl Iterator<Item = (usize, usize, u16)> + '_ {
        self.fates.iter().enumerate().filter_map(|(index, fate)| match fate {
            Fate::Window { at, call } => Some((index, *call as usize, *at)),
            Fate::Emitted | Fate::Folded(_) => None,
        })
    }

    /// A captured value that is only read as the object of the very next instruction is read from the closure there.
    fn fold_captures(&mut self, function: &Function, temporaries: &Temporaries) {
        for index in 0..function.code.len() {
            let Instruction::CaptureGet { dst, .. } = &function.code[index] else { continue };
            if function.registers[*dst] != Type::Any || temporaries.single_use(index) != Some(index + 1) {
                continue;
            }
            if let Instruction::Get { object, key, .. } = &function.code[index + 1]
                && *object == Operand::from(*dst)
                && super::short_string(function, *key).is_some()
            {
                self.fates[index] = Fate::Folded(index as u32 + 1);
            }
        }
    }

    /// Results that are only read as arguments of a later call in the block go straight into its window, when nothing in
    /// between uses the window.
    fn place_arguments(&mut self, function: &Function, temporaries: &Temporaries, window: usize) {
        let mut last_user: Option<usize> = None;
        for block in function.blocks.keys() {
            last_user = last_user.take().and(None);
            for index in function.block_range(block) {
                let instruction = &function.code[index];
                if let Some(arguments) = super::window_arguments(instruction) {
                    self.place(function, temporaries, window, index, last_user, arguments);
                }
                if super::uses_window(function, instruction) {
                    last_user = Some(index);
                }
            }
        }
    }

    fn place(
        &mut self,
        function: &Function,
        temporaries: &Temporaries,
        window: usize,
        call: usize,
        last_user: Option<usize>,
        arguments: &[Operand],
    ) {
        let earliest = last_user.map_or(0, |at| at + 1).max(function.block_range(function.block_of(call)).start);
        for (number, argument) in arguments.iter().enumerate() {
            let Some(reg) = argument.reg() else { continue };
            if function.registers[reg] != Type::Any {
                continue;
            }
            let made = (earliest..call).rev().find(|&at| defines(&function.code[at], reg));
            let Some(made) = made else { continue };
            if temporaries.single_use(made) == Some(call)
                && self.fates[made] == Fate::Emitted
                && super::has_any_result(&function.code[made])
            {
                let at = window + 2 * number;
                if let Ok(at) = u16::try_from(at) {
                    self.fates[made] = Fate::Window { at, call: call as u32 };
                }
            }
        }
    }
}

fn defines(instruction: &Instruction, reg: minivm_isa::entities::Reg) -> bool {
    let mut found = false;
    instruction.for_each_operand(|_, operand| {
        if let OperandRef::Out(out, _) = operand {
            found |= out == reg;
        }
    });
    found
}
