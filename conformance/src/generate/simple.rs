//! Statements that call nothing but metamethods: numbers, conversions, tables, captured variables, objects, memory.

use super::function::Body;
use super::{global, once_in, pick};
use minivm_isa::entities::{Block, Data, Element, Layout, Memory, Reg, Table};
use minivm_isa::program::{ElementType, LayoutDef};
use minivm_isa::{Instruction, Operand, Storage, Type};

use Type::{Any, Cell, F32, F64, I32, I64, V128};

type Unary = fn(Reg, Operand) -> Instruction;
type Binary = fn(Reg, Operand, Operand) -> Instruction;

/// A row of instructions with two inputs of one type.
macro_rules! binary {
    ($($name:ident)*) => { &[$(|dst, lhs, rhs| Instruction::$name { dst, lhs, rhs }),*] };
}
/// A row of instructions with one input.
macro_rules! unary {
    ($($name:ident)*) => { &[$(|dst, src| Instruction::$name { dst, src }),*] };
}

const I32_BINARY: &[Binary] = binary! { I32Add I32Sub I32Mul I32DivS I32RemU I32And I32ShrU I32Rotl I32LtS I32Eq };
const I64_BINARY: &[Binary] = binary! { I64Add I64Sub I64Mul I64DivU I64RemS I64Xor I64Shl I64Rotr };
const I64_COMPARE: &[Binary] = binary! { I64LtS I64GeU I64Ne };
const F64_BINARY: &[Binary] = binary! { F64Add F64Sub F64Mul F64Div F64Min F64Copysign };
const F32_BINARY: &[Binary] = binary! { F32Add F32Mul F32Max };
const F64_COMPARE: &[Binary] = binary! { F64Lt F64Ge F64Eq };
const ANY_BINARY: &[Binary] = binary! {
    Add Sub Mul Div Modulo Pow FloorDiv BitAnd BitOr BitXor ShiftLeft ShiftRight Equal Less LessEqual
};
const ANY_UNARY: &[Unary] = unary! { Negate BitNot Length Not Copy };
/// Conversions: to, from.
const CONVERSIONS: &[(Type, Type, Unary)] = &[
    (I32, I64, |dst, src| Instruction::I32WrapI64 { dst, src }),
    (I64, I32, |dst, src| Instruction::I64ExtendI32S { dst, src }),
    (I32, F64, |dst, src| Instruction::I32TruncF64S { dst, src }),
    (I64, F64, |dst, src| Instruction::I64TruncSatF64S { dst, src }),
    (F64, I64, |dst, src| Instruction::F64ConvertI64S { dst, src }),
    (F32, F64, |dst, src| Instruction::F32DemoteF64 { dst, src }),
    (F64, F32, |dst, src| Instruction::F64PromoteF32 { dst, src }),
    (I64, F64, |dst, src| Instruction::I64ReinterpretF64 { dst, src }),
    (F64, I64, |dst, src| Instruction::F64ReinterpretI64 { dst, src }),
    (Any, I64, |dst, src| Instruction::AnyFromI64 { dst, src }),
    (Any, F64, |dst, src| Instruction::AnyFromF64 { dst, src }),
    (Any, I32, |dst, src| Instruction::AnyFromBool { dst, src }),
    (I64, Any, |dst, src| Instruction::I64FromAny { dst, src }),
    (F64, Any, |dst, src| Instruction::F64FromAny { dst, src }),
    (I32, Any, |dst, src| Instruction::IsTruthy { dst, src }),
    (I32, Any, |dst, src| Instruction::KindOf { dst, src }),
    (V128, V128, |dst, src| Instruction::Copy { dst, src }),
];

impl Body<'_> {
    /// A statement that calls nothing.
    pub(super) fn simple(&mut self) {
        if !self.captures.is_empty() && once_in(self.random, 8) {
            return self.captured();
        }
        match self.random.below(20) {
            0 | 1 => self.numbers(),
            2..=4 => self.any_operation(),
            5 => self.conversion(),
            6 | 7 => self.dynamic_table(),
            8 | 9 => self.captured(),
            10..=12 => self.object(),
            13 => self.global_access(),
            14 => self.table_access(),
            15 => self.memory_access(),
            _ => self.any_row(),
        }
    }

    fn binary(&mut self, rows: &[Binary], to: Type, of: Type) {
        let (dst, lhs, rhs) = (self.register(to), self.operand(of), self.operand(of));
        let make = *pick(self.random, rows);
        self.f.emit(make(dst, lhs, rhs));
    }

    fn numbers(&mut self) {
        match self.random.below(7) {
            0 | 1 => self.binary(I32_BINARY, I32, I32),
            2 => self.binary(I64_BINARY, I64, I64),
            3 => self.binary(I64_COMPARE, I32, I64),
            4 => self.binary(F64_BINARY, F64, F64),
            5 => self.binary(F64_COMPARE, I32, F64),
            _ => self.binary(F32_BINARY, F32, F32),
        }
    }

    fn any_operation(&mut self) {
        match self.random.below(8) {
            0 | 1 => {
                let (dst, src) = (self.register(Any), self.any());
                let make = *pick(self.random, ANY_UNARY);
                self.f.emit(make(dst, src));
            }
            2 => {
                let (dst, count) = (self.register(Any), 2 + self.random.below(3));
                let values = self.operands(&vec![Any; count]);
                self.f.emit(Instruction::Concat { dst, values });
            }
            3 => {
                let (dst, cond) = (self.register(Any), self.operand(I32));
                let (if_true, if_false) = (self.any(), self.any());
                self.f.emit(Instruction::Select { dst, cond, if_true, if_false });
            }
            4 => {
                let (dst, lhs, rhs) = (self.register(I32), self.any(), self.any());
                self.f.emit(Instruction::Same { dst, lhs, rhs });
            }
            _ => self.binary(ANY_BINARY, Any, Any),
        }
    }

    fn conversion(&mut self) {
        let (to, from, make) = *pick(self.random, CONVERSIONS);
        let (dst, src) = (self.register(to), self.operand(from));
        self.f.emit(make(dst, src));
    }

    fn dynamic_table(&mut self) {
        let (object, key) = (self.any(), self.any());
        match self.random.below(6) {
            0 => {
                let dst = self.register(Any);
                self.f.emit(Instruction::TableNew { dst, array: 2, hash: 1 });
            }
            1 => {
                let dst = self.register(Any);
                self.f.emit(Instruction::Get { dst, object, key });
            }
            2 => {
                let results = self.results(&[Any, Any]);
                let (function, self_value) = (results[0], results[1]);
                self.f.emit(Instruction::GetMethod { function, self_value, object, key });
            }
            3 => {
                let values = self.operands(&[Any, Any]);
                let table = self.register(Any);
                self.f.emit(Instruction::TableNew { dst: table, array: 0, hash: 0 });
                self.f.emit(Instruction::Append { table: table.into(), first: 1, values });
            }
            _ => {
                let value = self.any();
                self.f.emit(Instruction::Set { object, key, value });
            }
        }
    }

    /// Closures, what they capture, and cells.
    fn captured(&mut self) {
        let cells: Vec<u64> = self.captured_of(Cell);
        let values: Vec<u64> = self.captured_of(Any);
        // What only some functions can do they do more often.
        let is_capturing = !self.captures.is_empty() && once_in(self.random, 2);
        let choice = if is_capturing { 2 + self.random.below(4) } else { self.random.below(9) };
        match choice {
            0 | 1 => {
                let function = pick(self.random, &self.plan.functions).clone();
                let captures = self.operands(&function.captures);
                let dst = self.register(Any);
                self.f.emit(Instruction::Closure { dst, function: function.number, captures });
            }
            2 if !cells.is_empty() => {
                let (dst, index) = (self.register(Any), *pick(self.random, &cells));
                self.f.emit(Instruction::CaptureCellGet { dst, index });
            }
            3 if !cells.is_empty() => {
                let (index, src) = (*pick(self.random, &cells), self.any());
                self.f.emit(Instruction::CaptureCellSet { index, src });
            }
            4 if !cells.is_empty() => {
                let (dst, index) = (self.register(Cell), *pick(self.random, &cells));
                self.f.emit(Instruction::CaptureGet { dst, index });
            }
            5 if !values.is_empty() => {
                let (dst, index) = (self.register(Any), *pick(self.random, &values));
                self.f.emit(Instruction::CaptureGet { dst, index });
            }
            6 => {
                let dst = self.register(Any);
                self.f.emit(Instruction::CurrentFunction { dst });
            }
            7 => {
                let (dst, src) = (self.register(Cell), self.any());
                self.f.emit(Instruction::CellNew { dst, src });
            }
            8 => {
                let (dst, cell) = (self.register(Any), self.operand(Cell));
                self.f.emit(Instruction::CellGet { dst, cell });
            }
            _ => {
                let (cell, src) = (self.operand(Cell), self.any());
                self.f.emit(Instruction::CellSet { cell, src });
            }
        }
    }

    /// The numbers of the captured values of a type.
    fn captured_of(&self, ty: Type) -> Vec<u64> {
        (0..).zip(&self.captures).filter(|(_, found)| **found == ty).map(|(index, _)| index).collect()
    }

    /// Records and arrays.
    fn object(&mut self) {
        let plan = self.plan;
        let number = self.random.below(plan.layouts.len());
        let layout = Layout::from_u32(number as u32);
        let ty = Type::Ref(layout);
        match self.random.below(7) {
            0 => {
                let (dst, src) = (self.register(Any), self.operand(ty));
                return self.f.emit(Instruction::AnyFromRef { dst, layout, src });
            }
            1 => {
                let (dst, src) = (self.register(ty), self.any());
                return self.f.emit(Instruction::RefFromAny { dst, layout, src });
            }
            2 => {
                let (dst, src) = (self.register(I32), self.operand(ty));
                return self.f.emit(Instruction::RefIsNull { dst, layout, src });
            }
            3 => {
                let (dst, lhs, rhs) = (self.register(I32), self.operand(ty), self.operand(ty));
                return self.f.emit(Instruction::RefSame { dst, layout, lhs, rhs });
            }
            _ => {}
        }
        match &plan.layouts[number] {
            LayoutDef::Record(fields) | LayoutDef::Exception(fields) => self.record(layout, fields),
            LayoutDef::Array(element) if once_in(self.random, 2) => self.array_bulk(layout, *element),
            LayoutDef::Array(element) => self.array(layout, element.register_type()),
        }
    }

    fn record(&mut self, layout: Layout, fields: &[Storage]) {
        let ty = Type::Ref(layout);
        if fields.is_empty() || once_in(self.random, 3) {
            let types: Vec<Type> = fields.iter().map(|field| field.register_type()).collect();
            let (dst, fields) = (self.register(ty), self.operands(&types));
            return self.f.emit(Instruction::RecordNew { dst, layout, fields });
        }
        let (object, field) = (self.operand(ty), self.random.below(fields.len()));
        let of = fields[field].register_type();
        if once_in(self.random, 2) {
            let dst = self.register(of);
            self.f.emit(Instruction::RecordGet { dst, layout, object, field: field as u64 });
        } else {
            let src = self.operand(of);
            self.f.emit(Instruction::RecordSet { layout, object, field: field as u64, src });
        }
    }

    fn array(&mut self, layout: Layout, of: Type) {
        let ty = Type::Ref(layout);
        let object = self.operand(ty);
        let near = self.random.below(4) as i32;
        let index = if once_in(self.random, 6) { self.operand(I32) } else { self.f.i32(near) };
        match self.random.below(5) {
            0 => {
                let (dst, src) = (self.register(ty), self.operand(of));
                let length = self.f.i32(near);
                self.f.emit(Instruction::ArrayNew { dst, layout, length, src });
            }
            1 => {
                let dst = self.register(of);
                self.f.emit(Instruction::ArrayGet { dst, layout, object, index });
            }
            2 => {
                let src = self.operand(of);
                self.f.emit(Instruction::ArraySet { layout, object, index, src });
            }
            _ => {
                let dst = self.register(I32);
                self.f.emit(Instruction::ArrayLength { dst, layout, object });
            }
        }
    }

    /// What is done to many elements at once.
    fn array_bulk(&mut self, layout: Layout, element: Storage) {
        let object = self.operand(Type::Ref(layout));
        let near: [Operand; 3] = std::array::from_fn(|_| {
            let near = self.random.below(4) as i32;
            self.f.i32(near / 2)
        });
        let [index, source, length] = near;
        let like = |other: &LayoutDef| matches!(other, LayoutDef::Array(of) if *of == element);
        let alike: Vec<usize> = (0..self.plan.layouts.len()).filter(|&at| like(&self.plan.layouts[at])).collect();
        match self.random.below(3) {
            0 => {
                let src = self.operand(element.register_type());
                self.f.emit(Instruction::ArrayFill { layout, object, index, src, length });
            }
            1 => {
                let source_layout = Layout::from_u32(*pick(self.random, &alike) as u32);
                let (from, source_index) = (self.operand(Type::Ref(source_layout)), source);
                let source = from;
                self.f.emit(Instruction::ArrayCopy {
                    layout,
                    source_layout,
                    object,
                    index,
                    source,
                    source_index,
                    length,
                });
            }
            _ if element == Storage::I8 && once_in(self.random, 2) => {
                let dst = self.register(Any);
                self.f.emit(Instruction::StringFromArray { dst, layout, object, index, length });
            }
            _ if element == Storage::Whole(Any) => {
                let element = Element::from_u32(self.random.below(2) as u32);
                self.f.emit(Instruction::ArrayInitElement { layout, object, index, element, source, length });
            }
            _ if !element.register_type().is_traced() => {
                let data = Data::from_u32(0);
                self.f.emit(Instruction::ArrayInitData { layout, object, index, data, source, length });
            }
            _ => {
                let dst = self.register(I32);
                self.f.emit(Instruction::ArrayLength { dst, layout, object });
            }
        }
    }

    fn global_access(&mut self) {
        if once_in(self.random, 2) {
            if let Some((global, ty)) = global(self.random, self.plan, false) {
                let dst = self.register(ty);
                self.f.emit(Instruction::GlobalGet { dst, global });
            }
        } else if let Some((global, ty)) = global(self.random, self.plan, true) {
            let src = self.operand(ty);
            self.f.emit(Instruction::GlobalSet { global, src });
        }
    }

    /// Tables of functions or of any values.
    fn table_access(&mut self) {
        let number = self.random.below(self.plan.tables.len());
        let (table, holds) = (Table::from_u32(number as u32), self.plan.tables[number]);
        let near = self.random.below(9) as i32;
        let (index, length) = (self.f.i32(near), self.f.i32(near / 3));
        match self.random.below(8) {
            0 | 1 => {
                let dst = self.register(Any);
                self.f.emit(Instruction::TableGet { dst, table, index });
            }
            2 | 3 => {
                let src = if holds == ElementType::Function { self.callee() } else { self.any() };
                self.f.emit(Instruction::TableSet { table, index, src });
            }
            4 => {
                let (dst, src) = (self.register(I32), self.callee());
                self.f.emit(Instruction::TableGrow { dst, table, src, count: length });
            }
            5 => {
                let src = self.callee();
                self.f.emit(Instruction::TableFill { table, index, src, length });
            }
            6 => {
                let same: Vec<usize> =
                    (0..self.plan.tables.len()).filter(|&at| self.plan.tables[at] == holds).collect();
                let (source_table, source) = (Table::from_u32(*pick(self.random, &same) as u32), self.f.i32(near / 2));
                self.f.emit(Instruction::TableCopy { table, source_table, index, source, length });
            }
            _ => {
                let element = Element::from_u32(self.random.below(2) as u32);
                let source = self.f.i32(near / 4);
                self.f.emit(Instruction::TableInit { table, element, index, source, length });
            }
        }
    }

    fn memory_access(&mut self) {
        let (memory, address) = (Memory::from_u32(0), self.operand(I32));
        let offset = self.random.below(70_000) as u64;
        match self.random.below(9) {
            0 => {
                let dst = self.register(I64);
                self.f.emit(Instruction::I64Load { dst, memory, address, offset });
            }
            1 => {
                let dst = self.register(F64);
                self.f.emit(Instruction::F64Load { dst, memory, address, offset });
            }
            2 => {
                let dst = self.register(I32);
                self.f.emit(Instruction::I32Load8U { dst, memory, address, offset });
            }
            3 => {
                let src = self.operand(I64);
                self.f.emit(Instruction::I64Store { memory, address, offset, src });
            }
            4 => {
                let src = self.operand(I32);
                self.f.emit(Instruction::I32Store8 { memory, address, offset, src });
            }
            5 => {
                let (dst, pages) = (self.register(I32), self.f.i32(1));
                self.f.emit(Instruction::MemoryGrow { dst, memory, pages });
            }
            6 => {
                let (source, length) = (self.operand(I32), self.f.i32(9));
                self.f.emit(Instruction::MemoryCopy { memory, source_memory: memory, address, source, length });
            }
            7 => {
                let (value, length) = (self.operand(I32), self.f.i32(9));
                self.f.emit(Instruction::MemoryFill { memory, address, value, length });
            }
            _ => {
                let (source, length) = (self.f.i32(2), self.f.i32(9));
                let data = Data::from_u32(0);
                self.f.emit(Instruction::MemoryInit { memory, data, address, source, length });
            }
        }
    }

    /// Ends the block: continues at one of two.
    pub(super) fn branch(&mut self, if_true: Block, if_false: Block) {
        let (lhs, rhs) = (self.any(), self.any());
        match self.random.below(14) {
            0 => {
                let cond = self.operand(I32);
                self.f.emit(Instruction::BranchIf { cond, if_true, if_false });
            }
            1 => {
                let (lhs, rhs) = (self.operand(I64), self.operand(I64));
                self.f.emit(Instruction::BranchI64LtS { lhs, rhs, if_true, if_false });
            }
            2 => {
                let (lhs, rhs) = (self.operand(F64), self.operand(F64));
                self.f.emit(Instruction::BranchF64Lt { lhs, rhs, if_true, if_false });
            }
            3 => self.f.emit(Instruction::BranchEqual { lhs, rhs, if_true, if_false }),
            4 => self.f.emit(Instruction::BranchLess { lhs, rhs, if_true, if_false }),
            5 => {
                let dst = self.register(I64);
                self.f.emit(Instruction::BranchUnboxI64 { dst, src: lhs, if_true, if_false });
            }
            7 if !self.plan.layouts.is_empty() => {
                let layout = Layout::from_u32(self.random.below(self.plan.layouts.len()) as u32);
                let dst = self.register(Type::Ref(layout));
                self.f.emit(match self.random.below(2) {
                    0 => Instruction::BranchRef { dst, layout, src: lhs, if_true, if_false },
                    _ => Instruction::BranchRefExact { dst, layout, src: lhs, if_true, if_false },
                });
            }
            6 => {
                let kind = self.random.below(12) as u64;
                self.f.emit(Instruction::BranchKind { src: lhs, kind, if_true, if_false });
            }
            8 => self.f.emit(Instruction::BranchTruthy { cond: lhs, if_true, if_false }),
            9 => {
                let (index, last) = (self.operand(I32), self.random.below(4));
                let targets: Box<[Block]> = (0..=last).map(|at| if at % 2 == 0 { if_true } else { if_false }).collect();
                self.f.emit(Instruction::BranchTable { index, targets, default: if_false });
            }
            10 => match self.typed_signature(None) {
                Some(like) => {
                    let (src, signature) = (self.callee(), self.number_of(&like));
                    self.f.emit(match self.random.below(2) {
                        0 => Instruction::BranchSignature { src, signature, if_true, if_false },
                        _ => Instruction::BranchSignatureExact { src, signature, if_true, if_false },
                    });
                }
                None => self.f.emit(Instruction::BranchTruthy { cond: lhs, if_true, if_false }),
            },
            _ => self.any_branch([if_true, if_false]),
        }
    }
}
