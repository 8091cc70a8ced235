//! Whatever a builder is asked, in whatever order, with blocks and registers of nobody: `finish` has an answer, and nothing panics.

use minivm_builder::{
    Block, BuildError, FunctionBuilder, Instruction, Kind, NestedFunctions, Operand, ProgramBuilder, Reg, RegionKind,
    Signature, Type,
};

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % limit
    }

    fn block(&mut self) -> Block {
        Block::from_u32(self.below(6))
    }

    fn register(&mut self) -> Reg {
        Reg::from_u32(self.below(8))
    }

    fn operand(&mut self, f: &mut FunctionBuilder) -> Operand {
        match self.below(4) {
            0 => f.integer(1),
            1 => minivm_builder::Const::from_u32(9).into(),
            _ => self.register().into(),
        }
    }

    fn ty(&mut self) -> Type {
        [Type::Any, Type::I64, Type::F64, Type::Cell][self.below(4) as usize]
    }
}

/// Asks the builder something.
fn ask(f: &mut FunctionBuilder, numbers: &mut Numbers) {
    let (x, y) = (numbers.operand(f), numbers.operand(f));
    let (register, first, second) = (numbers.register(), numbers.block(), numbers.block());
    match numbers.below(26) {
        0 | 1 => drop(f.block()),
        2..=5 => f.switch_to(first),
        6 => f.jump(first),
        7 => f.branch_on(x, first, second),
        8 => f.branch_truthy(x, first, second),
        9 => f.branch_kind(x, Kind::Nil, first, second),
        10 => drop(f.move_to(register, x)),
        11 => f.return_tail(x),
        12 => drop(f.to(register)),
        13 => drop(f.add(x, y)),
        14 => drop(f.less(x, y)),
        15 => f.begin_scope(),
        16 => f.end_scope(),
        17 => f.open_local("x", register),
        18 => f.close_local(register),
        19 => f.protect(RegionKind::Catch, first, second, numbers.block(), register, Some(numbers.register())),
        20 => drop(f.register(numbers.ty())),
        21 => drop(f.call_any_one(x, (y,))),
        22 => drop(f.iterate(&[register, numbers.register()], x, first, second)),
        23 => f.take_open(register, &[numbers.register()]),
        24 => drop((f.capture_get(u64::from(numbers.below(3))), f.param(numbers.below(3) as usize))),
        _ => f.emit(Instruction::CallAny { results: [register].into(), callee: x, arguments: [y].into() }),
    }
}

#[test]
fn every_use_has_an_answer() {
    let (mut verified, mut refused) = (0, 0);
    for seed in 0..20_000 {
        let mut numbers = Numbers(seed);
        let mut program = ProgramBuilder::new();
        let mut f = program.function("f", Signature::dynamic(2, false));
        for _ in 0..numbers.below(12) {
            ask(&mut f, &mut numbers);
        }
        f.return_values(());
        match program.add(f).and_then(|_| program.finish()) {
            Ok(_) => verified += 1,
            Err(error) => {
                refused += 1;
                assert!(!matches!(error, BuildError::OutOfMemory) && !error.to_string().is_empty());
            }
        }
    }
    assert!(verified > 500 && refused > 5_000, "{verified} are verified and {refused} refused");
}

#[test]
fn every_use_of_nested_functions_has_an_answer() {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    for seed in 0..5_000 {
        let mut numbers = Numbers(seed);
        let mut program = ProgramBuilder::new();
        let outermost = program.function("outermost", Signature::dynamic(1, false));
        let mut functions = NestedFunctions::new(outermost, ["a", "b"].into());
        for _ in 0..numbers.below(20) {
            let name = NAMES[numbers.below(4) as usize];
            match numbers.below(9) {
                0 => functions.begin(program.function("inner", Signature::dynamic(0, false)), ["c"].into()),
                1 => {
                    functions.f().return_values(());
                    if let Ok((number, captured)) = functions.end(&mut program) {
                        functions.f().closure(number, &captured);
                    }
                }
                2 => functions.begin_block(),
                3 => functions.end_block(),
                4 => functions.declare(name, 1),
                5 => functions.adopt(name, numbers.register()),
                6 => drop(functions.capture(name)),
                _ => {
                    if let Some(variable) = functions.find(name) {
                        let value = functions.get(variable);
                        functions.set(variable, value);
                    }
                }
            }
        }
        functions.f().return_values(());
        let _ = functions.finish(&mut program).and_then(|_| program.finish());
    }
}
