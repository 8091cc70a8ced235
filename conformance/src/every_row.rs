//! A program for each row of the table of instructions, which does it with operands of the right types: with numbers, and with
//! objects whose metamethods run other code in the middle of it. Nothing here runs them.

use crate::generate::{HOST, Programs};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::{Block, Func, Layout, Reg, Sig};
use minivm_isa::instruction::InstructionInfo;
use minivm_isa::operand::{ImmediateKind, IndexKind, OperandSource, Pattern, Role};
use minivm_isa::program::{
    Constant, DataDef, ElementDef, ElementType, Initial, LayoutDef, MemoryDef, Origin, SegmentMode, TableDef,
};
use minivm_isa::{INSTRUCTIONS, Instruction, Operand, Signature, Storage, Type};
use std::convert::Infallible;

/// Numbers of the layouts of every program: a record with one field, arrays of integers, of `any` and of bytes.
const RECORD: u32 = 0;
const INTEGERS: u32 = 1;
const VALUES: u32 = 2;
const BYTES: u32 = 3;

/// Functions that every program has.
struct Functions {
    /// The host's: gives its arguments back.
    id: Func,
    note: Func,
    pcall: Func,
    metatable: Func,
    /// Takes and gives an integer of 64 bits, typed.
    typed: Func,
    typed_signature: Sig,
    /// A metamethod, iterator and fiber, which calls the host.
    dynamic: Func,
    /// Captures an `any`.
    capturing: Func,
}

/// The rows, each with a program that does it.
///
/// # Errors
/// When a program cannot be built; the row is named.
pub fn programs() -> Result<Vec<(&'static InstructionInfo, Programs)>, String> {
    let made = |row: &'static InstructionInfo| {
        let main = program(row).map_err(|error| format!("{}: {error}", row.name))?;
        Ok((row, Programs { library: ProgramBuilder::new().finish_unverified(), main }))
    };
    INSTRUCTIONS.iter().map(made).collect()
}

fn program(row: &'static InstructionInfo) -> Result<minivm_isa::Program, String> {
    let mut builder = ProgramBuilder::new();
    builder.layout(LayoutDef::Record(vec![Storage::Whole(Type::I64)]));
    builder.layout(LayoutDef::Array(Storage::Whole(Type::I64)));
    builder.layout(LayoutDef::Array(Storage::Whole(Type::Any)));
    builder.layout(LayoutDef::Array(Storage::I8));
    let any = |builder: &mut ProgramBuilder, name| builder.import_function(HOST, name, Signature::dynamic(0, true));
    let (id, note, pcall, metatable) = (
        any(&mut builder, "id"),
        any(&mut builder, "note"),
        any(&mut builder, "pcall"),
        any(&mut builder, "metatable"),
    );
    let typed = Signature::typed(&[Type::I64], &[Type::I64]);
    let typed_signature = builder.signature(typed.clone());
    let functions = Functions {
        id,
        note,
        pcall,
        metatable,
        typed: builder.declare(typed.clone()),
        typed_signature,
        dynamic: builder.declare(Signature::dynamic(2, false)),
        capturing: builder.declare(Signature::dynamic(3, false)),
    };
    items(&mut builder, &functions);
    helpers(&mut builder, &functions, typed.clone())?;
    let is_typed = row.name == "tail_call" || row.name == "tail_call_indirect" || row.name == "tail_call_ref";
    let is_capturing = row.name.starts_with("capture_");
    let signature = match row.name {
        _ if is_typed => typed,
        "varargs" | "varargs_to_open" => Signature::dynamic(1, true),
        _ => Signature::dynamic(3, false),
    };
    let does = if is_capturing { functions.capturing } else { builder.declare(signature.clone()) };
    let mut f = builder.function(row.name, signature);
    if is_capturing {
        let is_cell = row.name.starts_with("capture_cell");
        f.capture(if is_cell { Type::Cell } else { Type::Any }, "captured");
    }
    body(&mut f, row, &functions);
    builder.define(does, f).map_err(|error| error.to_string())?;
    if !is_capturing {
        let mut f = builder.function("capturing", Signature::dynamic(3, false));
        f.capture(Type::Any, "captured");
        f.return_values(&[]);
        builder.define(functions.capturing, f).map_err(|error| error.to_string())?;
    }
    let main = builder.declare(Signature::dynamic(0, false));
    let mut f = builder.function("main", Signature::dynamic(0, false));
    main_body(&mut f, row, &functions, does);
    builder.define(main, f).map_err(|error| error.to_string())?;
    builder.export_function("main", main);
    Ok(builder.finish_unverified())
}

fn items(builder: &mut ProgramBuilder, functions: &Functions) {
    builder.global(Type::I64, true, Constant::I64(5));
    let memory = MemoryDef {
        origin: Origin::Own(()),
        minimum: 1,
        maximum: Some(3),
        is_64: false,
        is_shared: true,
        page_bits: 16,
    };
    builder.add_memory(memory);
    builder.add_data(DataDef { mode: SegmentMode::Passive, bytes: [7; 64].into() });
    let table = builder.add_table(TableDef {
        origin: Origin::Own(Initial::Constant(Constant::Nil)),
        element: ElementType::Any,
        minimum: 8,
        maximum: Some(20),
        is_64: false,
    });
    let values = vec![Initial::Function(functions.typed); 4];
    let mode = SegmentMode::Active(table, Initial::Constant(Constant::I32(0)));
    builder.add_element(ElementDef { mode: SegmentMode::Passive, element: ElementType::Any, values: values.clone() });
    builder.add_element(ElementDef { mode, element: ElementType::Any, values });
}

fn helpers(builder: &mut ProgramBuilder, functions: &Functions, typed: Signature) -> Result<(), String> {
    let mut f = builder.function("typed", typed);
    let (param, three) = (f.param(0), f.i64(3));
    let result = f.i64_mul(param, three);
    f.return_values(&[result.into()]);
    builder.define(functions.typed, f).map_err(|error| error.to_string())?;
    let mut f = builder.function("dynamic", Signature::dynamic(2, false));
    let (id, seven, result) = (f.ref_func(functions.id), f.integer(7), f.register(Type::Any));
    f.call_any(&[result], id, &[seven]);
    f.return_values(&[result.into()]);
    builder.define(functions.dynamic, f).map_err(|error| error.to_string())
}

/// The function that does the row: with its parameters as inputs, as far as they are `any`; it returns what the row gives.
fn body(f: &mut FunctionBuilder, row: &'static InstructionInfo, functions: &Functions) {
    let targets = [f.block(), f.block()];
    let mut operands = Operands { f, row, functions, targets, params: 0, outs: Vec::new() };
    let Ok(instruction) = row.opcode.read(&mut operands);
    let outs = std::mem::take(&mut operands.outs);
    if row.effects.takes_open {
        let (id, one) = (f.ref_func(functions.id), f.integer(1));
        f.call_any_to_open(id, &[one, one]);
    }
    f.emit(instruction);
    let ends = row.effects.end;
    let has_targets = row.operands.iter().any(|(_, role)| matches!(role, Role::Target | Role::Targets));
    let blocks = if !ends || has_targets { 2 } else { 0 };
    if !ends && row.effects.leaves_open {
        return f.return_open(&[]);
    }
    if !ends {
        f.jump(targets[0]);
    }
    for (number, &block) in targets.iter().take(blocks).enumerate() {
        f.switch_to(block);
        let mut values: Vec<Operand> = outs.iter().map(|&reg| as_any(f, reg).into()).collect();
        values.push(f.integer(number as i64));
        f.return_values(&values);
    }
    // Blocks that nobody goes to end, too.
    for &block in targets.iter().skip(blocks) {
        f.switch_to(block);
        f.trap(minivm_isa::TrapCode::Unreachable);
    }
}

/// A register of any type as an `any`.
fn as_any(f: &mut FunctionBuilder, reg: Reg) -> Reg {
    match f.register_type(reg) {
        Type::Any => reg,
        Type::I32 => {
            let wide = f.i64_extend_i32_s(reg);
            f.any_from_i64(wide)
        }
        Type::I64 => f.any_from_i64(reg),
        Type::F32 => {
            let wide = f.f64_promote_f32(reg);
            f.any_from_f64(wide)
        }
        Type::F64 => f.any_from_f64(reg),
        Type::V128 => {
            let lane = f.i64x2_extract_lane(reg, 1);
            f.any_from_i64(lane)
        }
        Type::Cell => f.cell_get(reg),
        Type::Ref(layout) => f.any_from_ref(layout, reg),
    }
}

/// Calls the row with numbers, and with tables that have the metamethod; notes what comes.
fn main_body(f: &mut FunctionBuilder, row: &InstructionInfo, functions: &Functions, does: Func) {
    let (note, pcall) = (f.ref_func(functions.note), f.ref_func(functions.pcall));
    let captured = f.integer(11);
    let called = match row.name {
        name if name.starts_with("capture_cell") => {
            let cell = f.cell_new(captured);
            f.closure(does, &[cell.into()])
        }
        name if name.starts_with("capture_") => f.closure(does, &[captured]),
        _ => f.ref_func(does),
    };
    let mut inputs: Vec<[Operand; 3]> = vec![[f.integer(6), f.integer(2), f.integer(3)], [f.float(1.5); 3]];
    if let Some(metamethod) = row.facts.metamethod {
        let (method, setter) = (f.ref_func(functions.dynamic), f.ref_func(functions.metatable));
        let (metatable, name) = (f.table_new(0, 1), f.string(format!("__{metamethod}").into_bytes()));
        f.set(metatable, name, method);
        let tables = [(); 3].map(|()| {
            let (table, result) = (f.table_new(0, 0), f.register(Type::Any));
            f.call_any(&[result], setter, &[table.into(), metatable.into()]);
            Operand::from(table)
        });
        inputs.push(tables);
    }
    let is_yielding = row.facts.waits == Some(minivm_isa::facts::Waits::Yield);
    for [a, b, c] in inputs {
        if is_yielding {
            let fiber = f.fiber_new(called);
            for _ in 0..2 {
                let ok = f.register(Type::Any);
                f.emit(Instruction::FiberResumeToOpen { ok, fiber: fiber.into(), arguments: [a, b, c].into() });
                f.call_any_open(&[], note, &[ok.into()]);
            }
        } else {
            f.call_any_to_open(pcall, &[called.into(), a, b, c]);
            f.call_any_open(&[], note, &[]);
        }
    }
    f.return_values(&[]);
}

/// Gives a row its operands.
struct Operands<'a> {
    f: &'a mut FunctionBuilder,
    row: &'static InstructionInfo,
    functions: &'a Functions,
    targets: [Block; 2],
    /// Parameters that are used so far.
    params: usize,
    /// What the row writes.
    outs: Vec<Reg>,
}

impl Operands<'_> {
    fn layout(&self) -> Layout {
        Layout::from_u32(match self.row.name {
            "array_init_element" => VALUES,
            "string_from_array" => BYTES,
            name if name.starts_with("array_") => INTEGERS,
            _ => RECORD,
        })
    }

    fn ty(&self, pattern: Pattern, operand: &'static str) -> Type {
        match pattern {
            Pattern::Exactly(ty) => ty,
            Pattern::Same | Pattern::GlobalType => Type::I64,
            Pattern::Address => Type::I32,
            Pattern::RefType => Type::Ref(self.layout()),
            Pattern::Special => match (self.row.name, operand) {
                ("array_copy", _) => Type::Ref(self.layout()),
                ("capture_get" | "closure", _) => Type::Any,
                ("return_values", _) => Type::Any,
                ("memory_copy" | "table_copy", _) => Type::I32,
                _ => Type::I64,
            },
        }
    }

    /// A value of a type.
    fn value(&mut self, ty: Type, operand: &'static str) -> Operand {
        match ty {
            // A place where an atomic access may be.
            Type::I32 if operand == "address" => self.f.i32(8),
            Type::I32 => self.f.i32(1),
            Type::I64 => self.f.i64(1),
            Type::F32 => self.f.f32(2.5),
            Type::F64 => self.f.f64(2.5),
            Type::V128 => self.f.constant(Constant::V128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f00)),
            Type::Cell => {
                let value = self.f.integer(9);
                self.f.cell_new(value).into()
            }
            Type::Ref(layout) => {
                let (length, element) = (self.f.i32(4), self.f.i64(8));
                match layout.as_u32() {
                    RECORD => self.f.record_new(layout, &[element]).into(),
                    INTEGERS => self.f.array_new(layout, length, element).into(),
                    BYTES => {
                        let byte = self.f.i32(65);
                        self.f.array_new(layout, length, byte).into()
                    }
                    _ => {
                        let nil = self.f.nil();
                        self.f.array_new(layout, length, nil).into()
                    }
                }
            }
            Type::Any => self.any(operand),
        }
    }

    /// An `any` value for an operand: a function or fiber where one is wanted, else the next parameter.
    fn any(&mut self, operand: &'static str) -> Operand {
        match (self.row.name, operand) {
            ("call_ref" | "tail_call_ref", "callee") => self.f.ref_func(self.functions.typed).into(),
            (_, "callee" | "iterator") => self.f.ref_func(self.functions.dynamic).into(),
            (_, "fiber") => {
                let callee = self.f.ref_func(self.functions.dynamic);
                self.f.fiber_new(callee).into()
            }
            ("append" | "append_open" | "metatable_set", "table" | "src") => self.f.table_new(2, 0).into(),
            ("table_next", "table") => {
                let (table, key) = (self.f.table_new(0, 1), self.f.string(*b"key"));
                self.f.set(table, key, key);
                table.into()
            }
            ("table_next", "after") => self.f.nil(),
            ("string_byte" | "string_slice", "src") => self.f.string(*b"bytes"),
            ("array_size" | "any_from_ref", _) => {
                let (length, element) = (self.f.i32(4), self.f.i64(8));
                let array = self.f.array_new(Layout::from_u32(INTEGERS), length, element);
                self.f.any_from_ref(Layout::from_u32(INTEGERS), array).into()
            }
            ("ref_from_any", _) => {
                let element = self.f.i64(8);
                let record = self.f.record_new(Layout::from_u32(RECORD), &[element]);
                self.f.any_from_ref(Layout::from_u32(RECORD), record).into()
            }
            _ if self.params < 3 && self.f.register_type(self.f.param(0)) == Type::Any => {
                let param = self.f.param(self.params.min(2));
                self.params += 1;
                param.into()
            }
            _ => self.f.integer(4),
        }
    }

    fn role(&self, operand: &'static str) -> Role {
        let found = self.row.operands.iter().find(|(name, _)| *name == operand);
        found.expect("a row reads the operands it has").1
    }
}

impl OperandSource for Operands<'_> {
    type Error = Infallible;

    fn reg(&mut self, name: &'static str) -> Result<Reg, Infallible> {
        let role = self.role(name);
        let (Role::Out(pattern) | Role::InOut(pattern)) = role else { unreachable!("it is one register") };
        let ty = self.ty(pattern, name);
        let reg = self.f.register(ty);
        if let Role::InOut(_) = role {
            let number = self.f.integer(2);
            self.f.emit(Instruction::Copy { dst: reg, src: number });
        }
        self.outs.push(reg);
        Ok(reg)
    }

    fn input(&mut self, name: &'static str, pattern: Pattern) -> Result<Operand, Infallible> {
        let ty = self.ty(pattern, name);
        Ok(self.value(ty, name))
    }

    fn regs(&mut self, name: &'static str) -> Result<Box<[Reg]>, Infallible> {
        let Role::Outs(pattern) = self.role(name) else { unreachable!("it is a list of registers") };
        let ty = self.ty(pattern, name);
        let count = if ty == Type::Any { 2 } else { 1 };
        let regs: Vec<Reg> = (0..count).map(|_| self.f.register(ty)).collect();
        self.outs.extend(&regs);
        Ok(regs.into())
    }

    fn inputs(&mut self, name: &'static str, pattern: Pattern) -> Result<Box<[Operand]>, Infallible> {
        let ty = self.ty(pattern, name);
        let count = if ty == Type::Any && self.row.name != "closure" { 2 } else { 1 };
        Ok((0..count).map(|_| self.value(ty, name)).collect())
    }

    fn block(&mut self, name: &'static str) -> Result<Block, Infallible> {
        Ok(self.targets[usize::from(matches!(name, "if_false" | "done" | "default"))])
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Infallible> {
        Ok(self.targets.into())
    }

    fn index(&mut self, _: &'static str, kind: IndexKind) -> Result<u32, Infallible> {
        Ok(match kind {
            IndexKind::Func => match self.row.name {
                "closure" => self.functions.capturing.as_u32(),
                _ => self.functions.typed.as_u32(),
            },
            IndexKind::Sig => self.functions.typed_signature.as_u32(),
            IndexKind::Layout => self.layout().as_u32(),
            IndexKind::Global | IndexKind::Memory | IndexKind::Table | IndexKind::Data | IndexKind::Element => 0,
        })
    }

    fn immediate(&mut self, _: &'static str, kind: ImmediateKind) -> Result<u64, Infallible> {
        Ok(match kind {
            ImmediateKind::Offset | ImmediateKind::Trap => 0,
            ImmediateKind::Number => u64::from(matches!(self.row.name, "append" | "append_open")),
            ImmediateKind::Kind => minivm_isa::Kind::Integer as u64,
        })
    }
}
