//! Each row of the table of instructions whose operands are single values, with random operands, on both.

use super::{shown, without_names};
use crate::generate::constant;
use crate::native::{self, Mode};
use crate::random::Random;
use minivm::raw::{Failure, Limits};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::{Block, Memory, Reg};
use minivm_isa::instruction::InstructionInfo;
use minivm_isa::operand::{ImmediateKind, IndexKind, OperandSource, Pattern, Role};
use minivm_isa::program::{Constant, DataDef, MemoryDef, Origin, SegmentMode};
use minivm_isa::{INSTRUCTIONS, Operand, Signature, Type, Verified};
use minivm_semantics as semantics;

/// Bytes of the memory that loads find something in.
const DATA: usize = 256;

/// Whether an instruction is one whose operands [`check`] can make.
pub fn is_simple(info: &InstructionInfo) -> bool {
    let is_open = info.effects.leaves_open || info.effects.takes_open;
    let is_single = |role: &Role| match role {
        Role::Out(pattern) | Role::In(pattern) | Role::InOut(pattern) => type_of(*pattern).is_some(),
        Role::Target | Role::Immediate(ImmediateKind::Number | ImmediateKind::Offset) => true,
        Role::Index(kind) => matches!(kind, IndexKind::Memory | IndexKind::Data),
        Role::Immediate(ImmediateKind::Kind | ImmediateKind::Trap) => true,
        Role::Outs(_) | Role::Ins(_) | Role::Targets => false,
    };
    // A closure of this program is what may be called; fibers and cells have no constants.
    let is_other = ["capture_get", "capture_cell_get", "capture_cell_set", "memory_copy", "data_drop"];
    !is_open && !is_other.contains(&info.name) && info.operands.iter().all(|(_, role)| is_single(role))
}

/// The type of operands of a pattern; memories have 32-bit addresses.
fn type_of(pattern: Pattern) -> Option<Type> {
    match pattern {
        Pattern::Exactly(Type::Cell) => None,
        Pattern::Exactly(ty) => Some(ty),
        Pattern::Address => Some(Type::I32),
        Pattern::Same => Some(Type::Any),
        Pattern::GlobalType | Pattern::RefType | Pattern::Special => None,
    }
}

/// Where the operands of an instruction come from.
struct Operands<'a> {
    f: &'a mut FunctionBuilder,
    random: &'a mut Random,
    info: &'static InstructionInfo,
    written: Vec<Reg>,
    targets: Vec<Block>,
}

impl Operands<'_> {
    fn role(&self, name: &str) -> Role {
        self.info.operands.iter().find(|(known, _)| *known == name).expect("the instruction has it").1
    }

    fn constant(&mut self, ty: Type) -> Operand {
        let constant = match (ty, self.random.below(4)) {
            (Type::F32, 0) => Constant::F32(self.random.below(usize::MAX) as u32),
            (Type::F64, 0) => Constant::F64(self.random.below(usize::MAX) as u64),
            (Type::V128, 0 | 1) => {
                let mut half = || self.random.below(usize::MAX) as u128;
                Constant::V128(half() << 64 | half())
            }
            // Near what there is in memory.
            (Type::I32, 0 | 1) => Constant::I32(self.random.below(DATA) as i32),
            _ => constant(self.random, ty),
        };
        self.f.constant(constant)
    }
}

impl OperandSource for Operands<'_> {
    type Error = std::convert::Infallible;

    fn reg(&mut self, name: &'static str) -> Result<Reg, Self::Error> {
        let (Role::Out(pattern) | Role::InOut(pattern)) = self.role(name) else { unreachable!("it is a register") };
        let ty = type_of(pattern).expect("the instruction is simple");
        let register = self.f.register(ty);
        if matches!(self.role(name), Role::InOut(_)) {
            let value = self.constant(ty);
            self.f.to(register).copy(value);
        }
        self.written.push(register);
        Ok(register)
    }

    fn input(&mut self, _: &'static str, pattern: Pattern) -> Result<Operand, Self::Error> {
        Ok(self.constant(type_of(pattern).expect("the instruction is simple")))
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, Self::Error> {
        unreachable!("simple instructions have no lists")
    }

    fn inputs(&mut self, _: &'static str, _: Pattern) -> Result<Box<[Operand]>, Self::Error> {
        unreachable!("simple instructions have no lists")
    }

    fn block(&mut self, _: &'static str) -> Result<Block, Self::Error> {
        let block = self.f.block();
        self.targets.push(block);
        Ok(block)
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Self::Error> {
        unreachable!("simple instructions have no lists")
    }

    fn index(&mut self, _: &'static str, _: IndexKind) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn immediate(&mut self, _: &'static str, kind: ImmediateKind) -> Result<u64, Self::Error> {
        Ok(match kind {
            ImmediateKind::Offset => self.random.below(DATA) as u64,
            ImmediateKind::Number => self.random.below(16) as u64,
            ImmediateKind::Kind => self.random.below(12) as u64,
            ImmediateKind::Trap => self.random.below(16) as u64,
        })
    }
}

/// A program whose `main` does the instruction once and returns all that it writes, by its bits.
fn program(info: &'static InstructionInfo, random: &mut Random) -> Verified {
    let mut builder = ProgramBuilder::new();
    let memory = builder.add_memory(MemoryDef {
        origin: Origin::Own(()),
        minimum: 1,
        maximum: Some(3),
        is_64: false,
        is_shared: false,
        page_bits: 16,
    });
    let bytes = || (0..DATA).map(|at| (at * 37) as u8).collect::<Vec<u8>>();
    builder.add_data(DataDef { mode: SegmentMode::Passive, bytes: bytes().into() });
    let start = minivm_isa::program::Initial::Constant(Constant::I32(0));
    builder.add_data(DataDef { mode: SegmentMode::Active(memory, start), bytes: bytes().into() });
    let mut f = builder.function("main", Signature::dynamic(0, false));
    let mut operands = Operands { f: &mut f, random, info, written: Vec::new(), targets: Vec::new() };
    let instruction = info.opcode.read(&mut operands);
    let instruction = instruction.unwrap_or_else(|never| match never {});
    let (written, targets) = (operands.written, operands.targets);
    f.emit(instruction);
    if !f.is_terminated() {
        return_all(&mut f, &written, memory, 0);
    }
    for (number, target) in (1..).zip(targets) {
        f.switch_to(target);
        return_all(&mut f, &written, memory, number);
    }
    let main = builder.add(f).expect("the function is small");
    builder.export_function("main", main);
    builder.finish().unwrap_or_else(|error| panic!("{}: {error}", info.name))
}

/// Returns where it is, what was written, and the memory that there is something in.
fn return_all(f: &mut FunctionBuilder, written: &[Reg], memory: Memory, place: i64) {
    let mut values = vec![f.integer(place)];
    for &register in written {
        let bits: Vec<Reg> = match f.register_type(register) {
            Type::I32 => vec![f.i64_extend_i32_s(register)],
            Type::F32 => {
                let bits = f.i32_reinterpret_f32(register);
                vec![f.i64_extend_i32_s(bits)]
            }
            Type::F64 => vec![f.i64_reinterpret_f64(register)],
            Type::V128 => vec![f.i64x2_extract_lane(register, 0), f.i64x2_extract_lane(register, 1)],
            Type::I64 => vec![register],
            Type::Any | Type::Cell | Type::Ref(_) => {
                values.push(register.into());
                continue;
            }
        };
        values.extend(bits.into_iter().map(|bits| Operand::from(f.any_from_i64(bits))));
    }
    let sum = f.copy(0_i64);
    for offset in (0..DATA as u64 * 2).step_by(8) {
        let word = f.i64_load(memory, 0, offset);
        let turned = f.i64_rotl(sum, 5_i64);
        f.to(sum).i64_xor(turned, word);
    }
    values.push(f.any_from_i64(sum).into());
    f.return_values(&values);
}

/// Does an instruction with a number of random operands on both.
///
/// # Errors
/// When both do not do the same.
pub fn check(info: &'static InstructionInfo, number: u64) -> Result<(), String> {
    let mut random = Random::new(u64::from(info.opcode as u16), number);
    let program = program(info, &mut random);
    let expected = meant(&program)?;
    let found = done(&program, Mode::Off)?;
    let are_same = expected.len() == found.len()
        && expected.iter().zip(&found).all(|(expected, found)| expected == found || are_nans(info, expected, found));
    match are_same {
        true => Ok(()),
        false => Err(format!("{} means {expected:?}\n    but: {found:?}\n{}", info.name, *program)),
    }
}

/// Does an instruction with a number of random operands in native code and in the interpreter, which agree in all bits.
///
/// # Errors
/// When both do not do the same.
pub fn check_native(info: &'static InstructionInfo, number: u64) -> Result<(), String> {
    let program = program(info, &mut Random::new(u64::from(info.opcode as u16), number));
    let (expected, found) = (done(&program, Mode::Off)?, done(&program, Mode::Native)?);
    match expected == found {
        true => Ok(()),
        false => Err(format!("{} gives {expected:?}\n    but native code: {found:?}\n{}", info.name, *program)),
    }
}

/// Whether two results are floats that are not numbers, whose bits are open.
fn are_nans(info: &InstructionInfo, expected: &str, found: &str) -> bool {
    let bits = |text: &str| text.parse::<i64>().ok();
    let (Some(expected), Some(found)) = (bits(expected), bits(found)) else { return false };
    let single = |bits: u32| f32::from_bits(bits).is_nan();
    let double = |bits: i64| f64::from_bits(bits as u64).is_nan();
    let halves = |word: i64| [word as u32, (word >> 32) as u32];
    let singles = || halves(expected).into_iter().zip(halves(found)).all(|(a, b)| a == b || single(a) && single(b));
    let (is_single, is_double) = (info.name.starts_with("f32"), info.name.starts_with("f64"));
    is_single && singles() || is_double && double(expected) && double(found)
}

/// What a program means: what it returns, or its error.
fn meant(program: &Verified) -> Result<Vec<String>, String> {
    let mut machine = semantics::Machine::new(semantics::Limits::default());
    let instance = machine.instantiate(program.clone()).map_err(|error| format!("{error:?}"))?;
    let main = machine.exported_function(instance, "main").ok_or("there is no main")?;
    machine.set_fuel(Some(FUEL));
    let mut lines = match machine.call(&main, &[]) {
        semantics::Ended::Finished(values) => values.iter().map(shown).collect(),
        semantics::Ended::Failed { error, trap } => vec![format!("{} {trap:?}", shown(&error))],
        semantics::Ended::OutOfFuel => vec!["out of fuel".to_owned()],
    };
    lines.push(format!("{:?} left", machine.fuel()));
    Ok(lines)
}

/// Units that a program is given.
const FUEL: u64 = 10_000;

/// What the machine does.
fn done(program: &Verified, mode: Mode) -> Result<Vec<String>, String> {
    let mut machine = native::with(mode, || native::machine(Limits::default()));
    let instance = machine.instantiate(program.clone()).map_err(|error| error.to_string())?;
    let main = machine.exported_function(instance, "main").ok_or("there is no main")?;
    machine.set_fuel(Some(FUEL));
    machine.prepare(main, &[]);
    let mut lines: Vec<String> = match machine.resume() {
        minivm::raw::RunState::Finished(values) => {
            values.iter().map(|&value| crate::run_generated::shown(value)).collect()
        }
        minivm::raw::RunState::Failed(Failure::Error { value, trap, .. }) => {
            vec![format!("{} {trap:?}", without_names(&crate::run_generated::shown(value)))]
        }
        minivm::raw::RunState::OutOfFuel => vec!["out of fuel".to_owned()],
        _ => vec!["it waits".to_owned()],
    };
    lines.push(format!("{:?} left", machine.fuel()));
    Ok(lines)
}

/// The rows that [`check`] can do.
pub fn simple() -> impl Iterator<Item = &'static InstructionInfo> {
    INSTRUCTIONS.iter().filter(|info| is_simple(info))
}
