//! Statements that are one row of the table of instructions, any that has operands which the table alone says how to make: what
//! is added to the table is in random programs without another word.

use super::function::Body;
use super::{constant, once_in, pick};
use minivm_isa::entities::{Block, Layout, Reg};
use minivm_isa::instruction::InstructionInfo;
use minivm_isa::operand::{ImmediateKind, IndexKind, OperandSource, Pattern, Role};
use minivm_isa::program::Constant;
use minivm_isa::{INSTRUCTIONS, Instruction, Operand, Type};
use std::convert::Infallible;
use std::sync::LazyLock;

/// Rows that do not end a block, those on vectors apart.
static ROWS: LazyLock<[Vec<&InstructionInfo>; 2]> = LazyLock::new(|| {
    let is_one = |info: &&InstructionInfo| !info.effects.end && is_told_by_table(info);
    INSTRUCTIONS.iter().filter(is_one).partition::<Vec<_>, _>(|info| !is_on_vectors(info)).into()
});

/// Rows that go on at one of two blocks.
static BRANCHES: LazyLock<Vec<&InstructionInfo>> = LazyLock::new(|| {
    let is_target = |(name, role): &(&str, Role)| matches!(role, Role::Target) && *name == "if_true";
    INSTRUCTIONS.iter().filter(|info| info.operands.iter().any(is_target) && is_told_by_table(info)).collect()
});

/// Whether the table says all about the operands of a row. What else depends on the program or function at hand has statements
/// of its own.
fn is_told_by_table(info: &InstructionInfo) -> bool {
    // A number of a captured value, and what holds for some layouts or elements of tables only.
    let is_other = info.name.starts_with("capture_")
        || info.name.starts_with("array_") && info.name != "array_size"
        || info.name.starts_with("table_") && !matches!(info.name, "table_new" | "table_size" | "table_next")
        || info.name == "string_from_array";
    let is_single = |role: &Role| match role {
        Role::Out(pattern) | Role::In(pattern) => !matches!(pattern, Pattern::GlobalType | Pattern::Special),
        Role::Ins(pattern) => matches!(pattern, Pattern::Exactly(_)),
        Role::Target | Role::Immediate(_) => true,
        Role::Index(kind) => !matches!(kind, IndexKind::Global | IndexKind::Func | IndexKind::Sig),
        Role::InOut(_) | Role::Outs(_) | Role::Targets => false,
    };
    let is_open = info.effects.leaves_open || info.effects.takes_open;
    let calls = info.operands.iter().any(|(name, _)| *name == "callee" || *name == "arguments");
    !is_other && !is_open && !calls && info.operands.iter().all(|(_, role)| is_single(role))
}

fn is_on_vectors(info: &InstructionInfo) -> bool {
    let vector = Pattern::Exactly(Type::V128);
    info.operands.iter().any(|(_, role)| matches!(role, Role::In(of) | Role::Out(of) if *of == vector))
}

impl Body<'_> {
    /// Any row that goes on behind it.
    pub(super) fn any_row(&mut self) {
        let on_vectors = usize::from(once_in(self.random, 3));
        let info = *pick(self.random, &ROWS[on_vectors]);
        let instruction = self.row(info, [Block::from_u32(0); 2]);
        self.f.emit(instruction);
    }

    /// Ends the block with any row that goes on at one of two blocks.
    pub(super) fn any_branch(&mut self, targets: [Block; 2]) {
        let info = *pick(self.random, &BRANCHES);
        let instruction = self.row(info, targets);
        self.f.emit(instruction);
    }

    fn row(&mut self, info: &'static InstructionInfo, targets: [Block; 2]) -> Instruction {
        let layout = Layout::from_u32(self.random.below(self.plan.layouts.len()) as u32);
        let Ok(instruction) = info.opcode.read(&mut Row { body: self, info, layout, targets, written: Vec::new() });
        instruction
    }
}

/// Gives a row its operands.
struct Row<'a, 'b> {
    body: &'a mut Body<'b>,
    info: &'static InstructionInfo,
    /// The layout of its references.
    layout: Layout,
    targets: [Block; 2],
    /// Registers that it writes.
    written: Vec<Reg>,
}

impl Row<'_, '_> {
    fn ty(&mut self, pattern: Pattern) -> Type {
        match pattern {
            Pattern::Exactly(ty) => ty,
            // Memories and tables have addresses of 32 bits here.
            Pattern::Address => Type::I32,
            Pattern::RefType => Type::Ref(self.layout),
            Pattern::Same | Pattern::GlobalType | Pattern::Special => Type::Any,
        }
    }
}

impl OperandSource for Row<'_, '_> {
    type Error = Infallible;

    fn reg(&mut self, name: &'static str) -> Result<Reg, Infallible> {
        let role = self.info.operands.iter().find(|(operand, _)| *operand == name).map(|(_, role)| *role);
        let Some(Role::Out(pattern)) = role else { unreachable!("it is chosen to be one that is only written") };
        let ty = self.ty(pattern);
        let mut register = self.body.register(ty);
        if self.written.contains(&register) {
            register = self.body.f.register(ty);
        }
        self.written.push(register);
        Ok(register)
    }

    fn input(&mut self, name: &'static str, pattern: Pattern) -> Result<Operand, Infallible> {
        let ty = self.ty(pattern);
        Ok(match (name, ty) {
            // Where there is something, as a rule, and aligned.
            ("address" | "index" | "source" | "length" | "start" | "end", Type::I32 | Type::I64)
                if !once_in(self.body.random, 6) =>
            {
                let near = 8 * self.body.random.below(4) as i64;
                let near = if ty == Type::I32 { Constant::I32(near as i32) } else { Constant::I64(near) };
                self.body.f.constant(near)
            }
            // Text, which no register is sure to hold.
            ("src", Type::Any) if self.info.name.starts_with("string_") && !once_in(self.body.random, 4) => {
                self.body.f.string("text of some bytes")
            }
            ("table", Type::Any) if !once_in(self.body.random, 4) => {
                let (table, value) = (self.body.f.table_new(1, 1), self.body.any());
                self.body.f.set(table, "key", value);
                self.body.f.set(table, 1, value);
                table.into()
            }
            ("after", Type::Any) if !once_in(self.body.random, 3) => {
                let key = pick(self.body.random, &[Constant::Nil, Constant::Integer(1)]).clone();
                self.body.f.constant(key)
            }
            // What no register holds yet is another value each time.
            (_, Type::V128) if once_in(self.body.random, 3) => {
                let constant = constant(self.body.random, ty);
                self.body.f.constant(constant)
            }
            _ => self.body.operand(ty),
        })
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, Infallible> {
        unreachable!("rows with lists of registers have statements of their own")
    }

    fn inputs(&mut self, name: &'static str, pattern: Pattern) -> Result<Box<[Operand]>, Infallible> {
        let ty = self.ty(pattern);
        let count = 2 + self.body.random.below(3);
        let byte = |body: &mut Body<'_>| match name == "bytes" && !once_in(body.random, 6) {
            true => {
                let byte = body.random.below(256) as i32;
                body.f.i32(byte)
            }
            false => body.operand(ty),
        };
        Ok((0..count).map(|_| byte(self.body)).collect())
    }

    fn block(&mut self, name: &'static str) -> Result<Block, Infallible> {
        Ok(self.targets[usize::from(name != "if_true")])
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Infallible> {
        unreachable!("rows with lists of blocks have statements of their own")
    }

    fn index(&mut self, _: &'static str, kind: IndexKind) -> Result<u32, Infallible> {
        let body = &mut *self.body;
        Ok(match kind {
            IndexKind::Layout => self.layout.as_u32(),
            IndexKind::Table => body.random.below(body.plan.tables.len()) as u32,
            IndexKind::Element => body.random.below(2) as u32,
            IndexKind::Memory | IndexKind::Data => 0,
            IndexKind::Func | IndexKind::Sig | IndexKind::Global => unreachable!("they have statements of their own"),
        })
    }

    fn immediate(&mut self, _: &'static str, kind: ImmediateKind) -> Result<u64, Infallible> {
        let random = &mut *self.body.random;
        Ok(match kind {
            ImmediateKind::Offset => 8 * random.below(8) as u64,
            // Sizes of accesses, lanes of vectors, room in tables.
            ImmediateKind::Number => 1 << random.below(5),
            ImmediateKind::Kind => random.below(12) as u64,
            ImmediateKind::Trap => random.below(16) as u64,
        })
    }
}
