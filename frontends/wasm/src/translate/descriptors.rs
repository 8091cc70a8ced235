//! Descriptors: values that stand for the type of the objects that they describe, and exact types.
//!
//! An object of a type with a descriptor has it in a field of its own, where those of supertypes have it, too.

use super::error::WasmError;
use super::function::FunctionTranslator;
use super::types::{ObjectType, zero};
use minivm_isa::entities::{Block, Layout, Reg};
use minivm_isa::types::Kind;
use minivm_isa::{Instruction, Operand, TrapCode, Type};
use wasmparser::{HeapType, Operator};

impl FunctionTranslator<'_> {
    pub(super) fn descriptor(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::StructNewDesc { struct_type_index } => {
                self.check_not_null();
                let descriptor = self.pop();
                let count = self.context.object(struct_type_index).fields.len();
                let fields = self.pop_list(count).into_vec();
                self.new_described(struct_type_index, fields, descriptor);
            }
            Operator::StructNewDefaultDesc { struct_type_index } => {
                self.check_not_null();
                let descriptor = self.pop();
                let fields = &self.context.object(struct_type_index).fields;
                self.take_room(fields.len());
                let fields =
                    fields.iter().map(|field| self.builder.constant(zero(field.register_type()))).collect::<Vec<_>>();
                self.new_described(struct_type_index, fields, descriptor);
            }
            Operator::RefGetDesc { type_index } => {
                let (layout, field) = self.descriptor_field(type_index);
                let object = self.pop_object(layout, 0);
                self.produce(Type::Any, |dst| Instruction::RecordGet { dst, layout, object, field });
            }
            Operator::RefCastDescEqNonNull { hty } => self.cast_described(false, hty),
            Operator::RefCastDescEqNullable { hty } => self.cast_described(true, hty),
            Operator::BrOnCastDescEq { relative_depth, to_ref_type: to, .. } => {
                let (src, descriptor) = self.take_descriptor();
                let (taken, next) = (self.target(relative_depth), self.builder.block());
                self.test_described(src, descriptor, (to.is_nullable(), to.heap_type()), taken, next);
                self.builder.switch_to(next);
            }
            Operator::BrOnCastDescEqFail { relative_depth, to_ref_type: to, .. } => {
                let (src, descriptor) = self.take_descriptor();
                let (taken, next) = (self.target(relative_depth), self.builder.block());
                self.test_described(src, descriptor, (to.is_nullable(), to.heap_type()), next, taken);
                self.builder.switch_to(next);
            }
            other => return self.bulk_memory(other),
        }
        Ok(())
    }

    fn new_described(&mut self, ty: u32, mut fields: Vec<Operand>, descriptor: Operand) {
        let (_, field) = self.descriptor_field(ty);
        fields.insert(field as usize, descriptor);
        self.new_struct(ty, fields.into());
    }

    /// The layout of a type with a descriptor, and the field that holds it.
    fn descriptor_field(&self, ty: u32) -> (Layout, u64) {
        let &ObjectType { layout, descriptor, .. } = self.context.object(ty);
        (layout, descriptor.expect("validation asks for a type with a descriptor here") as u64)
    }

    /// Takes the descriptor on top, which must not be null; gives the value below, which stays, and the descriptor.
    fn take_descriptor(&mut self) -> (Operand, Operand) {
        self.check_not_null();
        let descriptor = self.pop();
        (self.top(), descriptor)
    }

    fn cast_described(&mut self, nullable: bool, heap: HeapType) {
        let (src, descriptor) = self.take_descriptor();
        let (wrong, next) = (self.trap_block(TrapCode::CastFailure), self.builder.block());
        self.test_described(src, descriptor, (nullable, heap), next, wrong);
        self.builder.switch_to(next);
    }

    /// Goes on at `yes` when a value is an object with that descriptor, else at `no`.
    fn test_described(
        &mut self,
        src: Operand,
        descriptor: Operand,
        (nullable, heap): (bool, HeapType),
        yes: Block,
        no: Block,
    ) {
        let (HeapType::Concrete(index) | HeapType::Exact(index)) = heap else {
            unreachable!("validation asks for a type with a descriptor here")
        };
        let (layout, field) = self.descriptor_field(index.as_module_index().expect("code names types by their index"));
        let ([object, _], (found, flag)) = (self.object_registers(layout), self.descriptor_registers());
        let [not_null, described] = [(); 2].map(|()| self.builder.block());
        self.branch_kind(src, Kind::Nil, if nullable { yes } else { no }, not_null);
        self.builder.switch_to(not_null);
        self.emit(Instruction::BranchRef { dst: object, layout, src, if_true: described, if_false: no });
        self.builder.switch_to(described);
        self.emit(Instruction::RecordGet { dst: found, layout, object: object.into(), field });
        self.emit(Instruction::Same { dst: flag, lhs: found.into(), rhs: descriptor });
        self.emit(Instruction::BranchIf { cond: flag.into(), if_true: yes, if_false: no });
    }

    /// Registers for a descriptor that was found, and for whether it is the right one.
    fn descriptor_registers(&mut self) -> (Reg, Reg) {
        let builder = &mut self.builder;
        *self.described.get_or_insert_with(|| (builder.register(Type::Any), builder.register(Type::I32)))
    }
}
