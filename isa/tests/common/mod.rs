//! Random programs from a fixed seed, for properties that hold for every program.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use minivm_isa::code::Code;
use minivm_isa::entities::{Block, Const, Declared, Func, Global, Layout, Memory, Reg, Sig, Source, Table};
use minivm_isa::operand::{ImmediateKind, IndexKind, OperandSource, Pattern, Role};
use minivm_isa::program::{
    Constant, CustomSection, DataDef, DeclaredType, Described, ElementDef, ElementType, Export, FormPart, Function,
    FunctionDef, GlobalDef, Import, Initial, InitialOp, Item, LayoutDef, Local, MemoryDef, Origin, PAGE_BITS, Region,
    RegionKind, SegmentMode, SourceFile, Span, TableDef,
};
use minivm_isa::{Convention, INSTRUCTIONS, Kind, Opcode, Operand, Program, Signature, Storage, TrapCode, Type};
use std::convert::Infallible;

/// A small random number generator (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    pub fn flip(&mut self) -> bool {
        self.bits() & 1 != 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn list<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| item(self)).collect()
    }

    /// A number that is often at a border.
    pub fn number(&mut self) -> u64 {
        let small = self.below(10) as u64;
        match self.below(8) {
            0 => u64::MAX - small,
            1 => i64::MAX as u64 + small,
            2 => u64::from(u32::MAX) + small,
            3 => self.bits() >> self.below(64),
            _ => small,
        }
    }

    pub fn bytes(&mut self) -> Box<[u8]> {
        let most = self.pick(&[3, 10, 100]);
        self.list(most, |random| match random.below(3) {
            0 => random.bits() as u8,
            1 => b"\n\r\t\\\"; {}"[random.below(9)],
            _ => b'a' + random.below(26) as u8,
        })
        .into()
    }

    pub fn name(&mut self) -> String {
        self.list(5, |random| random.pick(&['a', 'Z', '_', '"', '\\', '\n', ';', ' ', 'ä', '語', '\u{202e}', '\0']))
            .into_iter()
            .collect()
    }

    fn index(&mut self) -> u32 {
        if self.below(50) == 0 { (self.bits() as u32) >> 1 } else { self.below(4) as u32 }
    }

    pub fn ty(&mut self) -> Type {
        let layout = Layout::from_u32(self.index());
        self.pick(&[
            Type::Any,
            Type::Any,
            Type::I32,
            Type::I64,
            Type::F32,
            Type::F64,
            Type::V128,
            Type::Cell,
            Type::Ref(layout),
        ])
    }

    fn storage(&mut self) -> Storage {
        match self.below(5) {
            0 => Storage::I8,
            1 => Storage::I16,
            _ => Storage::Whole(self.ty()),
        }
    }

    pub fn constant(&mut self) -> Constant {
        let floats = [0.0, -0.0, 1.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, 7.0, 0.1];
        let double = if self.flip() { self.pick(&floats).to_bits() } else { self.bits() };
        let single = if self.flip() { (f64::from_bits(double) as f32).to_bits() } else { self.bits() as u32 };
        let number = self.number().cast_signed();
        match self.below(11) {
            0 => Constant::Nil,
            1 => Constant::False,
            2 => Constant::True,
            3 => Constant::Integer(number),
            4 => Constant::Float(double),
            5 => Constant::String(self.bytes()),
            6 => Constant::I32(number as i32),
            7 => Constant::I64(number),
            8 => Constant::F32(single),
            9 => Constant::F64(double),
            _ => Constant::V128(u128::from(self.bits()) << 64 | u128::from(self.number())),
        }
    }

    fn initial(&mut self, depth: usize) -> Initial {
        match self.below(if depth == 0 { 4 } else { 11 }) {
            0 => Initial::Null,
            1 => Initial::Function(Func::from_u32(self.index())),
            2 => Initial::Global(Global::from_u32(self.index())),
            3 => Initial::Constant(self.constant()),
            4 => Initial::Record(Layout::from_u32(self.index()), self.list(3, |random| random.initial(depth - 1))),
            5 => Initial::Array(Layout::from_u32(self.index()), self.list(3, |random| random.initial(depth - 1))),
            6 => {
                let parts = [self.initial(depth - 1), self.initial(depth - 1)];
                Initial::ArrayOf(Layout::from_u32(self.index()), Box::new(parts))
            }
            7 => Initial::Integer31(Box::new(self.initial(depth - 1))),
            8 => Initial::NotNull(Box::new(self.initial(depth - 1))),
            _ => {
                let op = self.pick(&[InitialOp::Add, InitialOp::Sub, InitialOp::Mul]);
                Initial::Arithmetic(op, Box::new(self.initial(depth - 1)), Box::new(self.initial(depth - 1)))
            }
        }
    }

    fn import(&mut self) -> Import {
        Import { module: self.name(), name: self.name() }
    }

    fn signature(&mut self) -> Signature {
        let convention = self.pick(&[Convention::Typed, Convention::Dynamic, Convention::Variadic]);
        Signature { convention, params: self.list(3, Random::ty), results: self.list(2, Random::ty) }
    }

    fn maximum(&mut self) -> Option<u64> {
        self.flip().then(|| self.number())
    }
}

/// A program of any shape: most are wrong, but all have blocks that are ascending ranges.
pub fn any_program(random: &mut Random) -> Program {
    let element = |random: &mut Random| match random.below(4) {
        0 => ElementType::Declared { is_function: random.flip(), ty: Declared::from_u32(random.index()) },
        1 => ElementType::Tag(random.flip().then(|| Declared::from_u32(random.index()))),
        _ => random.pick(&[ElementType::Any, ElementType::Function]),
    };
    let mut program = Program::default();
    if random.flip() {
        program.target = random.pick(&["x86_64-unknown-linux-gnu", "wasm32-wasi", "\n"]).to_owned();
    }
    program.signatures = random.list(3, Random::signature).into_iter().collect();
    program.layouts = (random.list(3, |random| match random.flip() {
        true if random.flip() => LayoutDef::Exception(random.list(4, Random::storage)),
        true => LayoutDef::Record(random.list(4, Random::storage)),
        false => LayoutDef::Array(random.storage()),
    }))
    .into_iter()
    .collect();
    program.types = (random.list(3, |random| DeclaredType {
        is_joined: random.flip(),
        form: random.list(4, |random| match random.flip() {
            true => FormPart::Number(random.number()),
            false => FormPart::Type(Declared::from_u32(random.index())),
        }),
        supertypes: random.list(2, |random| Declared::from_u32(random.index())),
        describes: match random.below(3) {
            0 => Described::Nothing,
            1 => Described::Signature(Sig::from_u32(random.index())),
            _ => Described::Layout(Layout::from_u32(random.index())),
        },
    }))
    .into_iter()
    .collect();
    program.globals = (random.list(3, |random| {
        let origin = if random.flip() { Origin::Import(random.import()) } else { Origin::Own(random.initial(3)) };
        let holds = element(random);
        GlobalDef { name: random.name(), ty: random.ty(), mutable: random.flip(), holds, origin }
    }))
    .into_iter()
    .collect();
    program.memories = (random.list(2, |random| {
        let origin = if random.flip() { Origin::Import(random.import()) } else { Origin::Own(()) };
        let (minimum, maximum) = (random.number(), random.maximum());
        let page_bits = if random.flip() { 0 } else { PAGE_BITS };
        MemoryDef { origin, minimum, maximum, is_64: random.flip(), is_shared: random.flip(), page_bits }
    }))
    .into_iter()
    .collect();
    program.tables = (random.list(2, |random| {
        let origin = if random.flip() { Origin::Import(random.import()) } else { Origin::Own(random.initial(2)) };
        let (minimum, maximum) = (random.number(), random.maximum());
        TableDef { origin, element: element(random), minimum, maximum, is_64: random.flip() }
    }))
    .into_iter()
    .collect();
    program.data = (random.list(2, |random| {
        let active = SegmentMode::Active(Memory::from_u32(random.index()), random.initial(2));
        DataDef {
            mode: random.pick(&[SegmentMode::Passive, SegmentMode::Declared, active]),
            bytes: random.bytes().into(),
        }
    }))
    .into_iter()
    .collect();
    program.elements = (random.list(2, |random| {
        let active = SegmentMode::Active(Table::from_u32(random.index()), random.initial(2));
        let mode = random.pick(&[SegmentMode::Passive, SegmentMode::Declared, active]);
        ElementDef { mode, element: element(random), values: random.list(25, |random| random.initial(1)) }
    }))
    .into_iter()
    .collect();
    program.sources = (random.list(2, |random| {
        let text = random.flip().then(|| random.bytes());
        SourceFile { name: random.name(), text }
    }))
    .into_iter()
    .collect();
    program.exports = random.list(2, |random| {
        let items = [
            Item::Function(Func::from_u32(random.index())),
            Item::Global(Global::from_u32(random.index())),
            Item::Memory(Memory::from_u32(random.index())),
            Item::Table(Table::from_u32(random.index())),
        ];
        Export { name: random.name(), item: random.pick(&items) }
    });
    program.start = random.flip().then(|| Func::from_u32(random.index()));
    program.custom = random.list(2, |random| CustomSection { name: random.name(), bytes: random.bytes() });
    program.functions = (random.list(4, |random| {
        let signature = Sig::from_u32(random.index());
        if random.below(4) == 0 {
            return FunctionDef::Import { import: random.import(), signature };
        }
        FunctionDef::Code(Code::new(any_function(random, signature, &program)))
    }))
    .into_iter()
    .collect();
    program
}

fn any_function(random: &mut Random, signature: Sig, program: &Program) -> Function {
    let rows: Vec<Opcode> = INSTRUCTIONS.iter().map(|info| info.opcode).collect();
    let code = random.list(30, |random| {
        let opcode = random.pick(&rows);
        let Ok(instruction) = opcode.read(&mut AnyOperands(random));
        instruction
    });
    let mut blocks = random.list(5, |random| random.below(code.len() + 1) as u32);
    blocks.sort_unstable();
    let mut registers = program.signatures.get(signature).map_or(Vec::new(), |signature| signature.params.clone());
    if random.below(5) == 0 {
        registers.clear();
    }
    registers.extend(random.list(20, Random::ty));
    let block = |random: &mut Random| Block::from_u32(random.index());
    let mut instruction = 0;
    Function {
        name: random.name(),
        signature,
        captures: random.list(3, Random::ty),
        registers: registers.into_iter().collect(),
        constants: random.list(4, Random::constant).into_iter().collect(),
        blocks: blocks.into_iter().collect(),
        regions: random.list(3, |random| Region {
            kind: random.pick(&[RegionKind::Catch, RegionKind::Cleanup, RegionKind::Exception]),
            start: block(random),
            end: block(random),
            handler: block(random),
            error: Reg::from_u32(random.index()),
            message_handler: random.flip().then(|| Reg::from_u32(random.index())),
        }),
        spans: random.list(4, |random| {
            instruction = (instruction + random.below(4) as u32).min(code.len() as u32);
            let (source, line) = (Source::from_u32(random.index()), random.number() as u32);
            Span { instruction, source, line, start: random.number() as u32, end: random.number() as u32 }
        }),
        locals: random.list(3, |random| {
            let (register, start, end) =
                (Reg::from_u32(random.index()), random.number() as u32, random.number() as u32);
            Local { name: random.name(), register, start, end }
        }),
        capture_names: random.list(2, Random::name),
        code,
    }
}

/// Operands of any shape.
struct AnyOperands<'r>(&'r mut Random);

impl AnyOperands<'_> {
    fn operand(random: &mut Random) -> Operand {
        let index = random.index();
        if random.flip() { Reg::from_u32(index).into() } else { Const::from_u32(index).into() }
    }
}

impl OperandSource for AnyOperands<'_> {
    type Error = Infallible;

    fn reg(&mut self, _: &'static str) -> Result<Reg, Infallible> {
        Ok(Reg::from_u32(self.0.index()))
    }

    fn input(&mut self, _: &'static str, _: Pattern) -> Result<Operand, Infallible> {
        Ok(Self::operand(self.0))
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, Infallible> {
        Ok(self.0.list(3, |random| Reg::from_u32(random.index())).into())
    }

    fn inputs(&mut self, _: &'static str, _: Pattern) -> Result<Box<[Operand]>, Infallible> {
        Ok(self.0.list(3, Self::operand).into())
    }

    fn block(&mut self, _: &'static str) -> Result<Block, Infallible> {
        Ok(Block::from_u32(self.0.index()))
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Infallible> {
        Ok(self.0.list(4, |random| Block::from_u32(random.index())).into())
    }

    fn index(&mut self, _: &'static str, _: IndexKind) -> Result<u32, Infallible> {
        Ok(self.0.index())
    }

    fn immediate(&mut self, _: &'static str, _: ImmediateKind) -> Result<u64, Infallible> {
        Ok(self.0.number())
    }
}

/// A program that the verifier accepts, with instructions of every row that has no rules beyond the table.
pub fn good_program(random: &mut Random) -> Program {
    let mut program = Program::default();
    let types = [Type::Any, Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Cell];
    let layout = program.layouts.push(LayoutDef::Record(vec![Storage::I8, Storage::Whole(Type::Any)]));
    program.layouts.push(LayoutDef::Array(Storage::Whole(Type::Ref(layout))));
    let all: Vec<Type> = types.into_iter().chain([Type::Ref(layout), Type::Ref(Layout::from_u32(1))]).collect();
    let params = all.iter().copied().chain(all.iter().copied()).collect();
    let signature = program.signatures.push(Signature { convention: Convention::Typed, params, results: vec![] });
    for is_64 in [false, true] {
        let (minimum, maximum) = (1, None);
        program.memories.push(MemoryDef {
            origin: Origin::Own(()),
            minimum,
            maximum,
            is_64,
            is_shared: false,
            page_bits: PAGE_BITS,
        });
        let (origin, element) = (Origin::Own(Initial::Constant(Constant::Nil)), ElementType::Any);
        program.tables.push(TableDef { origin, element, minimum, maximum, is_64 });
    }
    for constant in [Constant::I32(1), Constant::F64(0), Constant::Nil, Constant::V128(9)] {
        let (ty, origin) = (constant.ty(), Origin::Own(Initial::Constant(constant)));
        program.globals.push(GlobalDef { name: String::new(), ty, mutable: true, holds: ElementType::Any, origin });
    }
    program.data.push(DataDef { mode: SegmentMode::Passive, bytes: [1, 2].into() });
    program.elements.push(ElementDef { mode: SegmentMode::Passive, element: ElementType::Any, values: vec![] });
    let function = good_function(random, signature, &program);
    program.functions.push(FunctionDef::Code(Code::new(function)));
    program
}

fn good_function(random: &mut Random, signature: Sig, program: &Program) -> Function {
    let mut function = Function {
        name: "good".into(),
        signature,
        captures: vec![],
        registers: program.signatures[signature].params.iter().copied().collect(),
        constants: random.list(20, Random::constant).into_iter().collect(),
        blocks: [0].into_iter().collect(),
        code: vec![],
        regions: vec![],
        spans: vec![],
        locals: vec![],
        capture_names: vec![],
    };
    let is_plain = |opcode: Opcode| {
        let info = opcode.info();
        let is_known = |role: &Role| match role {
            Role::Out(pattern) | Role::In(pattern) | Role::InOut(pattern) => *pattern != Pattern::Special,
            Role::Outs(_) | Role::Ins(_) | Role::Targets => false,
            Role::Target | Role::Immediate(_) => true,
            Role::Index(kind) => !matches!(kind, IndexKind::Func | IndexKind::Sig),
        };
        let has_rules = matches!(
            opcode,
            Opcode::CaptureCellGet
                | Opcode::CaptureCellSet
                | Opcode::ArrayLength
                | Opcode::ArrayInitData
                | Opcode::StringFromArray
                | Opcode::ArrayInitElement
        );
        info.operands.iter().all(|(_, role)| is_known(role))
            && !has_rules
            && !info.effects.takes_open
            && !info.effects.leaves_open
    };
    let rows: Vec<Opcode> = INSTRUCTIONS.iter().map(|info| info.opcode).filter(|&opcode| is_plain(opcode)).collect();
    let blocks = 1 + random.below(6);
    while function.blocks.len() <= blocks {
        let opcode = random.pick(&rows);
        let is_last = function.blocks.len() == blocks;
        let mut operands = GoodOperands {
            random,
            function: &function,
            program,
            opcode,
            read: 0,
            blocks,
            layout: None,
            memory: None,
            global: None,
            same: None,
        };
        let Ok(instruction) = opcode.read(&mut operands);
        let mut written = Vec::new();
        instruction.for_each_def(|register| written.push(register));
        written.sort_unstable();
        if written.windows(2).any(|pair| pair[0] == pair[1]) {
            continue;
        }
        function.code.push(instruction);
        if opcode.info().effects.end {
            if is_last {
                break;
            }
            function.blocks.push(function.code.len() as u32);
        }
    }
    function
}

/// Operands of the right types. What a later index says about an earlier operand is settled beforehand.
struct GoodOperands<'r> {
    random: &'r mut Random,
    function: &'r Function,
    program: &'r Program,
    opcode: Opcode,
    read: usize,
    blocks: usize,
    layout: Option<u32>,
    memory: Option<u32>,
    global: Option<u32>,
    same: Option<Type>,
}

impl GoodOperands<'_> {
    fn role(&mut self) -> Role {
        self.read += 1;
        self.opcode.info().operands[self.read - 1].1
    }

    fn choice(value: &mut Option<u32>, random: &mut Random, end: usize) -> u32 {
        *value.get_or_insert_with(|| random.below(end) as u32)
    }

    fn ty(&mut self, pattern: Pattern) -> Type {
        let random = &mut *self.random;
        match pattern {
            Pattern::Exactly(ty) => ty,
            Pattern::Same => *self.same.get_or_insert_with(|| random.pick(&[Type::Any, Type::F64, Type::Cell])),
            Pattern::Address => {
                if Self::choice(&mut self.memory, random, 2) == 1 {
                    Type::I64
                } else {
                    Type::I32
                }
            }
            Pattern::GlobalType => self.program.globals[Global::from_u32(Self::choice(&mut self.global, random, 4))].ty,
            Pattern::RefType => Type::Ref(Layout::from_u32(Self::choice(&mut self.layout, random, 2))),
            Pattern::Special => unreachable!("rows with such operands are left out"),
        }
    }

    fn register_of(&mut self, ty: Type) -> Reg {
        let fitting: Vec<Reg> =
            self.function.registers.iter().filter(|(_, found)| **found == ty).map(|(register, _)| register).collect();
        self.random.pick(&fitting)
    }
}

impl OperandSource for GoodOperands<'_> {
    type Error = Infallible;

    fn reg(&mut self, _: &'static str) -> Result<Reg, Infallible> {
        let (Role::Out(pattern) | Role::InOut(pattern)) = self.role() else { unreachable!() };
        let ty = self.ty(pattern);
        Ok(self.register_of(ty))
    }

    fn input(&mut self, _: &'static str, pattern: Pattern) -> Result<Operand, Infallible> {
        self.role();
        let ty = self.ty(pattern);
        let constant = self.function.constants.iter().find(|(_, constant)| constant.ty() == ty);
        match constant {
            Some((constant, _)) if self.random.flip() => Ok(constant.into()),
            _ => Ok(self.register_of(ty).into()),
        }
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, Infallible> {
        unreachable!("rows with lists are left out")
    }

    fn inputs(&mut self, _: &'static str, _: Pattern) -> Result<Box<[Operand]>, Infallible> {
        unreachable!("rows with lists are left out")
    }

    fn block(&mut self, _: &'static str) -> Result<Block, Infallible> {
        self.role();
        Ok(Block::from_u32(self.random.below(self.blocks) as u32))
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Infallible> {
        unreachable!("rows with lists are left out")
    }

    fn index(&mut self, _: &'static str, kind: IndexKind) -> Result<u32, Infallible> {
        self.role();
        let random = &mut *self.random;
        Ok(match kind {
            IndexKind::Layout => Self::choice(&mut self.layout, random, 2),
            IndexKind::Memory | IndexKind::Table => Self::choice(&mut self.memory, random, 2),
            IndexKind::Global => Self::choice(&mut self.global, random, 4),
            IndexKind::Data | IndexKind::Element => 0,
            IndexKind::Func | IndexKind::Sig => unreachable!("rows with calls are left out"),
        })
    }

    fn immediate(&mut self, _: &'static str, kind: ImmediateKind) -> Result<u64, Infallible> {
        self.role();
        let random = &mut *self.random;
        Ok(match kind {
            ImmediateKind::Offset | ImmediateKind::Number => random.number() & u64::from(u32::MAX),
            ImmediateKind::Kind => random.pick(&Kind::ALL) as u64,
            ImmediateKind::Trap => random.pick(TrapCode::ALL) as u64,
        })
    }
}
