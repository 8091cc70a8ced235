//! Registers of a function, by what they hold; given back ones are used again, last first.

use cranelift_entity::SecondaryMap;
use minivm_builder::FunctionBuilder;
use minivm_isa::Type;
use minivm_isa::entities::Reg;

/// What a register is for. Registers of one use never serve another, so that a register that is read only in the block
/// that writes it is one throughout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Pool {
    /// A value that is read in the block that makes it.
    #[default]
    Temporary,
    /// A local, or a value that lives across blocks.
    Lasting,
    /// The cell of a local.
    Cell,
    /// A cell on its way into a closure.
    TemporaryCell,
}

/// Most functions have no more registers.
const REGISTERS_EXPECTED: usize = 16;

/// The registers of a function that are free.
pub(super) struct Registers {
    free: [Vec<Reg>; 4],
    pools: SecondaryMap<Reg, Pool>,
}

impl Registers {
    /// None are.
    pub(super) fn new() -> Self {
        let mut pools = SecondaryMap::new();
        pools.resize(REGISTERS_EXPECTED);
        Self { free: Default::default(), pools }
    }

    /// A register from `pool`.
    pub(super) fn take(&mut self, builder: &mut FunctionBuilder, pool: Pool) -> Reg {
        self.free[pool as usize].pop().unwrap_or_else(|| {
            let register = builder.register(match pool {
                Pool::Temporary | Pool::Lasting => Type::Any,
                Pool::Cell | Pool::TemporaryCell => Type::Cell,
            });
            self.pools[register] = pool;
            register
        })
    }

    /// Gives a register back.
    pub(super) fn give_back(&mut self, register: Reg) {
        let free = &mut self.free[self.pools[register] as usize];
        debug_assert!(!free.contains(&register), "{register} is given back twice");
        free.push(register);
    }

    /// Makes the register of a parameter one for lasting values.
    pub(super) fn adopt(&mut self, register: Reg) {
        self.pools[register] = Pool::Lasting;
    }
}
