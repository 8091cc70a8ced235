//! Every row of the table of instructions is loaded and runs.

mod common;

use common::{fails, message};
use minivm::raw::{Limits, Value};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::{Block, Func, Layout, Reg, Sig};
use minivm_isa::instruction::InstructionInfo;
use minivm_isa::operand::{ImmediateKind, IndexKind, OperandSource, Pattern};
use minivm_isa::program::{
    Constant, DataDef, ElementDef, ElementType, Initial, LayoutDef, MemoryDef, Origin, SegmentMode, TableDef,
};
use minivm_isa::{INSTRUCTIONS, Instruction, Operand, Signature, Storage, Type};
use std::convert::Infallible;

/// A program with one of everything that an instruction can name.
struct Base {
    program: ProgramBuilder,
    typed: Func,
    typed_signature: Sig,
    dynamic: Func,
}

fn base() -> Base {
    let mut p = ProgramBuilder::new();
    let signature = Signature::typed(&[Type::I32], &[Type::I32]);
    let mut f = p.function("typed", signature.clone());
    let n = f.param(0);
    f.return_values(&[n.into()]);
    let typed = p.add(f).expect("it is well-formed");
    let mut f = p.function("dynamic", Signature::dynamic(1, true));
    let first = f.param(0);
    f.return_values(&[first.into()]);
    let dynamic = p.add(f).expect("it is well-formed");
    p.global(Type::I32, true, Constant::I32(5));
    p.add_memory(MemoryDef {
        origin: Origin::Own(()),
        minimum: 1,
        maximum: None,
        is_64: false,
        is_shared: false,
        page_bits: 16,
    });
    p.add_table(TableDef {
        origin: Origin::Own(Initial::Function(typed)),
        element: ElementType::Any,
        minimum: 8,
        maximum: None,
        is_64: false,
    });
    p.add_data(DataDef { mode: SegmentMode::Passive, bytes: [7; 32].into() });
    let values = vec![Initial::Function(typed); 9];
    p.add_element(ElementDef { mode: SegmentMode::Passive, element: ElementType::Function, values });
    p.layout(LayoutDef::Record(vec![Storage::Whole(Type::I32), Storage::Whole(Type::Any)]));
    p.layout(LayoutDef::Array(Storage::Whole(Type::I32)));
    p.layout(LayoutDef::Array(Storage::Whole(Type::Any)));
    p.layout(LayoutDef::Array(Storage::I8));
    let typed_signature = p.signature(signature);
    Base { program: p, typed, typed_signature, dynamic }
}

/// Makes operands for one row.
struct Operands<'a> {
    f: &'a mut FunctionBuilder,
    row: &'static InstructionInfo,
    base: &'a Base,
    constants: bool,
    first: Block,
    second: Block,
    roles: usize,
}

impl Operands<'_> {
    fn layout(&self) -> Layout {
        Layout::from_u32(match self.row.name {
            "array_init_element" => 2,
            "string_from_array" => 3,
            name => u32::from(name.starts_with("array")),
        })
    }

    fn ty(&self, pattern: Pattern, operand: &str) -> Type {
        match pattern {
            Pattern::Exactly(ty) => ty,
            Pattern::Same | Pattern::Address | Pattern::GlobalType => Type::I32,
            Pattern::RefType => Type::Ref(self.layout()),
            Pattern::Special => match (self.row.name, operand) {
                ("capture_get", _) => Type::Any,
                ("array_copy", "object" | "source") => Type::Ref(self.layout()),
                _ => Type::I32,
            },
        }
    }

    /// A constant that makes the instruction succeed.
    fn constant(&mut self, ty: Type) -> Option<Operand> {
        Some(match ty {
            Type::Any => self.f.integer(2),
            Type::I32 => self.f.i32(3),
            Type::I64 => self.f.i64(4),
            Type::F32 => self.f.f32(1.5),
            Type::F64 => self.f.f64(2.5),
            Type::V128 => self.f.constant(Constant::V128(6)),
            Type::Cell | Type::Ref(_) => return None,
        })
    }

    fn value(&mut self, ty: Type, operand: &str) -> Operand {
        let f = &mut *self.f;
        match (ty, operand) {
            // Where threads meet is aligned.
            (Type::I32, "address") if self.row.name.starts_with("memory_") => return f.i32(8),
            (Type::Any, "object" | "table") => return f.table_new(2, 2).into(),
            (Type::Any, "callee" | "iterator") if self.row.name.ends_with("_ref") => {
                return f.ref_func(self.base.typed).into();
            }
            (Type::Any, "callee" | "iterator") => return f.ref_func(self.base.dynamic).into(),
            (Type::Any, "fiber") => {
                let callee = f.ref_func(self.base.dynamic);
                return f.fiber_new(callee).into();
            }
            (Type::Any, "src") if self.row.name == "length" || self.row.name.starts_with("string_") => {
                return f.string(*b"length");
            }
            (Type::Any, "src" | "after") if matches!(self.row.name, "metatable_set" | "table_next") => return f.nil(),
            (Type::Any, "src") if self.row.name == "f64_from_any" => return f.float(2.5),
            (Type::Any, "src") if self.row.name == "array_size" => {
                let layout = Layout::from_u32(1);
                let array = f.array_new(layout, 9, 9);
                return f.any_from_ref(layout, array).into();
            }
            (Type::Any, "src") if self.row.name == "ref_from_any" => return f.nil(),
            (Type::Cell, _) => return f.cell_new(1).into(),
            (Type::Ref(layout), _) if layout.as_u32() == 0 => {
                let fields = [f.i32(1), f.nil()];
                return f.record_new(layout, &fields).into();
            }
            (Type::Ref(layout), _) if layout.as_u32() == 2 => {
                let value = f.nil();
                return f.array_new(layout, 9, value).into();
            }
            (Type::Ref(layout), _) => return f.array_new(layout, 9, 9).into(),
            _ => {}
        }
        let constant = self.constant(ty).expect("references were made above");
        if self.constants {
            return constant;
        }
        let register = self.f.register(ty);
        self.f.emit(Instruction::Copy { dst: register, src: constant });
        register.into()
    }

    fn register(&mut self, ty: Type) -> Reg {
        match self.constant(ty) {
            // Registers that are read and written must hold something.
            Some(src) => {
                let dst = self.f.register(ty);
                self.f.emit(Instruction::Copy { dst, src });
                dst
            }
            None => self.f.register(ty),
        }
    }
}

impl OperandSource for Operands<'_> {
    type Error = Infallible;

    fn reg(&mut self, name: &'static str) -> Result<Reg, Infallible> {
        use minivm_isa::operand::Role;
        let role = self.row.operands.iter().find(|operand| operand.0 == name).expect("it is an operand").1;
        let (Role::Out(pattern) | Role::InOut(pattern)) = role else { unreachable!("only these are single registers") };
        let ty = self.ty(pattern, name);
        Ok(self.register(ty))
    }

    fn input(&mut self, name: &'static str, pattern: Pattern) -> Result<Operand, Infallible> {
        let ty = self.ty(pattern, name);
        Ok(self.value(ty, name))
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, Infallible> {
        let typed = matches!(self.row.name, "call" | "call_indirect" | "call_ref");
        if typed {
            Ok([self.register(Type::I32)].into())
        } else {
            Ok([self.register(Type::Any), self.register(Type::Any)].into())
        }
    }

    fn inputs(&mut self, name: &'static str, _: Pattern) -> Result<Box<[Operand]>, Infallible> {
        let types: &[Type] = match (self.row.name, name) {
            ("closure", _) => &[],
            ("record_new", _) => &[Type::I32, Type::Any],
            ("string_new", _) => &[Type::I32, Type::I32],
            (name, "arguments") if name.contains("call") && !name.contains("any") => &[Type::I32],
            _ => &[Type::Any, Type::Any],
        };
        Ok(types.iter().map(|&ty| self.value(ty, "")).collect())
    }

    fn block(&mut self, _: &'static str) -> Result<Block, Infallible> {
        self.roles += 1;
        Ok(if self.roles == 1 { self.first } else { self.second })
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Infallible> {
        Ok([self.first, self.second].into())
    }

    fn index(&mut self, _: &'static str, kind: IndexKind) -> Result<u32, Infallible> {
        Ok(match kind {
            IndexKind::Func if self.row.name.contains("call") => self.base.typed.as_u32(),
            IndexKind::Func => self.base.dynamic.as_u32(),
            IndexKind::Sig => self.base.typed_signature.as_u32(),
            IndexKind::Layout => self.layout().as_u32(),
            _ => 0,
        })
    }

    fn immediate(&mut self, _: &'static str, kind: ImmediateKind) -> Result<u64, Infallible> {
        Ok(match kind {
            ImmediateKind::Number if self.row.name.starts_with("capture_cell") => 1,
            ImmediateKind::Number if self.row.name.starts_with("append") => 1,
            ImmediateKind::Offset => 8,
            ImmediateKind::Kind => 3,
            ImmediateKind::Number | ImmediateKind::Trap => 0,
        })
    }
}

/// Runs a function that does one row; gives what it fails with.
fn run(row: &'static InstructionInfo, constants: bool) -> Option<String> {
    let mut base = base();
    let is_typed = matches!(row.name, "tail_call" | "tail_call_indirect" | "tail_call_ref");
    let signature = if is_typed { Signature::typed(&[], &[Type::I32]) } else { Signature::dynamic(0, true) };
    let mut f = base.program.function("row", signature);
    if !is_typed {
        f.capture(Type::Any, "value");
        f.capture(Type::Cell, "cell");
    }
    let (first, second) = (f.block(), f.block());
    let mut operands = Operands { f: &mut f, row, base: &base, constants, first, second, roles: 0 };
    let Ok(instruction) = row.opcode.read(&mut operands);
    if row.effects.takes_open {
        f.varargs_to_open();
    }
    f.emit(instruction);
    if row.effects.leaves_open {
        f.return_open(&[]);
    } else if !row.effects.end {
        f.return_values(&[]);
    } else if row.operands.iter().any(|(_, role)| matches!(role, minivm_isa::operand::Role::Target)) {
        for block in [first, second] {
            f.switch_to(block);
            f.return_values(&[]);
        }
    }
    let function = base.program.add(f).expect("it is well-formed");
    base.program.export_function("row", function);
    let verified = match base.program.finish() {
        Ok(verified) => verified,
        Err(error) => panic!("{}: {error}", row.name),
    };
    let mut machine = common::raw_machine(Limits::default());
    let instance = machine.instantiate(verified).expect("it links");
    let function = if is_typed {
        machine.exported_function(instance, "row").expect("it is exported")
    } else {
        machine.closure(instance, "row", &[Value::int(1), Value::int(2)]).expect("it is exported")
    };
    let result = machine.call(function, &[Value::int(11), Value::int(12)]);
    result.err().map(|failure| message(&mut machine, failure))
}

#[test]
fn every_row_runs() {
    for row in INSTRUCTIONS {
        for constants in [false, true] {
            let failed = run(row, constants);
            let expected = match row.name {
                "trap" => Some("unreachable"),
                "throw" => Some("2"),
                "memory_wait_i32" | "memory_wait_i64" => Some("expected shared memory"),
                "fiber_yield_to_open" | "fiber_yield_open_to_open" => Some("attempt to yield from outside a coroutine"),
                _ => None,
            };
            assert_eq!(failed.as_deref(), expected, "{} with constants: {constants}", row.name);
        }
    }
}

#[test]
fn null_objects_trap() {
    let layouts = |p: &mut ProgramBuilder| {
        p.layout(LayoutDef::Record(vec![Storage::Whole(Type::I64)]));
        p.layout(LayoutDef::Array(Storage::I8));
    };
    let (record, array) = (Layout::from_u32(0), Layout::from_u32(1));
    let cases: [&dyn Fn(&mut FunctionBuilder); 5] = [
        &|f| {
            let null = f.ref_null(record);
            f.fresh(Type::I64).record_get(record, null, 0);
        },
        &|f| {
            let null = f.ref_null(record);
            f.record_set(record, null, 0, 1i64);
        },
        &|f| {
            let null = f.ref_null(array);
            f.fresh(Type::I32).array_get(array, null, 0);
        },
        &|f| {
            let null = f.ref_null(array);
            f.array_set(array, null, 0, 1i32);
        },
        &|f| {
            let null = f.ref_null(array);
            f.array_length(array, null);
        },
    ];
    for case in cases {
        assert_eq!(fails(layouts, case), "null reference");
    }
}
