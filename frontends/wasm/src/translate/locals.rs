//! The locals of one function and their registers.

use minivm_builder::FunctionBuilder;
use minivm_isa::entities::Reg;
use minivm_isa::{Type, steps};
use std::collections::HashMap;

/// The locals of a function. They are named by numbers: their own, or, where the function has more of them than it has bytes,
/// the order in which they are met; then those that are never met cost nothing.
pub(super) struct Locals {
    params: usize,
    /// Runs of locals of one type, as the index after the last.
    runs: Vec<(u32, Type)>,
    /// Register and type by number.
    registers: Vec<(Reg, Type)>,
    /// The numbers of those that have one, unless all have their own.
    numbers: Option<HashMap<u32, u32>>,
}

impl Locals {
    /// The locals of a function with so many bytes; the first are its parameters, which have their registers.
    pub(super) fn new(params: &[Type], declared: &[(u32, Type)], bytes: usize, builder: &mut FunctionBuilder) -> Self {
        steps::count(params.len() + declared.len());
        let mut registers: Vec<(Reg, Type)> = Vec::with_capacity(params.len());
        registers.extend(params.iter().enumerate().map(|(index, &ty)| (builder.param(index), ty)));
        let mut runs = Vec::with_capacity(declared.len());
        let mut end = u32::try_from(params.len()).expect("validation limits parameters");
        for &(count, ty) in declared {
            end += count;
            runs.push((end, ty));
        }
        let is_lazy = end as usize > bytes.max(params.len());
        if !is_lazy {
            for &(count, ty) in declared {
                registers.extend((0..count).map(|_| (builder.register(ty), ty)));
            }
        }
        let numbers = is_lazy.then(|| (0..).take(params.len()).map(|number| (number, number)).collect());
        Locals { params: params.len(), runs, registers, numbers }
    }

    /// The number of a local.
    pub(super) fn number(&mut self, local: u32, builder: &mut FunctionBuilder) -> u32 {
        let Some(numbers) = &mut self.numbers else { return local };
        *numbers.entry(local).or_insert_with(|| {
            let (_, ty) = self.runs[self.runs.partition_point(|&(end, _)| end <= local)];
            let number = self.registers.len();
            self.registers.push((builder.register(ty), ty));
            u32::try_from(number).expect("validation limits locals")
        })
    }

    /// Whether a number is that of a parameter, which has a value from the start.
    pub(super) fn is_parameter(&self, number: u32) -> bool {
        (number as usize) < self.params
    }

    /// The register of a number.
    pub(super) fn register(&self, number: u32) -> Reg {
        self.registers[number as usize].0
    }

    /// The type of a number.
    pub(super) fn ty(&self, number: u32) -> Type {
        self.registers[number as usize].1
    }

    /// The numbers with registers and types.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, Reg, Type)> + '_ {
        (0u32..).zip(&self.registers).map(|(number, &(register, ty))| (number, register, ty))
    }

    /// The registers of locals, for their names.
    pub(super) fn into_named(self) -> NamedLocals {
        let registers = self.registers.into_iter().map(|(register, _)| register).collect();
        NamedLocals { registers, numbers: self.numbers }
    }
}

/// The registers of the locals of a function that was translated.
pub(super) struct NamedLocals {
    registers: Vec<Reg>,
    numbers: Option<HashMap<u32, u32>>,
}

impl NamedLocals {
    /// The register of a local; none if there is no such local, or it is never used.
    pub(super) fn register(&self, local: u32) -> Option<Reg> {
        let number = match &self.numbers {
            Some(numbers) => *numbers.get(&local)?,
            None => local,
        };
        self.registers.get(number as usize).copied()
    }
}
