//! What each operator does.

use super::compare::{self, Inverse};
use super::error::WasmError;
use super::function::{Deferred, FunctionTranslator};
use super::shape::{Shape, shape};
use super::stack::Value;
use super::types::BlockShape;
use minivm_isa::entities::{Data, Func, Memory, Table};
use minivm_isa::program::Constant;
use minivm_isa::{Instruction, Operand, TrapCode, Type, steps};
use wasmparser::{MemArg, MemArgTarget, Operator};

impl FunctionTranslator<'_> {
    /// Translates an operator that was validated.
    pub(super) fn operator(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        steps::count(1);
        if !self.is_reachable {
            self.skip(&operator);
            return Ok(());
        }
        match operator {
            Operator::LocalGet { local_index } => self.local_get(local_index),
            Operator::LocalSet { local_index } => self.local_set(local_index),
            Operator::LocalTee { local_index } => self.local_tee(local_index),
            Operator::I32Const { value } => self.push_constant(Constant::I32(value)),
            Operator::I64Const { value } => self.push_constant(Constant::I64(value)),
            Operator::F32Const { value } => self.push_constant(Constant::F32(value.bits())),
            Operator::F64Const { value } => self.push_constant(Constant::F64(value.bits())),
            Operator::V128Const { value } => self.push_constant(Constant::V128(value.i128() as u128)),
            Operator::Drop => self.drop_value(),
            Operator::I32Eqz => self.i32_eqz(),
            Operator::I32Add | Operator::I64Add | Operator::I32Sub | Operator::I64Sub if self.is_top_zero() => {
                self.stack.pop();
            }
            Operator::I32Sub => self.subtract(Operator::I32Sub, Operator::I32Add),
            Operator::I64Sub => self.subtract(Operator::I64Sub, Operator::I64Add),
            Operator::Select | Operator::TypedSelect { .. } => self.select(),
            Operator::GlobalGet { global_index } => {
                let (global, ty) = self.context.globals[global_index as usize];
                self.produce(ty, |dst| Instruction::GlobalGet { dst, global });
            }
            Operator::GlobalSet { global_index } => {
                let src = self.pop();
                self.emit(Instruction::GlobalSet { global: self.context.globals[global_index as usize].0, src });
            }
            other => match shape(&other) {
                Some(shape) => self.shaped(shape),
                None => return self.control(other),
            },
        }
        Ok(())
    }

    /// Passes over an operator that cannot be reached.
    fn skip(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => self.skipped += 1,
            Operator::TryTable { .. } | Operator::Try { .. } => self.skipped += 1,
            Operator::Catch { tag_index } if self.skipped == 0 => self.begin_catch(Some(*tag_index)),
            Operator::CatchAll if self.skipped == 0 => self.begin_catch(None),
            Operator::Delegate { relative_depth } if self.skipped == 0 => self.delegate(*relative_depth),
            Operator::Delegate { .. } => self.skipped -= 1,
            Operator::Else if self.skipped == 0 => self.begin_else(),
            Operator::End if self.skipped == 0 => self.end(),
            Operator::End => self.skipped -= 1,
            _ => {}
        }
    }

    pub(super) fn shaped(&mut self, shape: Shape) {
        match shape {
            Shape::Unary(ty, make) => {
                let src = self.pop();
                self.produce(ty, |dst| make(dst, src));
            }
            Shape::Binary(ty, make) => {
                let (rhs, lhs) = (self.pop(), self.pop());
                let is_constant_left = lhs.constant().is_some() && rhs.constant().is_none();
                self.produce(ty, |dst| {
                    let instruction = make(dst, lhs, rhs);
                    if is_constant_left { compare::exchange(instruction) } else { instruction }
                });
            }
            Shape::Load(ty, memarg, make) => {
                let address = self.pop();
                self.produce(ty, |dst| make(dst, memory_of(memarg), address, memarg.offset));
            }
            Shape::Lane(ty, lane, make) => {
                let src = self.pop();
                self.produce(ty, |dst| make(dst, src, lane.into()));
            }
            Shape::Replace(lane, make) => {
                let (value, src) = (self.pop(), self.pop());
                self.produce(Type::V128, |dst| make(dst, src, value, lane.into()));
            }
            Shape::Store(memarg, make) => {
                let (src, address) = (self.pop(), self.pop());
                self.emit(make(memory_of(memarg), address, memarg.offset, src));
            }
        }
    }

    /// Drops the topmost value, and the instruction that makes it if it does nothing else.
    fn drop_value(&mut self) {
        let is_pure = self.deferred_top().is_some_and(|deferred| {
            let effects = deferred.instruction.info().effects;
            !(effects.trap || effects.call || effects.allocate)
        });
        if is_pure {
            self.take_deferred_top();
        }
        self.flush();
        self.stack.pop();
    }

    fn i32_eqz(&mut self) {
        if let Some(deferred) = self.deferred_top() {
            match compare::inverse(&deferred.instruction) {
                _ if deferred.negated => return deferred.negated = false,
                Inverse::Comparison(inverse) => return deferred.instruction = inverse,
                Inverse::Negation => return deferred.negated = true,
                Inverse::None => {}
            }
        }
        let src = self.pop();
        self.produce(Type::I32, |dst| Instruction::I32Eqz { dst, src });
    }

    /// A difference from a constant is a sum, so that machines need one form only.
    fn subtract(&mut self, subtract: Operator<'_>, add: Operator<'_>) {
        let negative = match self.stack.entry(self.stack.len() - 1).value {
            Value::Constant(Constant::I32(value)) => Some(Constant::I32(value.wrapping_neg())),
            Value::Constant(Constant::I64(value)) => Some(Constant::I64(value.wrapping_neg())),
            _ => None,
        };
        let operator = if negative.is_some() { add } else { subtract };
        if let Some(negative) = negative {
            self.stack.pop();
            self.push_constant(negative);
        }
        if let Some(shape) = shape(&operator) {
            self.shaped(shape);
        }
    }

    /// Whether the topmost value is the integer 0, which adds nothing.
    fn is_top_zero(&self) -> bool {
        let top = &self.stack.entry(self.stack.len() - 1).value;
        matches!(top, Value::Constant(Constant::I32(0) | Constant::I64(0)))
    }

    fn select(&mut self) {
        let (cond, is_negated) = self.pop_select_condition();
        let ty = self.stack.entry(self.stack.len() - 1).ty;
        let (mut if_false, mut if_true) = (self.pop(), self.pop());
        if is_negated {
            std::mem::swap(&mut if_false, &mut if_true);
        }
        self.produce(ty, |dst| Instruction::Select { dst, cond, if_true, if_false });
    }

    /// Takes the topmost value, or its negation when that saves an instruction, and says which.
    fn pop_select_condition(&mut self) -> (Operand, bool) {
        match self.deferred_top() {
            Some(deferred) if deferred.negated => {
                deferred.negated = false;
                (self.pop(), true)
            }
            Some(&mut Deferred { instruction: Instruction::I32Eqz { src, .. }, .. }) => {
                self.take_deferred_top();
                self.stack.pop();
                (src, true)
            }
            Some(_) | None => (self.pop(), false),
        }
    }

    fn control(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        let offset = self.span.0;
        match operator {
            Operator::Nop => {}
            Operator::Unreachable => self.leave(Instruction::Trap { code: TrapCode::Unreachable as u64 }),
            Operator::Block { blockty } => self.begin_block(BlockShape::new(blockty, offset)?),
            Operator::Loop { blockty } => self.begin_loop(BlockShape::new(blockty, offset)?),
            Operator::If { blockty } => self.begin_if(BlockShape::new(blockty, offset)?),
            Operator::Else => self.begin_else(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(relative_depth),
            Operator::BrTable { targets } => {
                let depths = targets.targets().collect::<Result<Vec<_>, _>>()?;
                self.br_table(depths.into_iter(), targets.default());
            }
            Operator::Return => self.return_values(),
            Operator::Call { function_index } => {
                let signature = &self.context.function_type(function_index).signature;
                let arguments = self.pop_list(signature.params.len());
                let function = Func::from_u32(function_index);
                self.call(arguments, &signature.results, |results, arguments| Instruction::Call {
                    results,
                    function,
                    arguments,
                });
            }
            Operator::ReturnCall { function_index } => {
                let signature = &self.context.function_type(function_index).signature;
                let arguments = self.pop_list(signature.params.len());
                self.leave(Instruction::TailCall { function: Func::from_u32(function_index), arguments });
            }
            Operator::CallIndirect { type_index, table_index } => {
                let (ty, table) = (&self.context.types[type_index as usize], Table::from_u32(table_index));
                let index = self.pop();
                let arguments = self.pop_list(ty.signature.params.len());
                self.call(arguments, &ty.signature.results, |results, arguments| Instruction::CallIndirect {
                    results,
                    signature: ty.number,
                    table,
                    index,
                    arguments,
                });
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                let (ty, table) = (&self.context.types[type_index as usize], Table::from_u32(table_index));
                let index = self.pop();
                let arguments = self.pop_list(ty.signature.params.len());
                self.leave(Instruction::TailCallIndirect { signature: ty.number, table, index, arguments });
            }
            other => return self.exception(other),
        }
        Ok(())
    }

    fn exception(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::TryTable { try_table } => {
                self.begin_try_table(BlockShape::new(try_table.ty, self.span.0)?, try_table.catches);
            }
            Operator::Try { blockty } => self.begin_try(BlockShape::new(blockty, self.span.0)?),
            Operator::Catch { tag_index } => self.begin_catch(Some(tag_index)),
            Operator::CatchAll => self.begin_catch(None),
            Operator::Delegate { relative_depth } => self.delegate(relative_depth),
            Operator::Rethrow { relative_depth } => self.rethrow(relative_depth),
            Operator::Throw { tag_index } => self.throw(tag_index),
            Operator::ThrowRef => self.throw_ref(),
            other => return self.reference(other),
        }
        Ok(())
    }

    pub(super) fn bulk_memory(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::MemorySize { mem } => {
                let ty = self.context.memories[mem as usize];
                self.produce(ty, |dst| Instruction::MemorySize { dst, memory: Memory::from_u32(mem) });
            }
            Operator::MemoryGrow { mem } => {
                let (pages, memory) = (self.pop(), Memory::from_u32(mem));
                let ty = self.context.memories[mem as usize];
                self.produce(ty, |dst| Instruction::MemoryGrow { dst, memory, pages });
            }
            Operator::MemoryFill { mem } => {
                let (length, value, address) = (self.pop(), self.pop(), self.pop());
                self.emit(Instruction::MemoryFill { memory: Memory::from_u32(mem), address, value, length });
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                let (length, source, address) = (self.pop(), self.pop(), self.pop());
                let (memory, source_memory) = (Memory::from_u32(dst_mem), Memory::from_u32(src_mem));
                self.emit(Instruction::MemoryCopy { memory, source_memory, address, source, length });
            }
            Operator::MemoryInit { data_index, mem } => {
                let (length, source, address) = (self.pop(), self.pop(), self.pop());
                let (memory, data) = (Memory::from_u32(mem), Data::from_u32(data_index));
                self.emit(Instruction::MemoryInit { memory, data, address, source, length });
            }
            Operator::DataDrop { data_index } => {
                self.emit(Instruction::DataDrop { data: Data::from_u32(data_index) });
            }
            other => return self.wide_arithmetic(other),
        }
        Ok(())
    }

    fn wide_arithmetic(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        let is_product = matches!(operator, Operator::I64MulWideS | Operator::I64MulWideU);
        if !is_product && !matches!(operator, Operator::I64Add128 | Operator::I64Sub128) {
            return self.atomic(operator);
        }
        let inputs = self.pop_list(if is_product { 2 } else { 4 });
        self.call(inputs, &[Type::I64; 2], |results, inputs| {
            let (low, high) = (results[0], results[1]);
            match (operator, &*inputs) {
                (Operator::I64MulWideS, &[lhs, rhs]) => Instruction::I64MulWideS { low, high, lhs, rhs },
                (Operator::I64MulWideU, &[lhs, rhs]) => Instruction::I64MulWideU { low, high, lhs, rhs },
                (Operator::I64Add128, &[lhs_low, lhs_high, rhs_low, rhs_high]) => {
                    Instruction::I64Add128 { low, high, lhs_low, lhs_high, rhs_low, rhs_high }
                }
                (_, inputs) => {
                    let [lhs_low, lhs_high, rhs_low, rhs_high] = [0, 1, 2, 3].map(|index| inputs[index]);
                    Instruction::I64Sub128 { low, high, lhs_low, lhs_high, rhs_low, rhs_high }
                }
            }
        });
        Ok(())
    }
}

/// The memory of a load or store.
pub(super) fn memory_of(memarg: MemArg) -> Memory {
    match memarg.target {
        // Arrays are operands of a proposal that validation refuses.
        MemArgTarget::Memory(index) | MemArgTarget::Array(index) => Memory::from_u32(index),
    }
}
