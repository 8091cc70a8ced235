//! References and tables, functions of a type, structs and arrays.
//!
//! All references are `any` values. A struct or array is used as a reference to its layout, which the instruction before checks:
//! what validation has proved costs one more instruction, and nothing has to be believed.

use super::error::WasmError;
use super::function::FunctionTranslator;
use super::types::{ObjectType, zero};
use minivm_isa::entities::{Block, Data, Element, Func, Layout, Reg, Table};
use minivm_isa::program::Constant;
use minivm_isa::types::Kind;
use minivm_isa::{Instruction, Operand, Storage, TrapCode, Type};
use wasmparser::Operator;

impl FunctionTranslator<'_> {
    pub(super) fn reference(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::RefNull { .. } => self.push_constant(Constant::Nil),
            Operator::RefIsNull => {
                let lhs = self.pop();
                let rhs = self.builder.nil();
                self.produce(Type::I32, |dst| Instruction::Same { dst, lhs, rhs });
            }
            Operator::RefFunc { function_index } => {
                let function = Func::from_u32(function_index);
                self.produce(Type::Any, |dst| Instruction::RefFunc { dst, function });
            }
            Operator::TableGet { table } => {
                let (table, index) = (Table::from_u32(table), self.pop());
                self.produce(Type::Any, |dst| Instruction::TableGet { dst, table, index });
            }
            Operator::TableSet { table } => {
                let (src, index) = (self.pop(), self.pop());
                self.emit(Instruction::TableSet { table: Table::from_u32(table), index, src });
            }
            Operator::TableSize { table } => {
                let (ty, table) = (self.context.tables[table as usize], Table::from_u32(table));
                self.produce(ty, |dst| Instruction::TableSize { dst, table });
            }
            Operator::TableGrow { table } => {
                let ty = self.context.tables[table as usize];
                let (count, src, table) = (self.pop(), self.pop(), Table::from_u32(table));
                self.produce(ty, |dst| Instruction::TableGrow { dst, table, src, count });
            }
            Operator::TableFill { table } => {
                let (length, src, index) = (self.pop(), self.pop(), self.pop());
                self.emit(Instruction::TableFill { table: Table::from_u32(table), index, src, length });
            }
            Operator::TableCopy { dst_table, src_table } => {
                let (length, source, index) = (self.pop(), self.pop(), self.pop());
                let (table, source_table) = (Table::from_u32(dst_table), Table::from_u32(src_table));
                self.emit(Instruction::TableCopy { table, source_table, index, source, length });
            }
            Operator::TableInit { elem_index, table } => {
                let (length, source, index) = (self.pop(), self.pop(), self.pop());
                let (table, element) = (Table::from_u32(table), Element::from_u32(elem_index));
                self.emit(Instruction::TableInit { table, element, index, source, length });
            }
            Operator::ElemDrop { elem_index } => {
                self.emit(Instruction::ElementDrop { element: Element::from_u32(elem_index) });
            }
            other => return self.function_reference(other),
        }
        Ok(())
    }

    fn function_reference(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::RefAsNonNull => self.check_not_null(),
            Operator::BrOnNull { relative_depth } => {
                self.flush();
                let src = self.top();
                let entry = self.stack.pop();
                let (taken, next) = (self.target(relative_depth), self.builder.block());
                self.stack.push(entry.value, entry.ty);
                self.branch_kind(src, Kind::Nil, taken, next);
                self.builder.switch_to(next);
            }
            Operator::BrOnNonNull { relative_depth } => {
                self.flush();
                let src = self.top();
                let (taken, next) = (self.target(relative_depth), self.builder.block());
                self.stack.pop();
                self.branch_kind(src, Kind::Nil, next, taken);
                self.builder.switch_to(next);
            }
            Operator::CallRef { type_index } => {
                let ty = &self.context.types[type_index as usize];
                let callee = self.pop();
                let arguments = self.pop_list(ty.signature.params.len());
                self.call(arguments, &ty.signature.results, |results, arguments| Instruction::CallRef {
                    results,
                    signature: ty.number,
                    callee,
                    arguments,
                });
            }
            Operator::ReturnCallRef { type_index } => {
                self.check_not_null();
                let ty = &self.context.types[type_index as usize];
                let callee = self.pop();
                let arguments = self.pop_list(ty.signature.params.len());
                self.leave(Instruction::TailCallRef { signature: ty.number, callee, arguments });
            }
            other => return self.object(other),
        }
        Ok(())
    }

    /// The topmost value as an operand; it stays. No instruction is deferred.
    pub(super) fn top(&mut self) -> Operand {
        self.operand_at(self.stack.len() - 1)
    }

    pub(super) fn branch_kind(&mut self, src: Operand, kind: Kind, if_true: Block, if_false: Block) {
        self.emit(Instruction::BranchKind { src, kind: kind as u64, if_true, if_false });
    }

    /// A block at the end of the function that traps.
    pub(super) fn trap_block(&mut self, code: TrapCode) -> Block {
        let block = self.builder.block();
        self.place_edge(block, vec![Instruction::Trap { code: code as u64 }]);
        block
    }

    /// Traps when the topmost value is null.
    pub(super) fn check_not_null(&mut self) {
        self.flush();
        let (src, null, next) = (self.top(), self.trap_block(TrapCode::NullReference), self.builder.block());
        self.branch_kind(src, Kind::Nil, null, next);
        self.builder.switch_to(next);
    }

    /// A register for references to objects of a layout, and one more.
    pub(super) fn object_registers(&mut self, layout: Layout) -> [Reg; 2] {
        let builder = &mut self.builder;
        *self.objects.entry(layout).or_insert_with(|| [(); 2].map(|()| builder.register(Type::Ref(layout))))
    }

    /// Takes the topmost value as a reference to an object of a layout, in this one of its registers.
    pub(super) fn pop_object(&mut self, layout: Layout, place: usize) -> Operand {
        let (src, dst) = (self.pop(), self.object_registers(layout)[place]);
        self.emit(Instruction::RefFromAny { dst, layout, src });
        dst.into()
    }

    /// Pushes the object in the first register of a layout.
    fn push_object(&mut self, layout: Layout) {
        let src = self.object_registers(layout)[0].into();
        self.produce(Type::Any, |dst| Instruction::AnyFromRef { dst, layout, src });
    }

    fn object(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::StructNew { struct_type_index } => {
                let count = self.context.object(struct_type_index).fields.len();
                let fields = self.pop_list(count);
                self.new_struct(struct_type_index, fields);
            }
            Operator::StructNewDefault { struct_type_index } => {
                let fields = &self.context.object(struct_type_index).fields;
                self.take_room(fields.len());
                let fields = fields.iter().map(|&field| self.builder.constant(default(field))).collect();
                self.new_struct(struct_type_index, fields);
            }
            Operator::StructGet { struct_type_index, field_index }
            | Operator::StructGetU { struct_type_index, field_index } => self.get_field(struct_type_index, field_index),
            Operator::StructGetS { struct_type_index, field_index } => {
                self.get_field(struct_type_index, field_index);
                self.extend_sign(self.context.object(struct_type_index).fields[field_index as usize]);
            }
            Operator::StructSet { struct_type_index, field_index } => {
                let known = self.context.object(struct_type_index);
                let (layout, field) = (known.layout, known.place(field_index));
                let src = self.pop();
                let object = self.pop_object(layout, 0);
                self.emit(Instruction::RecordSet { layout, object, field, src });
            }
            Operator::RefEq => {
                let (rhs, lhs) = (self.pop(), self.pop());
                self.produce(Type::I32, |dst| Instruction::Same { dst, lhs, rhs });
            }
            // These are the same values.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            Operator::RefI31 => self.new_i31(),
            Operator::I31GetS => self.get_i31(),
            Operator::I31GetU => {
                self.get_i31();
                let (lhs, rhs) = (self.pop(), self.builder.constant(Constant::I32(0x7fff_ffff)));
                self.produce(Type::I32, |dst| Instruction::I32And { dst, lhs, rhs });
            }
            other => return self.array(other),
        }
        Ok(())
    }

    pub(super) fn new_struct(&mut self, ty: u32, fields: Box<[Operand]>) {
        let layout = self.context.object(ty).layout;
        let [dst, _] = self.object_registers(layout);
        self.emit(Instruction::RecordNew { dst, layout, fields });
        self.push_object(layout);
    }

    fn get_field(&mut self, ty: u32, field: u32) {
        let known = self.context.object(ty);
        let (layout, field, ty) = (known.layout, known.place(field), known.fields[field as usize].register_type());
        let object = self.pop_object(layout, 0);
        self.produce(ty, |dst| Instruction::RecordGet { dst, layout, object, field });
    }

    fn extend_sign(&mut self, storage: Storage) {
        let src = self.pop();
        self.produce(Type::I32, |dst| match storage {
            Storage::I8 => Instruction::I32Extend8S { dst, src },
            Storage::I16 | Storage::Whole(_) => Instruction::I32Extend16S { dst, src },
        });
    }

    /// The low 31 bits become an `any` integer, with their sign.
    fn new_i31(&mut self) {
        let one = self.builder.constant(Constant::I32(1));
        let lhs = self.pop();
        self.produce(Type::I32, |dst| Instruction::I32Shl { dst, lhs, rhs: one });
        let lhs = self.pop();
        self.produce(Type::I32, |dst| Instruction::I32ShrS { dst, lhs, rhs: one });
        let src = self.pop();
        self.produce(Type::I64, |dst| Instruction::I64ExtendI32S { dst, src });
        let src = self.pop();
        self.produce(Type::Any, |dst| Instruction::AnyFromI64 { dst, src });
    }

    fn get_i31(&mut self) {
        self.check_not_null();
        let src = self.pop();
        self.produce(Type::I64, |dst| Instruction::I64FromAny { dst, src });
        let src = self.pop();
        self.produce(Type::I32, |dst| Instruction::I32WrapI64 { dst, src });
    }

    fn array(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::ArrayNew { array_type_index } => {
                let (length, src) = (self.pop(), self.pop());
                self.new_array(array_type_index, length, src);
            }
            Operator::ArrayNewDefault { array_type_index } => {
                let (length, src) = (self.pop(), self.default_element(array_type_index));
                self.new_array(array_type_index, length, src);
            }
            Operator::ArrayNewFixed { array_type_index, array_size } => self.new_fixed(array_type_index, array_size),
            Operator::ArrayNewData { array_type_index, array_data_index } => {
                let (length, source, src) = (self.pop(), self.pop(), self.default_element(array_type_index));
                let data = Data::from_u32(array_data_index);
                let &ObjectType { layout, ref fields, .. } = self.context.object(array_type_index);
                let size = stored_bytes(fields[0]);
                // Before the array is made, which may be too large.
                self.emit(Instruction::DataCheck { data, source, length, size });
                let object = self.make_array(array_type_index, length, src);
                let index = self.builder.constant(Constant::I32(0));
                self.emit(Instruction::ArrayInitData { layout, object, index, data, source, length });
                self.push_object(layout);
            }
            Operator::ArrayNewElem { array_type_index, array_elem_index } => {
                let (length, source, src) = (self.pop(), self.pop(), self.default_element(array_type_index));
                let (layout, element) =
                    (self.context.object(array_type_index).layout, Element::from_u32(array_elem_index));
                self.emit(Instruction::ElementCheck { element, source, length });
                let object = self.make_array(array_type_index, length, src);
                let index = self.builder.constant(Constant::I32(0));
                self.emit(Instruction::ArrayInitElement { layout, object, index, element, source, length });
                self.push_object(layout);
            }
            Operator::ArrayGet { array_type_index } | Operator::ArrayGetU { array_type_index } => {
                self.get_element(array_type_index);
            }
            Operator::ArrayGetS { array_type_index } => {
                self.get_element(array_type_index);
                self.extend_sign(self.context.object(array_type_index).fields[0]);
            }
            Operator::ArraySet { array_type_index } => {
                let layout = self.context.object(array_type_index).layout;
                let (src, index) = (self.pop(), self.pop());
                let object = self.pop_object(layout, 0);
                self.emit(Instruction::ArraySet { layout, object, index, src });
            }
            Operator::ArrayLen => {
                let src = self.pop();
                self.produce(Type::I32, |dst| Instruction::ArraySize { dst, src });
            }
            other => return self.array_range(other),
        }
        Ok(())
    }

    fn array_range(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::ArrayFill { array_type_index } => {
                let layout = self.context.object(array_type_index).layout;
                let (length, src, index) = (self.pop(), self.pop(), self.pop());
                let object = self.pop_object(layout, 0);
                self.emit(Instruction::ArrayFill { layout, object, index, src, length });
            }
            Operator::ArrayCopy { array_type_index_dst, array_type_index_src } => {
                let layout = self.context.object(array_type_index_dst).layout;
                let source_layout = self.context.object(array_type_index_src).layout;
                let (length, source_index) = (self.pop(), self.pop());
                let source = self.pop_object(source_layout, 1);
                let index = self.pop();
                let object = self.pop_object(layout, 0);
                let copy =
                    Instruction::ArrayCopy { layout, source_layout, object, index, source, source_index, length };
                self.emit(copy);
            }
            Operator::ArrayInitData { array_type_index, array_data_index } => {
                let layout = self.context.object(array_type_index).layout;
                let (length, source, index) = (self.pop(), self.pop(), self.pop());
                let (object, data) = (self.pop_object(layout, 0), Data::from_u32(array_data_index));
                self.emit(Instruction::ArrayInitData { layout, object, index, data, source, length });
            }
            Operator::ArrayInitElem { array_type_index, array_elem_index } => {
                let layout = self.context.object(array_type_index).layout;
                let (length, source, index) = (self.pop(), self.pop(), self.pop());
                let (object, element) = (self.pop_object(layout, 0), Element::from_u32(array_elem_index));
                self.emit(Instruction::ArrayInitElement { layout, object, index, element, source, length });
            }
            other => return self.cast(other),
        }
        Ok(())
    }

    fn default_element(&mut self, ty: u32) -> Operand {
        self.builder.constant(default(self.context.object(ty).fields[0]))
    }

    /// Makes an array, in the first register of its layout.
    fn make_array(&mut self, ty: u32, length: Operand, src: Operand) -> Operand {
        let layout = self.context.object(ty).layout;
        let [dst, _] = self.object_registers(layout);
        self.emit(Instruction::ArrayNew { dst, layout, length, src });
        dst.into()
    }

    fn new_array(&mut self, ty: u32, length: Operand, src: Operand) {
        self.make_array(ty, length, src);
        self.push_object(self.context.object(ty).layout);
    }

    fn new_fixed(&mut self, ty: u32, count: u32) {
        self.flush();
        let values = self.pop_list(count as usize);
        let (length, src) = (self.builder.constant(Constant::I32(count as i32)), self.default_element(ty));
        let object = self.make_array(ty, length, src);
        let layout = self.context.object(ty).layout;
        for (index, &src) in values.iter().enumerate() {
            let index = self.builder.constant(Constant::I32(index as i32));
            self.emit(Instruction::ArraySet { layout, object, index, src });
        }
        self.push_object(layout);
    }

    fn get_element(&mut self, ty: u32) {
        let &ObjectType { layout, ref fields, .. } = self.context.object(ty);
        let ty = fields[0].register_type();
        let index = self.pop();
        let object = self.pop_object(layout, 0);
        self.produce(ty, |dst| Instruction::ArrayGet { dst, layout, object, index });
    }
}

/// Bytes of an element in a data segment.
fn stored_bytes(storage: Storage) -> u64 {
    match storage {
        Storage::I8 => 1,
        Storage::I16 => 2,
        Storage::Whole(Type::I32 | Type::F32) => 4,
        Storage::Whole(Type::I64 | Type::F64) => 8,
        Storage::Whole(_) => 16,
    }
}

/// What a field holds that nobody has set.
fn default(storage: Storage) -> Constant {
    zero(storage.register_type())
}
