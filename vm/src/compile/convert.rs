//! Emitting conversions between `any` and typed registers, records and arrays.

use super::Loading;
use crate::handlers::convert;
use crate::handlers::record;
use crate::handlers::record::{AnyValue, Byte, Low, Pair, Reference, Short, Single, Word};
use crate::heap::ElementKind;
use crate::runtime::context::Handler;
use crate::runtime::layouts::{MachineLayout, Shape};
use crate::value::Tag;
use minivm_isa::entities::{Layout, Reg};
use minivm_isa::{Instruction, Operand, Storage, Type};

/// The handler for a field's storage.
macro_rules! of_field {
    ($handler:ident, $storage:expr) => {{
        let handler: Handler = match $storage {
            Storage::I8 => record::$handler::<Low<8>>,
            Storage::I16 => record::$handler::<Low<16>>,
            Storage::Whole(Type::I32 | Type::F32) => record::$handler::<Low<32>>,
            Storage::Whole(Type::I64 | Type::F64) => record::$handler::<Word>,
            Storage::Whole(Type::V128) => record::$handler::<Pair>,
            Storage::Whole(Type::Any) => record::$handler::<AnyValue>,
            Storage::Whole(Type::Cell | Type::Ref(_)) => record::$handler::<Reference>,
        };
        handler
    }};
}

/// The handler for an array's elements.
macro_rules! of_element {
    ($handler:ident, $element:expr) => {{
        let handler: Handler = match $element {
            ElementKind::I8 => record::$handler::<Byte>,
            ElementKind::I16 => record::$handler::<Short>,
            ElementKind::I32 | ElementKind::F32 => record::$handler::<Single>,
            ElementKind::I64 | ElementKind::F64 => record::$handler::<Word>,
            ElementKind::V128 => record::$handler::<Pair>,
            ElementKind::Any => record::$handler::<AnyValue>,
            ElementKind::Ref => record::$handler::<Reference>,
        };
        handler
    }};
}

impl Loading<'_> {
    pub(super) fn emit_conversion(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::AnyFromI64 { dst, src } => self.tagged(at, convert::tag_word, *dst, *src, Tag::INT),
            Instruction::AnyFromF64 { dst, src } => self.tagged(at, convert::tag_word, *dst, *src, Tag::FLOAT),
            Instruction::AnyFromBool { dst, src } => {
                let src = self.word_slot(at, *src);
                self.two(at, convert::any_from_bool, *dst, src);
            }
            Instruction::AnyFromRef { dst, layout, src } => {
                let tag = match self.layout(*layout).shape {
                    Shape::Record { .. } => Tag::RECORD,
                    Shape::Array { .. } => Tag::ARRAY,
                };
                self.tagged(at, convert::any_from_ref, *dst, *src, tag);
            }
            Instruction::I64FromAny { dst, src } => self.untagged(at, *dst, *src, Tag::INT),
            Instruction::F64FromAny { dst, src } => self.untagged(at, *dst, *src, Tag::FLOAT),
            Instruction::RefFromAny { dst, layout, src } => {
                let number = self.layout(*layout).number;
                let src = self.any_slot(at, *src);
                self.two(at, convert::ref_from_any, *dst, src);
                self.asm.word32(number);
            }
            Instruction::IsTruthy { dst, src } => {
                let src = self.any_slot(at, *src);
                self.two(at, convert::is_truthy, *dst, src);
            }
            Instruction::KindOf { dst, src } => {
                let src = self.any_slot(at, *src);
                self.two(at, convert::kind_of, *dst, src);
            }
            Instruction::Same { dst, lhs, rhs } => {
                let (lhs, rhs) = (self.any_slot(at, *lhs), self.any_slot(at, *rhs));
                self.two(at, convert::same, *dst, lhs);
                self.asm.half(rhs);
            }
            _ => self.emit_object_of_layout(at),
        }
    }

    fn emit_object_of_layout(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::RecordNew { dst, layout, fields } => {
                self.gather_words(at, fields);
                let address = self.layout_address(*layout);
                self.two(at, record::record_new, *dst, self.window as u16);
                self.asm.word64(address);
            }
            Instruction::RecordGet { dst, layout, object, field } => {
                let (word, storage) = self.field(*layout, *field);
                let object = self.word_slot(at, *object);
                self.two(at, of_field!(record_get, storage), *dst, object);
                self.asm.word32(word);
            }
            Instruction::RecordSet { layout, object, field, src } => {
                let (word, storage) = self.field(*layout, *field);
                let (object, src) = (self.word_slot(at, *object), self.word_slot(at, *src));
                self.asm.begin(of_field!(record_set, storage), at);
                self.asm.half(object);
                self.asm.half(src);
                self.asm.word32(word);
            }
            Instruction::ArrayNew { dst, layout, length, src } => {
                let handler = of_element!(array_new, self.element(*layout));
                let (length, src) = (self.word_slot(at, *length), self.word_slot(at, *src));
                let address = self.layout_address(*layout);
                self.two(at, handler, *dst, length);
                self.asm.half(src);
                self.asm.half(0);
                self.asm.word64(address);
            }
            Instruction::ArrayGet { dst, layout, object, index } => {
                let handler = of_element!(array_get, self.element(*layout));
                let (object, index) = (self.word_slot(at, *object), self.word_slot(at, *index));
                self.two(at, handler, *dst, object);
                self.asm.half(index);
            }
            Instruction::ArraySet { layout, object, index, src } => {
                let handler = of_element!(array_set, self.element(*layout));
                let (object, index) = (self.word_slot(at, *object), self.word_slot(at, *index));
                let src = self.word_slot(at, *src);
                self.asm.begin(handler, at);
                self.asm.half(object);
                self.asm.half(index);
                self.asm.half(src);
            }
            Instruction::ArraySize { dst, src } => {
                let src = self.any_slot(at, *src);
                self.two(at, record::array_size, *dst, src);
            }
            Instruction::ArrayLength { dst, object, .. } => {
                let object = self.word_slot(at, *object);
                self.two(at, record::array_length, *dst, object);
            }
            _ => self.emit_fiber(at),
        }
    }

    /// Begins an instruction with the usual first two operands.
    fn two(&mut self, at: usize, handler: Handler, dst: Reg, src: u16) {
        let dst = self.slots.of(dst);
        self.asm.begin(handler, at);
        self.asm.half(dst);
        self.asm.half(src);
    }

    fn tagged(&mut self, at: usize, handler: Handler, dst: Reg, src: Operand, tag: Tag) {
        let src = self.word_slot(at, src);
        self.two(at, handler, dst, src);
        self.asm.half(tag.0 as u16);
    }

    fn untagged(&mut self, at: usize, dst: Reg, src: Operand, tag: Tag) {
        let src = self.any_slot(at, src);
        self.two(at, convert::word_from_any, dst, src);
        self.asm.half(tag.0 as u16);
    }

    pub(super) fn layout(&self, layout: Layout) -> &MachineLayout {
        &self.instance.layouts()[layout.as_u32() as usize]
    }

    fn layout_address(&self, layout: Layout) -> u64 {
        std::ptr::from_ref(self.layout(layout)).expose_provenance() as u64
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
