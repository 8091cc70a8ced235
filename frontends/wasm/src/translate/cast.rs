//! Tests and casts of references.

use super::error::WasmError;
use super::function::FunctionTranslator;
use minivm_isa::entities::{Block, Reg};
use minivm_isa::program::Constant;
use minivm_isa::types::Kind;
use minivm_isa::{Instruction, Operand, TrapCode, Type};
use wasmparser::{AbstractHeapType, HeapType, Operator};

impl FunctionTranslator<'_> {
    pub(super) fn cast(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::RefTestNonNull { hty } => self.ref_test(false, hty),
            Operator::RefTestNullable { hty } => self.ref_test(true, hty),
            Operator::RefCastNonNull { hty } => self.ref_cast(false, hty),
            Operator::RefCastNullable { hty } => self.ref_cast(true, hty),
            Operator::BrOnCast { relative_depth, to_ref_type: to, .. } => {
                self.flush();
                let (src, taken, next) = (self.top(), self.target(relative_depth), self.builder.block());
                self.test(src, (to.is_nullable(), to.heap_type()), taken, next);
                self.builder.switch_to(next);
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type: to, .. } => {
                self.flush();
                let (src, taken, next) = (self.top(), self.target(relative_depth), self.builder.block());
                self.test(src, (to.is_nullable(), to.heap_type()), next, taken);
                self.builder.switch_to(next);
            }
            other => return self.descriptor(other),
        }
        Ok(())
    }

    fn ref_test(&mut self, nullable: bool, heap: HeapType) {
        self.flush();
        let src = self.top();
        let position = self.stack.len() - 1;
        let (yes, no, next) = (self.builder.block(), self.builder.block(), self.builder.block());
        self.test(src, (nullable, heap), yes, no);
        self.stack.pop();
        let dst = self.temporary(position, Type::I32);
        for (block, result) in [(yes, 1), (no, 0)] {
            self.builder.switch_to(block);
            let src = self.builder.constant(Constant::I32(result));
            self.emit(Instruction::Copy { dst, src });
            self.emit(Instruction::Jump { target: next });
        }
        self.builder.switch_to(next);
        self.push_temporaries(&[Type::I32]);
    }

    fn ref_cast(&mut self, nullable: bool, heap: HeapType) {
        self.flush();
        let (src, wrong, next) = (self.top(), self.trap_block(TrapCode::CastFailure), self.builder.block());
        self.test(src, (nullable, heap), next, wrong);
        self.builder.switch_to(next);
    }

    /// Goes on at `yes` when a value is of a reference type, else at `no`.
    fn test(&mut self, src: Operand, (nullable, heap): (bool, HeapType), yes: Block, no: Block) {
        let is_bottom = matches!(
            heap,
            HeapType::Abstract { ty: AbstractHeapType::None | AbstractHeapType::NoFunc, .. }
                | HeapType::Abstract { ty: AbstractHeapType::NoExtern | AbstractHeapType::NoExn, .. }
        );
        let not_null = if is_bottom { no } else { self.builder.block() };
        let null = if nullable { yes } else { no };
        self.branch_kind(src, Kind::Nil, null, not_null);
        if is_bottom {
            return;
        }
        self.builder.switch_to(not_null);
        match heap {
            HeapType::Abstract { ty, .. } => self.test_abstract(src, ty, yes, no),
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let ty = index.as_module_index().expect("code names types by their index");
                self.test_concrete(src, ty, matches!(heap, HeapType::Exact(_)), yes, no);
            }
        }
    }

    fn test_abstract(&mut self, src: Operand, ty: AbstractHeapType, yes: Block, no: Block) {
        match ty {
            AbstractHeapType::Struct => self.branch_kind(src, Kind::Record, yes, no),
            AbstractHeapType::Array => self.branch_kind(src, Kind::Array, yes, no),
            AbstractHeapType::Func => self.branch_kind(src, Kind::Function, yes, no),
            AbstractHeapType::I31 => self.test_i31(src, yes, no),
            AbstractHeapType::Eq => {
                for kind in [Kind::Record, Kind::Array] {
                    let next = self.builder.block();
                    self.branch_kind(src, kind, yes, next);
                    self.builder.switch_to(next);
                }
                self.test_i31(src, yes, no);
            }
            _ => self.emit(Instruction::Jump { target: yes }),
        }
    }

    /// Integers of the host may be larger than those of WebAssembly.
    fn test_i31(&mut self, src: Operand, yes: Block, no: Block) {
        let [value, narrow] = self.wide_registers();
        let integer = self.builder.block();
        self.emit(Instruction::BranchUnboxI64 { dst: value, src, if_true: integer, if_false: no });
        self.builder.switch_to(integer);
        let bits = self.builder.i64(33);
        self.emit(Instruction::I64Shl { dst: narrow, lhs: value.into(), rhs: bits });
        self.emit(Instruction::I64ShrS { dst: narrow, lhs: narrow.into(), rhs: bits });
        self.emit(Instruction::BranchI64Eq { lhs: narrow.into(), rhs: value.into(), if_true: yes, if_false: no });
    }

    fn test_concrete(&mut self, src: Operand, ty: u32, is_exact: bool, if_true: Block, if_false: Block) {
        let instruction = if let Some(object) = &self.context.objects[ty as usize] {
            let layout = object.layout;
            let [dst, _] = self.object_registers(layout);
            match is_exact {
                true => Instruction::BranchRefExact { dst, layout, src, if_true, if_false },
                false => Instruction::BranchRef { dst, layout, src, if_true, if_false },
            }
        } else {
            let signature = self.context.types[ty as usize].number;
            match is_exact {
                true => Instruction::BranchSignatureExact { src, signature, if_true, if_false },
                false => Instruction::BranchSignature { src, signature, if_true, if_false },
            }
        };
        self.emit(instruction);
    }

    fn wide_registers(&mut self) -> [Reg; 2] {
        let builder = &mut self.builder;
        *self.wide.get_or_insert_with(|| [(); 2].map(|()| builder.register(Type::I64)))
    }
}
