//! Where the registers of a function are named local variables.

use crate::entities::Reg;
use crate::lists::Lists;
use crate::program::Function;
use crate::steps;

/// The scopes of all variables, by register. Those that touch or overlap in one register count as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scopes {
    by_register: Lists<(u32, u32)>,
    /// Where a scope begins, with its register, ascending.
    begins: Vec<(u32, u32)>,
    /// Registers with a scope, ascending.
    named: Vec<u32>,
}

impl Scopes {
    /// The scopes of a function; empty ones, and registers that it does not have, are left out.
    pub fn new(function: &Function) -> Scopes {
        let length = u32::try_from(function.code.len()).unwrap_or(u32::MAX);
        let registers = function.registers.len();
        let mut all: Vec<(u32, (u32, u32))> = (function.locals.iter())
            .map(|local| (local.register.as_u32(), (local.start, local.end.min(length))))
            .filter(|&(register, (start, end))| (register as usize) < registers && start < end)
            .collect();
        steps::count(all.len());
        all.sort_unstable();
        all.dedup_by(|(register, (start, end)), (before, (_, until))| {
            let joins = register == before && start <= until;
            if joins {
                *until = (*until).max(*end);
            }
            joins
        });
        let mut named: Vec<u32> = all.iter().map(|&(register, _)| register).collect();
        named.dedup();
        let mut begins: Vec<(u32, u32)> = all.iter().map(|&(register, (start, _))| (start, register)).collect();
        begins.sort_unstable();
        Scopes { by_register: Lists::new(registers, &all), begins, named }
    }

    /// Whether no register ever is a variable.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The registers that are variables at an instruction.
    pub(crate) fn at(&self, instruction: usize) -> impl Iterator<Item = Reg> + '_ {
        steps::count(self.named.len());
        self.named.iter().copied().map(Reg::from_u32).filter(move |&register| self.covers(register, instruction))
    }

    /// Whether a register is a variable at an instruction.
    pub fn covers(&self, register: Reg, instruction: usize) -> bool {
        let scopes = self.of(register.as_u32());
        let after = scopes.partition_point(|&(start, _)| start as usize <= instruction);
        after > 0 && instruction < scopes[after - 1].1 as usize
    }

    /// The scopes of a register, ascending, none touching the next.
    pub(crate) fn of(&self, register: u32) -> &[(u32, u32)] {
        self.by_register.of(register as usize)
    }

    /// The scopes that begin at an instruction of a range, as instruction and register, ascending.
    pub(crate) fn beginning_in(&self, range: std::ops::Range<usize>) -> &[(u32, u32)] {
        let place = |at: usize| self.begins.partition_point(|&(start, _)| (start as usize) < at);
        &self.begins[place(range.start)..place(range.end.max(range.start))]
    }
}
