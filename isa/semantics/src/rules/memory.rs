//! Rules of linear memory. Bounds are checked before anything is changed.

use super::scope::{Flow, Scope, Stop};
use crate::store::range;
use crate::value::{Typed, Value};
use minivm_isa::entities::{Memory, Reg};
use minivm_isa::{Instruction, Operand, TrapCode};

/// Bytes of a memory, at most.
const BYTES_MAX: u64 = 1 << 28;
/// Bytes that are copied or filled for 1 unit.
const BYTES_PER_UNIT: u64 = 64;

impl Scope<'_> {
    /// `N` bytes at `memory[address + offset]`.
    fn bytes<const N: usize>(&mut self, (memory, address, offset): Place) -> Result<&mut [u8; N], TrapCode> {
        let address = self.value(address).address().checked_add(offset).ok_or(TrapCode::MemoryBounds)?;
        let memory = &mut self.memory(memory).bytes;
        let range = range(address, N as u64, memory.len(), TrapCode::MemoryBounds)?;
        Ok((&mut memory[range]).try_into().expect("the range has this length"))
    }

    fn load<const N: usize, T: Typed>(
        &mut self,
        dst: Reg,
        place: Place,
        rule: impl Fn([u8; N]) -> T,
    ) -> Result<Flow, Stop> {
        let bytes = *self.bytes(place)?;
        self.set(dst, rule(bytes));
        Ok(Flow::Next)
    }

    fn store<const N: usize>(&mut self, place: Place, bytes: [u8; N]) -> Result<Flow, Stop> {
        *self.bytes(place)? = bytes;
        Ok(Flow::Next)
    }

    /// Writes a count as an address of that width.
    pub(crate) fn set_count(&mut self, dst: Reg, count: Option<u64>, is_64: bool) {
        let count = count.unwrap_or(u64::MAX);
        self.frame.set(dst, if is_64 { Value::I64(count as i64) } else { Value::I32(count as i32) });
    }
}

type Place = (Memory, Operand, u64);

macro_rules! accesses {
    ($scope:ident, $instruction:ident; [$($load:ident: $bytes:ident as $result:ty;)*] [$($store:ident: $ty:ty as $stored:ident;)*]) => {
        match *$instruction {
            $(Instruction::$load { dst, memory, address, offset } => {
                $scope.load(dst, (memory, address, offset), |bytes| $bytes::from_le_bytes(bytes) as $result)
            })*
            $(Instruction::$store { memory, address, offset, src } => {
                let value: $ty = $scope.get(src);
                $scope.store((memory, address, offset), (value as $stored).to_le_bytes())
            })*
            _ => return None,
        }
    };
}

/// Loads and stores: the type of the bytes, and of the register.
fn access(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    Some(accesses! { scope, instruction;
        [
            I32Load: i32 as i32; I64Load: i64 as i64; F32Load: f32 as f32; F64Load: f64 as f64; V128Load: u128 as u128;
            I32Load8S: i8 as i32; I32Load8U: u8 as u32; I32Load16S: i16 as i32; I32Load16U: u16 as u32;
            I64Load8S: i8 as i64; I64Load8U: u8 as u64; I64Load16S: i16 as i64; I64Load16U: u16 as u64;
            I64Load32S: i32 as i64; I64Load32U: u32 as u64;
        ]
        [
            I32Store: i32 as i32; I64Store: i64 as i64; F32Store: f32 as f32; F64Store: f64 as f64; V128Store: u128 as u128;
            I32Store8: i32 as i8; I32Store16: i32 as i16; I64Store8: i64 as i8; I64Store16: i64 as i16; I64Store32: i64 as i32;
        ]
    })
}

/// Single accesses, size and growth.
pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    match *instruction {
        Instruction::MemorySize { dst, memory } => {
            let (pages, is_64) = (scope.memory(memory).pages(), scope.memory(memory).is_64);
            scope.set_count(dst, Some(pages), is_64);
        }
        Instruction::MemoryGrow { dst, memory, pages } => {
            let count = scope.value(pages).address();
            let memory = scope.memory(memory);
            let (before, is_64) = (memory.pages(), memory.is_64);
            let most = BYTES_MAX >> memory.page_bits;
            let maximum = memory.maximum.unwrap_or(most).min(most);
            let after = before.checked_add(count).filter(|&after| after <= maximum);
            if let Some(after) = after {
                memory.bytes.resize((after as usize) << memory.page_bits, 0);
            }
            scope.set_count(dst, after.map(|_| before), is_64);
        }
        Instruction::DataDrop { data } => {
            let instance = scope.frame.instance;
            scope.store[instance].data[data.as_u32() as usize] = [].into();
        }
        Instruction::DataCheck { data, source, length, size } => return Some(check(scope, data, source, length, size)),
        _ => return access(scope, instruction),
    }
    Some(Ok(Flow::Next))
}

fn check(
    scope: &Scope<'_>,
    data: minivm_isa::entities::Data,
    source: Operand,
    length: Operand,
    size: u64,
) -> Result<Flow, Stop> {
    let bytes = u64::from(scope.get::<u32>(length)).checked_mul(size).ok_or(TrapCode::MemoryBounds)?;
    let available = scope.instance().data[data.as_u32() as usize].len();
    range(scope.get::<u32>(source).into(), bytes, available, TrapCode::MemoryBounds)?;
    Ok(Flow::Next)
}

/// Instructions on ranges of bytes, which pay before they begin.
pub(crate) fn ranges(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    let result = match *instruction {
        Instruction::MemoryFill { memory, address, value, length } => {
            let (value, length) = (scope.get::<i32>(value) as u8, scope.value(length).address());
            fill(scope, (memory, address), length, Bytes::Of(value))
        }
        Instruction::MemoryInit { memory, data, address, source, length } => {
            let (source, length) = (scope.get::<u32>(source).into(), scope.get::<u32>(length).into());
            let segment = scope.instance().data[data.as_u32() as usize].clone();
            match range(source, length, segment.len(), TrapCode::MemoryBounds) {
                Ok(range) => fill(scope, (memory, address), length, Bytes::Copied(segment[range].into())),
                Err(code) => Err(code.into()),
            }
        }
        Instruction::MemoryCopy { memory, source_memory, address, source, length } => {
            let (source, length) = (scope.value(source).address(), scope.value(length).address());
            let from = &scope.memory(source_memory).bytes;
            match range(source, length, from.len(), TrapCode::MemoryBounds) {
                Ok(range) => {
                    let bytes = from[range].to_vec();
                    fill(scope, (memory, address), length, Bytes::Copied(bytes))
                }
                Err(code) => Err(code.into()),
            }
        }
        _ => return None,
    };
    Some(result)
}

enum Bytes {
    /// All alike.
    Of(u8),
    /// Read before anything is written.
    Copied(Vec<u8>),
}

fn fill(scope: &mut Scope<'_>, (memory, address): (Memory, Operand), length: u64, bytes: Bytes) -> Result<Flow, Stop> {
    let address = scope.value(address).address();
    let range = range(address, length, scope.memory(memory).bytes.len(), TrapCode::MemoryBounds)?;
    scope.meter.pay(length / BYTES_PER_UNIT)?;
    let target = &mut scope.memory(memory).bytes[range];
    match bytes {
        Bytes::Of(byte) => target.fill(byte),
        Bytes::Copied(bytes) => target.copy_from_slice(&bytes),
    }
    Ok(Flow::Next)
}
