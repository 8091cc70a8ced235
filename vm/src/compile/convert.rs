//! Emitting conversions between `any` and typed registers, records and arrays.

use super::Compiling;
use crate::handlers::record::{AnyValue, Byte, Low, Pair, Reference, Short, Single, Word};
use crate::heap::ElementKind;
use crate::runtime::layouts::{MachineLayout, Shape};
use crate::threaded::rows;
use crate::value::Tag;
use minivm_isa::entities::{Layout, Reg};
use minivm_isa::{Instruction, Operand, Storage, Type};
use std::marker::PhantomData;

/// Writes an instruction in its variant for a storage.
macro_rules! variant {
    ($compiling:ident, $at:ident, $variant:ty, $row:ident { $($field:ident),* }) => {
        put!($compiling, $at, rows::$row::<$variant> { $($field,)* variant: PhantomData })
    };
}

/// The same for that of a field.
macro_rules! of_field {
    ($compiling:ident, $at:ident, $storage:expr, $row:ident $fields:tt) => {
        match $storage {
            Storage::I8 => variant!($compiling, $at, Low<8>, $row $fields),
            Storage::I16 => variant!($compiling, $at, Low<16>, $row $fields),
            Storage::Whole(Type::I32 | Type::F32) => variant!($compiling, $at, Low<32>, $row $fields),
            Storage::Whole(Type::I64 | Type::F64) => variant!($compiling, $at, Word, $row $fields),
            Storage::Whole(Type::V128) => variant!($compiling, $at, Pair, $row $fields),
            Storage::Whole(Type::Any) => variant!($compiling, $at, AnyValue, $row $fields),
            Storage::Whole(Type::Cell | Type::Ref(_)) => variant!($compiling, $at, Reference, $row $fields),
        }
    };
}

/// The same for that of an array's elements.
macro_rules! of_element {
    ($compiling:ident, $at:ident, $element:expr, $row:ident $fields:tt) => {
        match $element {
            ElementKind::I8 => variant!($compiling, $at, Byte, $row $fields),
            ElementKind::I16 => variant!($compiling, $at, Short, $row $fields),
            ElementKind::I32 | ElementKind::F32 => variant!($compiling, $at, Single, $row $fields),
            ElementKind::I64 | ElementKind::F64 => variant!($compiling, $at, Word, $row $fields),
            ElementKind::V128 => variant!($compiling, $at, Pair, $row $fields),
            ElementKind::Any => variant!($compiling, $at, AnyValue, $row $fields),
            ElementKind::Ref => variant!($compiling, $at, Reference, $row $fields),
        }
    };
}

impl Compiling<'_> {
    pub(super) fn emit_conversion(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::AnyFromI64 { dst, src } => self.tagged(at, *dst, *src, Tag::INT),
            Instruction::AnyFromF64 { dst, src } => self.tagged(at, *dst, *src, Tag::FLOAT),
            Instruction::AnyFromBool { dst, src } => {
                let src = self.word_slot(at, *src);
                put!(self, at, rows::AnyFromBool { dst: self.slot(*dst), src });
            }
            Instruction::AnyFromRef { dst, layout, src } => {
                let kind = match self.layout(*layout).shape {
                    Shape::Record { .. } => Tag::RECORD,
                    Shape::Array { .. } => Tag::ARRAY,
                };
                let src = self.word_slot(at, *src);
                put!(self, at, rows::AnyFromRef { dst: self.slot(*dst), src, kind });
            }
            Instruction::I64FromAny { dst, src } => self.untagged(at, *dst, *src, Tag::INT),
            Instruction::F64FromAny { dst, src } => self.untagged(at, *dst, *src, Tag::FLOAT),
            Instruction::RefFromAny { dst, layout, src } => {
                let layout = self.layout(*layout).number;
                let src = self.any_slot(at, *src);
                put!(self, at, rows::RefFromAny { dst: self.slot(*dst), src, layout });
            }
            Instruction::IsTruthy { dst, src } => {
                let src = self.any_slot(at, *src);
                put!(self, at, rows::IsTruthy { dst: self.slot(*dst), src });
            }
            Instruction::KindOf { dst, src } => {
                let src = self.any_slot(at, *src);
                put!(self, at, rows::KindOf { dst: self.slot(*dst), src });
            }
            Instruction::Same { dst, lhs, rhs } => {
                let (lhs, rhs) = (self.any_slot(at, *lhs), self.any_slot(at, *rhs));
                put!(self, at, rows::Same { dst: self.slot(*dst), lhs, rhs });
            }
            _ => return false,
        }
        true
    }

    pub(super) fn emit_object_of_layout(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::RecordNew { dst, layout, fields } => {
                self.gather_words(at, fields);
                let (dst, layout) = (self.slot(*dst), self.layout_address(*layout));
                put!(self, at, rows::RecordNew { dst, window: self.window, layout });
            }
            Instruction::RecordGet { dst, layout, object, field } => {
                let (word, storage) = self.field(*layout, *field);
                let (dst, object) = (self.slot(*dst), self.word_slot(at, *object));
                of_field!(self, at, storage, RecordGet { dst, object, word });
            }
            Instruction::RecordSet { layout, object, field, src } => {
                let (word, storage) = self.field(*layout, *field);
                let (object, src) = (self.word_slot(at, *object), self.word_slot(at, *src));
                of_field!(self, at, storage, RecordSet { object, src, word });
            }
            Instruction::ArrayNew { dst, layout, length, src } => {
                let element = self.element(*layout);
                let (length, src) = (self.word_slot(at, *length), self.word_slot(at, *src));
                let (dst, layout) = (self.slot(*dst), self.layout_address(*layout));
                of_element!(self, at, element, ArrayNew { layout, dst, length, src });
            }
            Instruction::ArrayGet { dst, layout, object, index } => {
                let element = self.element(*layout);
                let (object, index) = (self.word_slot(at, *object), self.word_slot(at, *index));
                let dst = self.slot(*dst);
                of_element!(self, at, element, ArrayGet { dst, object, index });
            }
            Instruction::ArraySet { layout, object, index, src } => {
                let element = self.element(*layout);
                let (object, index) = (self.word_slot(at, *object), self.word_slot(at, *index));
                let src = self.word_slot(at, *src);
                of_element!(self, at, element, ArraySet { object, index, src });
            }
            Instruction::ArraySize { dst, src } => {
                let src = self.any_slot(at, *src);
                put!(self, at, rows::ArraySize { dst: self.slot(*dst), src });
            }
            Instruction::ArrayLength { dst, object, .. } => {
                let object = self.word_slot(at, *object);
                put!(self, at, rows::ArrayLength { dst: self.slot(*dst), object });
            }
            _ => return false,
        }
        true
    }

    fn tagged(&mut self, at: usize, dst: Reg, src: Operand, kind: Tag) {
        let src = self.word_slot(at, src);
        put!(self, at, rows::TagWord { dst: self.slot(dst), src, kind });
    }

    fn untagged(&mut self, at: usize, dst: Reg, src: Operand, kind: Tag) {
        let src = self.any_slot(at, src);
        put!(self, at, rows::WordFromAny { dst: self.slot(dst), src, kind });
    }

    pub(super) fn layout(&self, layout: Layout) -> &MachineLayout {
        &self.instance.layouts()[layout.as_u32() as usize]
    }

    fn layout_address(&self, layout: Layout) -> *mut () {
        std::ptr::from_ref(self.layout(layout)).cast::<()>().cast_mut()
    }

    /// First word and storage of a field.
    fn field(&self, layout: Layout, field: u64) -> (u32, Storage) {
        match &self.layout(layout).shape {
            Shape::Record { fields, .. } => fields[field as usize],
            Shape::Array { .. } => unreachable!("the verifier proved that it is a record"),
        }
    }

    pub(super) fn element(&self, layout: Layout) -> ElementKind {
        match self.layout(layout).shape {
            Shape::Array { element } => element,
            Shape::Record { .. } => unreachable!("the verifier proved that it is an array"),
        }
    }
}
