//! Records and arrays of a fixed layout.
use crate::heap::{Array, ElementKind, Record};
use crate::runtime::context::Context;
use crate::runtime::layouts::object_at;
use crate::runtime::layouts::{MachineLayout, Shape};
use crate::runtime::task::Work;
use crate::runtime::unwind::raise_trap;
use crate::runtime::work::is_baseline;
use crate::runtime::work::leave_optimised;
use crate::runtime::work::pay_small;
use crate::runtime::work::stop_inside;
use crate::runtime::work::take_slice;
use crate::threaded::Flow;
use crate::threaded::Regs;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::{Row, Variant};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

/// How a field or an element is stored, and moved between its place and a register.
pub(crate) trait Stored: Variant {
    /// Distance of elements in an array.
    const BYTES: usize;
    /// Register = place.
    ///
    /// # Safety
    /// The place holds such an element, the register is of its type.
    unsafe fn get(place: *mut u8, regs: Regs, dst: usize);
    /// Place = register; the collector hears of what is overwritten.
    ///
    /// # Safety
    /// As for `get`.
    unsafe fn set(cx: *mut Context, place: *mut u8, regs: Regs, src: usize);
}

/// A number of `T` in a place, zero-extended in a register.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident $text:literal: $ty:ty;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}
        impl Variant for $name {
            const NAME: &'static str = $text;
        }
        impl Stored for $name {
            const BYTES: usize = size_of::<$ty>();
            #[inline(always)]
            unsafe fn get(place: *mut u8, regs: Regs, dst: usize) {
                // SAFETY: as the trait says.
                unsafe { *regs.add(dst) = u64::from(*place.cast::<$ty>()) }
            }
            /// # Safety
            /// As for `get_str`; the value is live, too.
            #[inline(always)]
            unsafe fn set(_: *mut Context, place: *mut u8, regs: Regs, src: usize) {
                // SAFETY: as the trait says.
                unsafe { *place.cast::<$ty>() = *regs.add(src) as $ty }
            }
        }
    )*};
}

numbers! {
    /// A byte.
    Byte "byte": u8;
    /// Two bytes.
    Short "short": u16;
    /// Four bytes.
    Single "single": u32;
    /// A word.
    Word "word": u64;
}

/// A field of less than a word: it has a whole one, of which the low bits count.
pub(crate) struct Low<const BITS: u32>;
impl<const BITS: u32> Variant for Low<BITS> {
    const NAME: &'static str = match BITS {
        8 => "low8",
        16 => "low16",
        _ => "low32",
    };
}
impl<const BITS: u32> Stored for Low<BITS> {
    const BYTES: usize = 8;
    #[inline(always)]
    unsafe fn get(place: *mut u8, regs: Regs, dst: usize) {
        // SAFETY: as the trait says.
        unsafe { *regs.add(dst) = *place.cast::<u64>() & ((1 << BITS) - 1) }
    }
    #[inline(always)]
    unsafe fn set(_: *mut Context, place: *mut u8, regs: Regs, src: usize) {
        // SAFETY: as the trait says.
        unsafe { *place.cast::<u64>() = *regs.add(src) & ((1 << BITS) - 1) }
    }
}

/// Two words.
pub(crate) enum Pair {}
impl Variant for Pair {
    const NAME: &'static str = "pair";
}
impl Stored for Pair {
    const BYTES: usize = 16;
    #[inline(always)]
    unsafe fn get(place: *mut u8, regs: Regs, dst: usize) {
        // SAFETY: as the trait says.
        unsafe {
            *regs.add(dst) = *place.cast::<u64>();
            *regs.add(dst + 1) = *place.cast::<u64>().add(1);
        }
    }
    #[inline(always)]
    unsafe fn set(_: *mut Context, place: *mut u8, regs: Regs, src: usize) {
        // SAFETY: as the trait says.
        unsafe {
            *place.cast::<u64>() = *regs.add(src);
            *place.cast::<u64>().add(1) = *regs.add(src + 1);
        }
    }
}

/// An `any` value.
pub(crate) enum AnyValue {}
impl Variant for AnyValue {
    const NAME: &'static str = "any";
}
impl Stored for AnyValue {
    const BYTES: usize = 16;
    #[inline(always)]
    unsafe fn get(place: *mut u8, regs: Regs, dst: usize) {
        // SAFETY: as the trait says.
        unsafe { set_any(regs, dst, Value::load(place.cast())) }
    }
    #[inline(always)]
    unsafe fn set(cx: *mut Context, place: *mut u8, regs: Regs, src: usize) {
        // SAFETY: as the trait says.
        unsafe {
            let slot = place.cast::<Value>();
            if (*cx).heap.marking() {
                (*cx).heap.barrier(Value::load(slot));
            }
            get_any(regs, src).store(slot);
        }
    }
}

/// A reference: the address of a heap cell, or 0.
pub(crate) enum Reference {}
impl Variant for Reference {
    const NAME: &'static str = "reference";
}
impl Stored for Reference {
    const BYTES: usize = 8;
    #[inline(always)]
    unsafe fn get(place: *mut u8, regs: Regs, dst: usize) {
        // SAFETY: as the trait says.
        unsafe { *regs.add(dst) = *place.cast::<u64>() }
    }
    #[inline(always)]
    unsafe fn set(cx: *mut Context, place: *mut u8, regs: Regs, src: usize) {
        // SAFETY: as the trait says.
        unsafe {
            let slot = place.cast::<u64>();
            if (*cx).heap.marking() && *slot != 0 {
                (*cx).heap.barrier(Value::from_object(object_at(*slot)));
            }
            *slot = *regs.add(src);
        }
    }
}

handler! {
    /// `record_new`.
    pub(crate) fn record_new(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let rows::RecordNew { dst, window, layout } = rows::RecordNew::read(pc);
        let layout = &*layout.cast::<MachineLayout>();
        let Shape::Record { layout: words, .. } = &layout.shape else {
            (*cx).trap_code = TrapCode::CastFailure;
            slow!(super::control::trap, pc, regs, cx, facc)
        };
        let Ok(record) = (*cx).heap.new_record(words, layout.number) else {
            slow!(super::control::out_of_memory, pc, regs, cx, facc)
        };
        std::ptr::copy_nonoverlapping(regs.add(window), Record::data(record), words.words() as usize);
        *regs.add(dst) = record.expose_provenance() as u64;
        next!(rows::RecordNew::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `record_get`.
    pub(crate) fn record_get<S: Stored>(pc, regs, cx, facc) {
        let rows::RecordGet { dst, object, word, .. } = rows::RecordGet::<S>::read(pc);
        let object = *regs.add(object);
        if object == 0 {
            slow!(null_reference, pc, regs, cx, facc)
        }
        S::get(Record::data(object_at(object).cast()).add(word as usize).cast(), regs, dst);
        next!(rows::RecordGet::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `record_set`.
    pub(crate) fn record_set<S: Stored>(pc, regs, cx, facc) {
        let rows::RecordSet { object, src, word, .. } = rows::RecordSet::<S>::read(pc);
        let object = *regs.add(object);
        if object == 0 {
            slow!(null_reference, pc, regs, cx, facc)
        }
        S::set(cx, Record::data(object_at(object).cast()).add(word as usize).cast(), regs, src);
        next!(rows::RecordSet::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    #[cold]
    #[inline(never)]
    fn null_reference(pc, regs, cx, facc) {
        (*cx).trap_code = TrapCode::NullReference;
        slow!(super::control::trap, pc, regs, cx, facc)
    }
}

handler! {
    /// `array_new`.
    pub(crate) fn array_new<S: Stored>(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() && (*cx).run.work.is_none() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let rows::ArrayNew { layout, dst, length, src, .. } = rows::ArrayNew::<S>::read(pc);
        let layout = &*layout.cast::<MachineLayout>();
        let element = match layout.shape {
            Shape::Array { element } => element,
            Shape::Record { .. } => ElementKind::Any,
        };
        let length = u64::from(*regs.add(length) as u32);
        if length >= ELEMENTS_PER_UNIT {
            slow!(array_new_many::<S>, pc, regs, cx, facc)
        }
        let Ok(array) = (*cx).heap.new_array(element, length) else {
            slow!(super::control::out_of_memory, pc, regs, cx, facc)
        };
        (*array).type_index = layout.number;
        // Zero is what a fresh array holds.
        if *regs.add(src) != 0 || S::BYTES == 16 {
            let data = Array::data(array);
            for index in 0..length as usize {
                S::set(cx, data.add(index * S::BYTES), regs, src);
            }
        }
        *regs.add(dst) = array.expose_provenance() as u64;
        next!(rows::ArrayNew::<S>::next(pc), regs, cx, facc)
    }
}

/// Elements of a new array that are 1 unit of work.
const ELEMENTS_PER_UNIT: u64 = 16;

slow_handler! {
    /// `array_new` of many elements: a long array is filled in slices, and is as long as it is filled meanwhile.
    fn array_new_many<S: Stored>(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let rows::ArrayNew { layout, dst, length, src, .. } = rows::ArrayNew::<S>::read(pc);
        let layout = &*layout.cast::<MachineLayout>();
        let Shape::Array { element } = layout.shape else { return raise_trap(cx, Flow { pc, regs }, TrapCode::CastFailure) };
        let length = u64::from(*regs.add(length) as u32);
        let units = length / ELEMENTS_PER_UNIT;
        let at = Flow { pc, regs };
        let is_small = pay_small(cx, units);
        if !is_small && !is_baseline(at) {
            return leave_optimised(cx, at);
        }
        let begun = cx.run.work.as_ref().and_then(|work| work.object.as_array());
        let begun = begun.filter(|&array| (*array).type_index == layout.number && Array::room(array) >= length);
        let array = match begun {
            Some(array) => array,
            None => match cx.heap.new_array_to_fill(element, length) {
                Ok(array) => array,
                Err(_) => {
                    cx.fuel += if is_small { units as i64 } else { 0 };
                    return crate::runtime::collect::make_room_at(cx, at);
                }
            },
        };
        (*array).type_index = layout.number;
        let to = if is_small { units } else { take_slice(cx, units).1 };
        let end = if to == units { length } else { to * ELEMENTS_PER_UNIT };
        fill::<S>(cx, array, end, regs, src);
        if to < units {
            return stop_inside(cx, at, Work { done: to, object: Value::from_array(array), has_begun: false });
        }
        *regs.add(dst) = array.expose_provenance() as u64;
        Flow { pc: rows::ArrayNew::<S>::next(pc), regs }
    }
}

/// Makes an array longer, up to `end` elements, which all are what the register holds.
///
/// # Safety
/// The array is live, has room for so many elements, and they are of this storage.
unsafe fn fill<S: Stored>(cx: *mut Context, array: *mut Array, end: u64, regs: Regs, src: usize) {
    // SAFETY: the array has room for so many, of this storage.
    unsafe {
        let from = (*array).len.min(end) as usize;
        let first = Array::data(array).add(from * S::BYTES);
        first.write_bytes(0, (end as usize - from) * S::BYTES);
        // Zero is what a fresh array holds.
        if *regs.add(src) != 0 || S::BYTES == 16 {
            for index in 0..end as usize - from {
                S::set(cx, first.add(index * S::BYTES), regs, src);
            }
        }
        (*array).len = (*array).len.max(end);
    }
}

/// The place of an element, or why there is none.
///
/// # Safety
/// The reference is null or that of a live array of this storage.
#[inline(always)]
unsafe fn element<S: Stored>(object: u64, index: u64) -> Result<*mut u8, TrapCode> {
    if object == 0 {
        return Err(TrapCode::NullReference);
    }
    // SAFETY: references are null or live, and the verifier proved that it is an array of this storage.
    unsafe {
        let array: *mut Array = object_at(object).cast();
        if index >= (*array).len {
            return Err(TrapCode::ArrayBounds);
        }
        Ok(Array::data(array).add(index as usize * S::BYTES))
    }
}

handler! {
    /// `array_get`.
    pub(crate) fn array_get<S: Stored>(pc, regs, cx, facc) {
        let rows::ArrayGet { dst, object, index, .. } = rows::ArrayGet::<S>::read(pc);
        match element::<S>(*regs.add(object), *regs.add(index)) {
            Ok(place) => S::get(place, regs, dst),
            Err(code) => {
                (*cx).trap_code = code;
                slow!(super::control::trap, pc, regs, cx, facc)
            }
        }
        next!(rows::ArrayGet::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `array_set`.
    pub(crate) fn array_set<S: Stored>(pc, regs, cx, facc) {
        let rows::ArraySet { object, index, src, .. } = rows::ArraySet::<S>::read(pc);
        match element::<S>(*regs.add(object), *regs.add(index)) {
            Ok(place) => S::set(cx, place, regs, src),
            Err(code) => {
                (*cx).trap_code = code;
                slow!(super::control::trap, pc, regs, cx, facc)
            }
        }
        next!(rows::ArraySet::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `array_length`.
    pub(crate) fn array_length(pc, regs, cx, facc) {
        let rows::ArrayLength { dst, object } = rows::ArrayLength::read(pc);
        let object = *regs.add(object);
        if object == 0 {
            slow!(null_reference, pc, regs, cx, facc)
        }
        *regs.add(dst) = (*object_at(object).cast::<Array>()).len;
        next!(rows::ArrayLength::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `array_size`.
    pub(crate) fn array_size(pc, regs, cx, facc) {
        let rows::ArraySize { dst, src } = rows::ArraySize::read(pc);
        let value = get_any(regs, src);
        if value.tag() == Tag::ARRAY {
            *regs.add(dst) = (*value.pointer().cast::<Array>()).len;
            next!(rows::ArraySize::next(pc), regs, cx, facc)
        }
        (*cx).trap_code = if value.is_nil() { TrapCode::NullReference } else { TrapCode::WrongKind };
        slow!(super::control::trap, pc, regs, cx, facc)
    }
}

const _: () = assert!(Tag::NIL.0 == 0, "a fresh array of values holds nil");
