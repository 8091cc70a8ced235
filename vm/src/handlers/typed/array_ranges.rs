//! Ranges of arrays: filling, copying, segments. As those of memories and tables, they are done in slices.

use super::bulk::{operand, segment};
use super::ranges::{RangeWork, part_of_copy};
use super::word::{Wide, Word};
use crate::heap::{Array, ElementKind};
use crate::runtime::context::Context;
use crate::runtime::layouts::object_at;
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use crate::value::Value;
use minivm_isa::TrapCode;
use std::ops::Range;

/// Elements of an array that are 1 unit of work.
const ELEMENTS: u64 = 16;

/// An array and a range of it.
#[derive(Clone, Copy)]
struct Part {
    array: *mut Array,
    index: u64,
    cx: *mut Context,
}

impl Part {
    /// Reads an object and an index.
    ///
    /// # Safety
    /// As for [`RangeWork::read`].
    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Part, TrapCode> {
        // SAFETY: the caller vouches for the operands; a reference is null or live.
        unsafe {
            let (object, index) = (operand::<u64>(c, regs, cx)?, operand::<u32>(c, regs, cx)?);
            if object == 0 {
                return Err(TrapCode::NullReference);
            }
            Ok(Part { array: object_at(object).cast(), index: u64::from(index), cx })
        }
    }

    fn check(self, length: u64) -> Result<(), TrapCode> {
        // SAFETY: the array is live while the instruction runs.
        let inside = self.index + length <= unsafe { (*self.array).len };
        if inside { Ok(()) } else { Err(TrapCode::ArrayBounds) }
    }

    fn element(self) -> ElementKind {
        // SAFETY: as for `check`.
        unsafe { (*self.array).element }
    }

    /// The place of an element, counted from the start of the range.
    ///
    /// # Safety
    /// The element is inside.
    unsafe fn place(self, item: u64) -> *mut u8 {
        // SAFETY: the caller vouches for the element.
        unsafe { Array::data(self.array).add((self.index + item) as usize * self.element().bytes()) }
    }

    /// Tells the collector of elements that are about to be overwritten.
    ///
    /// # Safety
    /// The elements are inside.
    unsafe fn note_overwritten(self, items: Range<u64>) {
        // SAFETY: the context is that of the running machine; the caller vouches for the elements.
        unsafe {
            if !(*self.cx).heap.marking() {
                return;
            }
            for item in items {
                match self.element() {
                    ElementKind::Any => (*self.cx).heap.barrier(Value::load(self.place(item).cast())),
                    ElementKind::Ref => {
                        let word = *self.place(item).cast::<u64>();
                        if word != 0 {
                            (*self.cx).heap.barrier(Value::from_object(object_at(word)));
                        }
                    }
                    _ => return,
                }
            }
        }
    }
}

/// A value that is stored in an array.
pub(crate) trait Stored: Word {
    /// Writes it.
    ///
    /// # Safety
    /// The place is one for an element of this kind, which values of this type are stored as.
    unsafe fn store(self, place: *mut u8, element: ElementKind);
}

impl Stored for u32 {
    unsafe fn store(self, place: *mut u8, element: ElementKind) {
        // SAFETY: the caller vouches for the place.
        unsafe {
            match element.bytes() {
                1 => *place = self as u8,
                2 => *place.cast::<u16>() = self as u16,
                _ => *place.cast::<u32>() = self,
            }
        }
    }
}

impl Stored for u64 {
    unsafe fn store(self, place: *mut u8, _: ElementKind) {
        // SAFETY: the caller vouches for the place.
        unsafe { *place.cast::<u64>() = self }
    }
}

impl Stored for Wide {
    unsafe fn store(self, place: *mut u8, _: ElementKind) {
        // SAFETY: the caller vouches for the place.
        unsafe { place.cast::<Wide>().write_unaligned(self) }
    }
}

impl Stored for Value {
    unsafe fn store(self, place: *mut u8, _: ElementKind) {
        // SAFETY: the caller vouches for the place.
        unsafe { Value::store(self, place.cast()) }
    }
}

/// `array_fill`. Operands: object, index, value, length.
pub(crate) struct ArrayFill<T> {
    part: Part,
    value: T,
    length: u64,
}

impl<T: Stored> RangeWork for ArrayFill<T> {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let part = Part::read(c, regs, cx)?;
            let (value, length) = (operand::<T>(c, regs, cx)?, operand::<u32>(c, regs, cx)?);
            Ok(ArrayFill { part, value, length: u64::from(length) })
        }
    }

    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        self.part.check(self.length).map(|()| self.length)
    }

    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        // SAFETY: `check` has found that the elements are inside, and the verifier that they are of this type.
        unsafe {
            self.part.note_overwritten(items.clone());
            let element = self.part.element();
            for item in items {
                self.value.store(self.part.place(item), element);
            }
        }
        Ok(())
    }
}

/// `array_copy`. Operands: object, index, source, index there, length.
pub(crate) struct ArrayCopy {
    to: Part,
    from: Part,
    length: u64,
}

impl RangeWork for ArrayCopy {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let (to, from) = (Part::read(c, regs, cx)?, Part::read(c, regs, cx)?);
            Ok(ArrayCopy { to, from, length: u64::from(operand::<u32>(c, regs, cx)?) })
        }
    }

    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        self.to.check(self.length)?;
        self.from.check(self.length)?;
        Ok(self.length)
    }

    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let (start, _, count) = part_of_copy((self.to.index, self.from.index, self.length), &items);
        let start = start - self.to.index;
        // SAFETY: as for `ArrayFill`; both have elements of one kind.
        unsafe {
            self.to.note_overwritten(start..start + count);
            let bytes = count as usize * self.to.element().bytes();
            std::ptr::copy(self.from.place(start), self.to.place(start), bytes);
        }
        Ok(())
    }
}

/// `array_init_data`. Operands: object, index, first byte of the segment, number of elements, segment.
pub(crate) struct ArrayInitData<'m> {
    part: Part,
    bytes: &'m [u8],
    length: u64,
}

impl RangeWork for ArrayInitData<'_> {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let part = Part::read(c, regs, cx)?;
            let (source, length) = (operand::<u32>(c, regs, cx)?, operand::<u32>(c, regs, cx)?);
            part.check(u64::from(length))?;
            let bytes = u64::from(length) * part.element().bytes() as u64;
            let bytes = segment::<u8>(c).range(u64::from(source), bytes).ok_or(TrapCode::MemoryBounds)?;
            Ok(ArrayInitData { part, bytes, length: u64::from(length) })
        }
    }

    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        Ok(self.length)
    }

    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let size = self.part.element().bytes();
        let bytes = &self.bytes[items.start as usize * size..items.end as usize * size];
        // SAFETY: as for `ArrayFill`; the verifier proved that the elements are numbers, which are stored little-endian.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.part.place(items.start), bytes.len()) };
        Ok(())
    }
}

/// `array_init_element`. Operands: object, index, first value of the segment, number of them, segment.
pub(crate) struct ArrayInitElement<'m> {
    part: Part,
    values: &'m [Value],
}

impl RangeWork for ArrayInitElement<'_> {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let part = Part::read(c, regs, cx)?;
            let (source, length) = (operand::<u32>(c, regs, cx)?, operand::<u32>(c, regs, cx)?);
            part.check(u64::from(length))?;
            let values = segment::<Value>(c).range(u64::from(source), u64::from(length));
            Ok(ArrayInitElement { part, values: values.ok_or(TrapCode::TableBounds)? })
        }
    }

    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        Ok(self.values.len() as u64)
    }

    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        // SAFETY: as for `ArrayFill`.
        unsafe {
            self.part.note_overwritten(items.clone());
            for item in items {
                Value::store(self.values[item as usize], self.part.place(item).cast());
            }
        }
        Ok(())
    }
}
