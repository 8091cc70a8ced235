//! Atomic operators. A load or store is one that checks its address before; what reads and writes is one instruction.

use super::error::WasmError;
use super::function::FunctionTranslator;
use super::operator::memory_of;
use super::shape::shape;
use minivm_isa::{Instruction, Type};
use wasmparser::{MemArg, Operator};

/// The plain form of an atomic load or store, and the logarithm of its bytes.
fn access(operator: &Operator<'_>) -> Option<(MemArg, u64, Operator<'static>)> {
    Some(match *operator {
        Operator::I32AtomicLoad { memarg } => (memarg, 2, Operator::I32Load { memarg }),
        Operator::I32AtomicLoad8U { memarg } => (memarg, 0, Operator::I32Load8U { memarg }),
        Operator::I32AtomicLoad16U { memarg } => (memarg, 1, Operator::I32Load16U { memarg }),
        Operator::I64AtomicLoad { memarg } => (memarg, 3, Operator::I64Load { memarg }),
        Operator::I64AtomicLoad8U { memarg } => (memarg, 0, Operator::I64Load8U { memarg }),
        Operator::I64AtomicLoad16U { memarg } => (memarg, 1, Operator::I64Load16U { memarg }),
        Operator::I64AtomicLoad32U { memarg } => (memarg, 2, Operator::I64Load32U { memarg }),
        Operator::I32AtomicStore { memarg } => (memarg, 2, Operator::I32Store { memarg }),
        Operator::I32AtomicStore8 { memarg } => (memarg, 0, Operator::I32Store8 { memarg }),
        Operator::I32AtomicStore16 { memarg } => (memarg, 1, Operator::I32Store16 { memarg }),
        Operator::I64AtomicStore { memarg } => (memarg, 3, Operator::I64Store { memarg }),
        Operator::I64AtomicStore8 { memarg } => (memarg, 0, Operator::I64Store8 { memarg }),
        Operator::I64AtomicStore16 { memarg } => (memarg, 1, Operator::I64Store16 { memarg }),
        Operator::I64AtomicStore32 { memarg } => (memarg, 2, Operator::I64Store32 { memarg }),
        _ => return None,
    })
}

/// Operators that change a number: those with one source, then those that compare.
macro_rules! changes {
    ([$($update:ident as $row:ident of $size:literal;)*] [$($exchange:ident as $other:ident of $bytes:literal;)*]) => {
        impl FunctionTranslator<'_> {
            /// An operator that reads and writes. False when it is another one.
            fn change(&mut self, operator: &Operator<'_>) -> bool {
                match *operator {
                    $(Operator::$update { memarg } => {
                        let (src, address) = (self.pop(), self.pop());
                        let (memory, offset) = (memory_of(memarg), memarg.offset);
                        self.produce(type_of(stringify!($row)), |dst| {
                            Instruction::$row { dst, memory, address, offset, src, size: $size }
                        });
                    })*
                    $(Operator::$exchange { memarg } => {
                        let (src, expected, address) = (self.pop(), self.pop(), self.pop());
                        let (memory, offset) = (memory_of(memarg), memarg.offset);
                        self.produce(type_of(stringify!($other)), |dst| {
                            Instruction::$other { dst, memory, address, offset, expected, src, size: $bytes }
                        });
                    })*
                    _ => return false,
                }
                true
            }
        }
    };
}

/// The type of the number that a row works on, by its name.
fn type_of(row: &str) -> Type {
    if row.starts_with("I32") { Type::I32 } else { Type::I64 }
}

changes! {
    [
        I32AtomicRmwAdd as I32AtomicAdd of 2; I32AtomicRmw8AddU as I32AtomicAdd of 0;
        I32AtomicRmw16AddU as I32AtomicAdd of 1; I64AtomicRmwAdd as I64AtomicAdd of 3;
        I64AtomicRmw8AddU as I64AtomicAdd of 0; I64AtomicRmw16AddU as I64AtomicAdd of 1;
        I64AtomicRmw32AddU as I64AtomicAdd of 2; I32AtomicRmwSub as I32AtomicSub of 2;
        I32AtomicRmw8SubU as I32AtomicSub of 0; I32AtomicRmw16SubU as I32AtomicSub of 1;
        I64AtomicRmwSub as I64AtomicSub of 3; I64AtomicRmw8SubU as I64AtomicSub of 0;
        I64AtomicRmw16SubU as I64AtomicSub of 1; I64AtomicRmw32SubU as I64AtomicSub of 2;
        I32AtomicRmwAnd as I32AtomicAnd of 2; I32AtomicRmw8AndU as I32AtomicAnd of 0;
        I32AtomicRmw16AndU as I32AtomicAnd of 1; I64AtomicRmwAnd as I64AtomicAnd of 3;
        I64AtomicRmw8AndU as I64AtomicAnd of 0; I64AtomicRmw16AndU as I64AtomicAnd of 1;
        I64AtomicRmw32AndU as I64AtomicAnd of 2; I32AtomicRmwOr as I32AtomicOr of 2;
        I32AtomicRmw8OrU as I32AtomicOr of 0; I32AtomicRmw16OrU as I32AtomicOr of 1;
        I64AtomicRmwOr as I64AtomicOr of 3; I64AtomicRmw8OrU as I64AtomicOr of 0;
        I64AtomicRmw16OrU as I64AtomicOr of 1; I64AtomicRmw32OrU as I64AtomicOr of 2;
        I32AtomicRmwXor as I32AtomicXor of 2; I32AtomicRmw8XorU as I32AtomicXor of 0;
        I32AtomicRmw16XorU as I32AtomicXor of 1; I64AtomicRmwXor as I64AtomicXor of 3;
        I64AtomicRmw8XorU as I64AtomicXor of 0; I64AtomicRmw16XorU as I64AtomicXor of 1;
        I64AtomicRmw32XorU as I64AtomicXor of 2; I32AtomicRmwXchg as I32AtomicExchange of 2;
        I32AtomicRmw8XchgU as I32AtomicExchange of 0; I32AtomicRmw16XchgU as I32AtomicExchange of 1;
        I64AtomicRmwXchg as I64AtomicExchange of 3; I64AtomicRmw8XchgU as I64AtomicExchange of 0;
        I64AtomicRmw16XchgU as I64AtomicExchange of 1; I64AtomicRmw32XchgU as I64AtomicExchange of 2;
    ]
    [
        I32AtomicRmwCmpxchg as I32AtomicCompareExchange of 2;
        I32AtomicRmw8CmpxchgU as I32AtomicCompareExchange of 0;
        I32AtomicRmw16CmpxchgU as I32AtomicCompareExchange of 1;
        I64AtomicRmwCmpxchg as I64AtomicCompareExchange of 3;
        I64AtomicRmw8CmpxchgU as I64AtomicCompareExchange of 0;
        I64AtomicRmw16CmpxchgU as I64AtomicCompareExchange of 1;
        I64AtomicRmw32CmpxchgU as I64AtomicCompareExchange of 2;
    ]
}

impl FunctionTranslator<'_> {
    pub(super) fn atomic(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        if let Some((memarg, size, plain)) = access(&operator) {
            self.check_alignment(memarg, size, is_store(&operator));
            if let Some(shape) = shape(&plain) {
                self.shaped(shape);
            }
            return Ok(());
        }
        if self.change(&operator) {
            return Ok(());
        }
        match operator {
            // There is one thread at a time, which sees its own accesses in order.
            Operator::AtomicFence { .. } => {}
            Operator::MemoryAtomicNotify { memarg } => {
                let (count, address) = (self.pop(), self.pop());
                let (memory, offset) = (memory_of(memarg), memarg.offset);
                self.produce(Type::I32, |dst| Instruction::MemoryNotify { dst, memory, address, offset, count });
            }
            Operator::MemoryAtomicWait32 { memarg } => self.wait(memarg, Type::I32),
            Operator::MemoryAtomicWait64 { memarg } => self.wait(memarg, Type::I64),
            other => return self.vector(other),
        }
        Ok(())
    }

    /// Checks the address of a load or store, which stays on the operand stack; a value to be stored is above it.
    fn check_alignment(&mut self, memarg: MemArg, size: u64, is_store: bool) {
        if size == 0 {
            return;
        }
        let address = self.operand_at(self.stack.len() - 1 - usize::from(is_store));
        let (memory, offset) = (memory_of(memarg), memarg.offset);
        self.emit(Instruction::AddressAlign { memory, address, offset, size });
    }

    /// Begins a wait, and calls the machine's function that does it; it knows what to make of one that has not begun.
    fn wait(&mut self, memarg: MemArg, ty: Type) {
        let (timeout, expected, address) = (self.pop(), self.pop(), self.pop());
        let (memory, offset) = (memory_of(memarg), memarg.offset);
        self.produce(Type::I64, |dst| match ty {
            Type::I32 => Instruction::MemoryWaitI32 { dst, memory, address, offset, expected },
            _ => Instruction::MemoryWaitI64 { dst, memory, address, offset, expected },
        });
        let number = self.pop();
        self.waits = true;
        let function = self.context.wait_function();
        self.call([number, timeout].into(), &[Type::I32], |results, arguments| Instruction::Call {
            results,
            function,
            arguments,
        });
    }
}

/// Whether an operator stores.
fn is_store(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::I32AtomicStore { .. }
            | Operator::I32AtomicStore8 { .. }
            | Operator::I32AtomicStore16 { .. }
            | Operator::I64AtomicStore { .. }
            | Operator::I64AtomicStore8 { .. }
            | Operator::I64AtomicStore16 { .. }
            | Operator::I64AtomicStore32 { .. }
    )
}
