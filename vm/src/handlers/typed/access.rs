//! Loads and stores of linear memory.

use super::expression::Expr;
use super::shape::{self, Key};
use super::statement::Statement;
use super::word::{Wide, Word};
use crate::memory::{LinearMemory, MemoryView};
use crate::runtime::context::Context;
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use minivm_isa::{Opcode, TrapCode};
use std::marker::PhantomData;

/// Which memory an access means.
pub(crate) trait Place {
    /// Whether an operand names it.
    const FAR: bool;

    /// Where its bytes are now.
    ///
    /// # Safety
    /// As for [`Expr::eval`].
    unsafe fn view(c: &mut Cursor, cx: *mut Context) -> MemoryView;
}

/// The memory that the context has at hand. No operand.
pub(crate) enum Main {}

impl Place for Main {
    const FAR: bool = false;
    #[inline(always)]
    unsafe fn view(_: &mut Cursor, cx: *mut Context) -> MemoryView {
        // SAFETY: the context is live.
        unsafe { (*cx).main_memory }
    }
}

/// Any memory. Operand: the address of its [`LinearMemory`].
pub(crate) enum Far {}

impl Place for Far {
    const FAR: bool = true;
    #[inline(always)]
    unsafe fn view(c: &mut Cursor, _: *mut Context) -> MemoryView {
        // SAFETY: the compiler writes the address of a memory of the instance, which lives as long as the code.
        unsafe { (*(c.u64() as usize as *const LinearMemory)).view() }
    }
}

/// An address: `u32` or `u64`.
pub(crate) trait Address: Word + Into<u64> {
    /// Whether it has 64 bits.
    const WIDE: bool;

    /// Whether `-1` stands for it when an operation fails.
    const FAILED: Self;

    /// From a number that fits.
    fn from_count(count: u64) -> Self;

    /// Reads the constant offset and adds it: where an access of `size` bytes begins, if it is inside of `length` bytes.
    ///
    /// # Safety
    /// The instruction has an offset operand next.
    unsafe fn locate(self, c: &mut Cursor, size: u64, length: u64) -> Option<u64>;
}

impl Address for u32 {
    const WIDE: bool = false;
    const FAILED: u32 = u32::MAX;
    #[inline(always)]
    fn from_count(count: u64) -> u32 {
        count as u32
    }
    #[inline(always)]
    unsafe fn locate(self, c: &mut Cursor, size: u64, length: u64) -> Option<u64> {
        // SAFETY: the caller knows its operands. Two numbers of 32 bits and a size do not overflow 64.
        let start = u64::from(self) + u64::from(unsafe { c.u32() });
        (start + size <= length).then_some(start)
    }
}

impl Address for u64 {
    const WIDE: bool = true;
    const FAILED: u64 = u64::MAX;
    #[inline(always)]
    fn from_count(count: u64) -> u64 {
        count
    }
    #[inline(always)]
    unsafe fn locate(self, c: &mut Cursor, size: u64, length: u64) -> Option<u64> {
        // SAFETY: the caller knows its operands.
        let start = self.checked_add(unsafe { c.u64() })?;
        (start.checked_add(size)? <= length).then_some(start)
    }
}

/// What a load does with the bytes.
pub(crate) trait LoadOperator {
    /// Type of the result.
    type Result: Word;
    /// The row of the table.
    const OPCODE: Opcode;
    /// Bytes it reads.
    const SIZE: u64;

    /// Reads them.
    ///
    /// # Safety
    /// `SIZE` bytes may be read at `from`.
    unsafe fn load(from: *const u8) -> Self::Result;
}

/// What a store does with a value.
pub(crate) trait StoreOperator {
    /// Type of the value.
    type Source: Word;
    /// The row of the table.
    const OPCODE: Opcode;
    /// Bytes it writes.
    const SIZE: u64;

    /// Writes them.
    ///
    /// # Safety
    /// `SIZE` bytes may be written at `to`.
    unsafe fn store(to: *mut u8, source: Self::Source);
}

macro_rules! loads {
    ($($name:ident: [u8; $size:literal] -> $result:ty = |$bytes:ident| $body:expr;)*) => {$(
        #[doc = concat!("See [`Opcode::", stringify!($name), "`].")]
        #[cfg_attr(not(minivm_tail), allow(dead_code, reason = "the small set of handlers does not use all"))]
        pub(crate) enum $name {}
        impl LoadOperator for $name {
            type Result = $result;
            const OPCODE: Opcode = Opcode::$name;
            const SIZE: u64 = $size;
            /// # Safety
            /// The closure is live and of that function; `at` is the running frame, whole.
            #[inline(always)]
            unsafe fn load(from: *const u8) -> $result {
                // SAFETY: the caller checked that so many bytes may be read.
                let $bytes = unsafe { from.cast::<[u8; $size]>().read_unaligned() };
                $body
            }
        }
    )*};
}

loads! {
    I32Load: [u8; 4] -> u32 = |bytes| u32::from_le_bytes(bytes);
    I64Load: [u8; 8] -> u64 = |bytes| u64::from_le_bytes(bytes);
    F32Load: [u8; 4] -> f32 = |bytes| f32::from_le_bytes(bytes);
    F64Load: [u8; 8] -> f64 = |bytes| f64::from_le_bytes(bytes);
    V128Load: [u8; 16] -> Wide = |bytes| Wide::from_le_bytes(bytes);
    I32Load8S: [u8; 1] -> u32 = |bytes| i8::from_le_bytes(bytes) as i32 as u32;
    I32Load8U: [u8; 1] -> u32 = |bytes| u32::from(bytes[0]);
    I32Load16S: [u8; 2] -> u32 = |bytes| i16::from_le_bytes(bytes) as i32 as u32;
    I32Load16U: [u8; 2] -> u32 = |bytes| u32::from(u16::from_le_bytes(bytes));
    I64Load8S: [u8; 1] -> u64 = |bytes| i8::from_le_bytes(bytes) as i64 as u64;
    I64Load8U: [u8; 1] -> u64 = |bytes| u64::from(bytes[0]);
    I64Load16S: [u8; 2] -> u64 = |bytes| i16::from_le_bytes(bytes) as i64 as u64;
    I64Load16U: [u8; 2] -> u64 = |bytes| u64::from(u16::from_le_bytes(bytes));
    I64Load32S: [u8; 4] -> u64 = |bytes| i32::from_le_bytes(bytes) as i64 as u64;
    I64Load32U: [u8; 4] -> u64 = |bytes| u64::from(u32::from_le_bytes(bytes));
}

macro_rules! stores {
    ($($name:ident: $source:ty => [u8; $size:literal] = |$value:ident| $body:expr;)*) => {$(
        #[doc = concat!("See [`Opcode::", stringify!($name), "`].")]
        #[cfg_attr(not(minivm_tail), allow(dead_code, reason = "the small set of handlers does not use all"))]
        pub(crate) enum $name {}
        impl StoreOperator for $name {
            type Source = $source;
            const OPCODE: Opcode = Opcode::$name;
            const SIZE: u64 = $size;
            /// # Safety
            /// `below` is the frame whose instruction made the record.
            #[inline(always)]
            unsafe fn store(to: *mut u8, $value: $source) {
                let bytes: [u8; $size] = $body;
                // SAFETY: the caller checked that so many bytes may be written.
                unsafe { to.cast::<[u8; $size]>().write_unaligned(bytes) }
            }
        }
    )*};
}

stores! {
    I32Store: u32 => [u8; 4] = |value| value.to_le_bytes();
    I64Store: u64 => [u8; 8] = |value| value.to_le_bytes();
    F32Store: f32 => [u8; 4] = |value| value.to_le_bytes();
    F64Store: f64 => [u8; 8] = |value| value.to_le_bytes();
    V128Store: Wide => [u8; 16] = |value| value.to_le_bytes();
    I32Store8: u32 => [u8; 1] = |value| [value as u8];
    I32Store16: u32 => [u8; 2] = |value| (value as u16).to_le_bytes();
    I64Store8: u64 => [u8; 1] = |value| [value as u8];
    I64Store16: u64 => [u8; 2] = |value| (value as u16).to_le_bytes();
    I64Store32: u64 => [u8; 4] = |value| (value as u32).to_le_bytes();
}

/// A load. Operands: those of the address, the offset (32 or 64 bits as the address), the memory when far.
pub(crate) struct Load<O, A, P = Main>(PhantomData<(O, A, P)>);

impl<O: LoadOperator, A: Expr<Value: Address>, P: Place> Expr for Load<O, A, P> {
    type Value = O::Result;
    const KEY: Key = shape::access(O::OPCODE, P::FAR, <A::Value as Address>::WIDE, &[A::KEY]);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<O::Result, TrapCode> {
        // SAFETY: the caller vouches for the whole shape; `locate` keeps the access inside of the memory.
        unsafe {
            let address = A::eval(c, regs, cx)?;
            let mut operands = *c;
            skip_offset::<A::Value>(c);
            let memory = P::view(c, cx);
            match address.locate(&mut operands, O::SIZE, memory.length) {
                Some(start) => Ok(O::load(memory.base.add(start as usize))),
                None => Err(TrapCode::MemoryBounds),
            }
        }
    }
}

/// A store. Operands: those of the address, those of the value, the offset, the memory when far.
pub(crate) struct Store<O, A, V, P = Main>(PhantomData<(O, A, V, P)>);

impl<O, A, V, P> Statement for Store<O, A, V, P>
where
    O: StoreOperator,
    A: Expr<Value: Address>,
    V: Expr<Value = O::Source>,
    P: Place,
{
    const KEY: Key = shape::access(O::OPCODE, P::FAR, <A::Value as Address>::WIDE, &[A::KEY, V::KEY]);
    #[inline(always)]
    unsafe fn execute(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<(), TrapCode> {
        // SAFETY: the caller vouches for the whole shape; `locate` keeps the access inside of the memory.
        unsafe {
            let address = A::eval(c, regs, cx)?;
            let value = V::eval(c, regs, cx)?;
            let mut operands = *c;
            skip_offset::<A::Value>(c);
            let memory = P::view(c, cx);
            match address.locate(&mut operands, O::SIZE, memory.length) {
                Some(start) => {
                    O::store(memory.base.add(start as usize), value);
                    Ok(())
                }
                None => Err(TrapCode::MemoryBounds),
            }
        }
    }
}

/// Moves past the offset operand.
///
/// # Safety
/// The instruction has one next.
#[inline(always)]
unsafe fn skip_offset<A: Address>(c: &mut Cursor) {
    // SAFETY: the caller knows its operands; the value is not used.
    unsafe {
        if A::WIDE {
            c.u64();
        } else {
            c.u32();
        }
    }
}
