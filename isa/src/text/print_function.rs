//! How functions and instructions print.

use super::value::{Quoted, Value};
use crate::entities::{Const, Data, Element, Func, Global, Layout, Memory, Reg, Sig, Table};
use crate::operand::{ImmediateKind, IndexKind, Input, Operand, OperandRef, Pattern};
use crate::program::{Constant, Function, FunctionDef, Program, RegionKind};
use crate::steps;
use crate::types::{Kind, Type};
use crate::{Instruction, TrapCode};
use cranelift_entity::PrimaryMap;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

/// Registers on one line.
const REGISTERS_PER_LINE: usize = 12;

/// Prints a function with its code; nothing for an import or a number that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct FunctionText<'a> {
    /// The program it belongs to.
    pub program: &'a Program,
    /// Which function.
    pub number: Func,
}

/// Prints one instruction of a function, as a line without its end.
#[derive(Clone, Copy, Debug)]
pub struct InstructionText<'a> {
    /// The program; with it, comments name the functions that are called.
    pub program: Option<&'a Program>,
    /// The function, for its constants.
    pub function: &'a Function,
    /// The instruction.
    pub instruction: &'a Instruction,
}

impl Display for FunctionText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(FunctionDef::Code(function)) = self.program.functions.get(self.number) else { return Ok(()) };
        let signature = self.program.signatures.get(function.signature);
        write!(f, "{} {} {}", self.number, Quoted(function.name.as_bytes()), function.signature)?;
        match signature {
            Some(signature) => writeln!(f, " {signature} {{")?,
            None => writeln!(f, " {{")?,
        }
        captures(function, f)?;
        registers(function, signature.map_or(&[], |signature| &signature.params), f)?;
        let pool = Pool::new(function);
        pool.print(function, f)?;
        regions_and_locals(function, f)?;
        code(self.program, function, &pool, f)?;
        f.write_str("}\n")
    }
}

fn captures(function: &Function, f: &mut Formatter<'_>) -> fmt::Result {
    let separator = |index: usize| if index == 0 { "" } else { ", " };
    if !function.captures.is_empty() {
        f.write_str("  captures ")?;
        for (index, ty) in function.captures.iter().enumerate() {
            write!(f, "{}{ty}", separator(index))?;
        }
        writeln!(f)?;
    }
    if !function.capture_names.is_empty() {
        f.write_str("  capture_names ")?;
        for (index, name) in function.capture_names.iter().enumerate() {
            write!(f, "{}{}", separator(index), Quoted(name.as_bytes()))?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// Registers past the parameters; all of them when they do not begin as the parameters do.
fn registers(function: &Function, params: &[Type], f: &mut Formatter<'_>) -> fmt::Result {
    let all = function.registers.values().as_slice();
    steps::count(all.len() + params.len());
    let begins_right = all.starts_with(params);
    if all.is_empty() && !begins_right {
        return writeln!(f, "  registers none");
    }
    let first = if begins_right { params.len() } else { 0 };
    let rest: Vec<(Reg, &Type)> = function.registers.iter().skip(first).collect();
    for line in rest.chunks(REGISTERS_PER_LINE) {
        f.write_str("  registers ")?;
        for (index, (register, ty)) in line.iter().enumerate() {
            write!(f, "{}{register}: {ty}", if index == 0 { "" } else { ", " })?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn regions_and_locals(function: &Function, f: &mut Formatter<'_>) -> fmt::Result {
    for region in &function.regions {
        let kind = match region.kind {
            RegionKind::Catch => "catch",
            RegionKind::Cleanup => "cleanup",
            RegionKind::Exception => "exception",
        };
        write!(
            f,
            "  region {kind} {}..{} handler {} error {}",
            region.start, region.end, region.handler, region.error
        )?;
        match region.message_handler {
            Some(register) => writeln!(f, " message_handler {register}")?,
            None => writeln!(f)?,
        }
    }
    for local in &function.locals {
        let name = Quoted(local.name.as_bytes());
        writeln!(f, "  local {name} {} {}..{}", local.register, local.start, local.end)?;
    }
    Ok(())
}

fn code(program: &Program, function: &Function, pool: &Pool, f: &mut Formatter<'_>) -> fmt::Result {
    let mut blocks = function.blocks.iter().peekable();
    let mut spans = function.spans.iter().peekable();
    for index in 0..=function.code.len() {
        steps::count(1);
        while let Some((block, _)) = blocks.next_if(|&(_, &start)| start as usize <= index) {
            writeln!(f, "{block}:  ; {index}")?;
        }
        while let Some(span) = spans.next_if(|span| span.instruction as usize <= index) {
            writeln!(f, "  at {} line {} bytes {}..{}", span.source, span.line, span.start, span.end)?;
        }
        if let Some(instruction) = function.code.get(index) {
            f.write_str("  ")?;
            print_instruction(Some(program), function, instruction, |constant| pool.is_value(constant), f)?;
            writeln!(f)?;
        }
    }
    Ok(())
}

/// How the constants of a function show: by value, as far as the parser would then number them the same.
struct Pool {
    /// Whether the constants are listed before the code.
    is_listed: bool,
    /// Whether an operand names a constant by its value.
    by_value: PrimaryMap<Const, bool>,
}

impl Pool {
    fn new(function: &Function) -> Pool {
        let mut numbers: HashMap<&Constant, Const> = HashMap::new();
        let mut is_natural = true;
        let mut see = |operand: Operand| {
            steps::count(1);
            let Some(constant) = operand.constant() else { return };
            let Some(value) = function.constants.get(constant) else {
                is_natural = false;
                return;
            };
            let next = Const::from_u32(u32::try_from(numbers.len()).expect("constants are counted in u32"));
            is_natural &= *numbers.entry(value).or_insert(next) == constant;
        };
        for instruction in &function.code {
            instruction.for_each_operand(|_, operand| match operand {
                OperandRef::In(input, _) => see(input),
                OperandRef::Ins(inputs, _) => inputs.iter().for_each(|&input| see(input)),
                OperandRef::Out(..) | OperandRef::InOut(..) | OperandRef::Outs(..) | OperandRef::Target(_) => {}
                OperandRef::Targets(_) | OperandRef::Index(..) | OperandRef::Immediate(..) => {}
            });
        }
        if is_natural && numbers.len() == function.constants.len() {
            return Pool { is_listed: false, by_value: function.constants.values().map(|_| true).collect() };
        }
        let mut first: HashMap<&Constant, Const> = HashMap::new();
        let by_value = function.constants.iter().map(|(number, value)| *first.entry(value).or_insert(number) == number);
        Pool { is_listed: true, by_value: by_value.collect() }
    }

    fn is_value(&self, constant: Const) -> bool {
        self.by_value.get(constant).copied().unwrap_or(false)
    }

    fn print(&self, function: &Function, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_listed {
            for (number, constant) in &function.constants {
                writeln!(f, "  {number} = {}", Value(constant, Type::Any))?;
            }
        }
        Ok(())
    }
}

impl Display for InstructionText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_value = |constant| self.function.constants.is_valid(constant);
        print_instruction(self.program, self.function, self.instruction, is_value, f)
    }
}

fn print_instruction(
    program: Option<&Program>,
    function: &Function,
    instruction: &Instruction,
    is_value: impl Fn(Const) -> bool,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    steps::count(1);
    let mut results = 0;
    let mut outcome = Ok(());
    let mut result = |register: Reg| {
        outcome = outcome.and_then(|()| write!(f, "{}{register}", if results == 0 { "" } else { ", " }));
        results += 1;
    };
    instruction.for_each_operand(|_, operand| match operand {
        OperandRef::Out(register, _) => result(register),
        OperandRef::Outs(registers, _) => registers.iter().for_each(|&register| result(register)),
        OperandRef::In(..) | OperandRef::InOut(..) | OperandRef::Ins(..) | OperandRef::Target(_) => {}
        OperandRef::Targets(_) | OperandRef::Index(..) | OperandRef::Immediate(..) => {}
    });
    outcome?;
    write!(f, "{}{}", if results > 0 { " = " } else { "" }, instruction.info().name)?;
    let mut line = Line { function, is_value: &is_value, shown: 0, comment: None };
    let mut outcome = Ok(());
    instruction.for_each_operand(|_, operand| {
        outcome = outcome.and_then(|()| line.operand(operand, f));
    });
    outcome?;
    match (line.comment.zip(program)).and_then(|(callee, program)| program.functions.get(callee)) {
        None => Ok(()),
        Some(FunctionDef::Import { import, .. }) => write!(f, "  ; {import}"),
        Some(FunctionDef::Code(callee)) => write!(f, "  ; {}", Quoted(callee.name.as_bytes())),
    }
}

/// The right side of an instruction.
struct Line<'a, V> {
    function: &'a Function,
    is_value: &'a V,
    shown: usize,
    /// A function that is worth a comment.
    comment: Option<Func>,
}

impl<V: Fn(Const) -> bool> Line<'_, V> {
    /// Puts a comma between operands, but none before a list.
    fn separate(&mut self, is_list: bool, f: &mut Formatter<'_>) -> fmt::Result {
        self.shown += 1;
        f.write_str(if self.shown == 1 || is_list { " " } else { ", " })
    }

    fn operand(&mut self, operand: OperandRef<'_>, f: &mut Formatter<'_>) -> fmt::Result {
        match operand {
            OperandRef::Out(..) | OperandRef::Outs(..) => Ok(()),
            OperandRef::In(input, pattern) => {
                self.separate(false, f)?;
                self.input(input, pattern, f)
            }
            OperandRef::InOut(register, _) => {
                self.separate(false, f)?;
                write!(f, "{register}")
            }
            OperandRef::Ins(inputs, pattern) => {
                self.separate(true, f)?;
                f.write_str("(")?;
                for (index, &input) in inputs.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    self.input(input, pattern, f)?;
                }
                f.write_str(")")
            }
            OperandRef::Target(block) => {
                self.separate(false, f)?;
                write!(f, "{block}")
            }
            OperandRef::Targets(blocks) => {
                self.separate(true, f)?;
                write!(f, "{}", super::value::List(blocks))
            }
            OperandRef::Index(kind, index) => {
                self.separate(false, f)?;
                if kind == IndexKind::Func {
                    self.comment = Some(Func::from_u32(index));
                }
                print_index(kind, index, f)
            }
            OperandRef::Immediate(kind, value) => {
                self.separate(false, f)?;
                print_immediate(kind, value, f)
            }
        }
    }

    fn input(&self, input: Operand, pattern: Pattern, f: &mut Formatter<'_>) -> fmt::Result {
        steps::count(1);
        match input.input() {
            Input::Reg(register) => write!(f, "{register}"),
            Input::Const(constant) => match self.function.constants.get(constant) {
                Some(value) if (self.is_value)(constant) => write!(f, "{}", Value(value, plain_type(pattern))),
                _ => write!(f, "{constant}"),
            },
        }
    }
}

/// The type of a plain number where an operand of this pattern stands.
pub(super) fn plain_type(pattern: Pattern) -> Type {
    match pattern {
        Pattern::Exactly(ty) => ty,
        Pattern::Address => Type::I32,
        Pattern::Same | Pattern::GlobalType | Pattern::RefType | Pattern::Special => Type::Any,
    }
}

fn print_index(kind: IndexKind, index: u32, f: &mut Formatter<'_>) -> fmt::Result {
    match kind {
        IndexKind::Func => write!(f, "{}", Func::from_u32(index)),
        IndexKind::Sig => write!(f, "{}", Sig::from_u32(index)),
        IndexKind::Global => write!(f, "{}", Global::from_u32(index)),
        IndexKind::Memory => write!(f, "{}", Memory::from_u32(index)),
        IndexKind::Table => write!(f, "{}", Table::from_u32(index)),
        IndexKind::Data => write!(f, "{}", Data::from_u32(index)),
        IndexKind::Element => write!(f, "{}", Element::from_u32(index)),
        IndexKind::Layout => write!(f, "{}", Layout::from_u32(index)),
    }
}

fn print_immediate(kind: ImmediateKind, value: u64, f: &mut Formatter<'_>) -> fmt::Result {
    match kind {
        ImmediateKind::Offset => write!(f, "+{value}"),
        ImmediateKind::Number => write!(f, "{value}"),
        ImmediateKind::Kind => match Kind::from_number(value) {
            Some(kind) => f.write_str(kind.name()),
            None => write!(f, "{value}"),
        },
        ImmediateKind::Trap => match TrapCode::from_number(value) {
            Some(code) => f.write_str(&code.name()),
            None => write!(f, "{value}"),
        },
    }
}
