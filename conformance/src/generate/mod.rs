//! Random programs that verify: calls of all conventions, tail calls, closures, imports, records, regions, handlers, fibers.
//!
//! [`programs`] makes two programs for a seed and a number: a library, and a main program that imports from it and from the
//! host. Nothing here runs them; [`run_generated`](crate::run_generated) does, in several ways that must agree.
//!
//! | file | what |
//! |---|---|
//! | `mod` | the items of a program: signatures, layouts, globals, tables, functions and how they are imported |
//! | `function` | the body of one function: blocks, loops, regions |
//! | `simple` | instructions that call nothing |
//! | `rows` | any other row of the table of instructions |
//! | `calls` | calls, tail calls, open lists, fibers |

mod calls;
mod function;
mod rows;
mod simple;

use crate::random::Random;
use function::Body;
use minivm_builder::ProgramBuilder;
use minivm_isa::entities::{Func, Global, Layout};
use minivm_isa::program::{
    Constant, DataDef, ElementDef, ElementType, GlobalDef, Import, Initial, Item, LayoutDef, MemoryDef, Origin,
    Program, SegmentMode, TableDef,
};
use minivm_isa::{Convention, Signature, Storage, Type};

/// The module that the host's functions are imported from.
pub const HOST: &str = "host";
/// The module that the library is imported as.
pub const LIBRARY: &str = "library";
/// The host's functions: [`run_generated`](crate::run_generated) says what they do.
pub const HOST_FUNCTIONS: [&str; 13] =
    ["id", "note", "fail", "trap", "call", "keep", "tail", "pcall", "xpcall", "yield", "resume", "close", "metatable"];
/// Functions of a program, imported ones aside.
const FUNCTIONS_MAX: usize = 7;
/// One in so many functions has a frame nearly as wide as one may be.
const WIDE: usize = 60;

/// Two programs that belong together, not verified.
pub struct Programs {
    /// It imports only from the host, and exports everything.
    pub library: Program,
    /// It imports from both, and exports `main`.
    pub main: Program,
}

/// The programs with this number among those of a seed.
pub fn programs(seed: u64, number: u64) -> Programs {
    let mut random = Random::new(seed, number);
    let layouts = layouts(&mut random);
    let library = program(&mut random, &layouts, None);
    let main = program(&mut random, &layouts, Some(&library));
    Programs { library: library.program, main: main.program }
}

/// A function as callers know it.
#[derive(Clone)]
pub(crate) struct FunctionPlan {
    pub(crate) number: Func,
    pub(crate) signature: Signature,
    pub(crate) captures: Vec<Type>,
    pub(crate) is_import: bool,
}

/// What the functions of a program can name.
pub(crate) struct Plan {
    pub(crate) layouts: Vec<LayoutDef>,
    pub(crate) functions: Vec<FunctionPlan>,
    pub(crate) globals: Vec<(Type, bool)>,
    /// What the tables hold.
    pub(crate) tables: Vec<ElementType>,
}

/// A program with its plan.
struct Made {
    plan: Plan,
    program: Program,
}

/// One of some choices.
pub(crate) fn pick<'a, T>(random: &mut Random, choices: &'a [T]) -> &'a T {
    &choices[random.below(choices.len())]
}

/// Whether something happens that happens once in so many times.
pub(crate) fn once_in(random: &mut Random, times: usize) -> bool {
    random.below(times) == 0
}

/// Both programs have the same layouts, so that they can pass objects to one another.
fn layouts(random: &mut Random) -> Vec<LayoutDef> {
    let count = 1 + random.below(4);
    let storage = |random: &mut Random| match random.below(9) {
        0 | 1 => Storage::Whole(Type::Any),
        2 => Storage::Whole(Type::I64),
        3 => Storage::Whole(Type::F64),
        4 => Storage::I8,
        5 => Storage::Whole(Type::I32),
        6 => Storage::Whole(Type::V128),
        _ => Storage::Whole(Type::Ref(Layout::from_u32(random.below(count) as u32))),
    };
    (0..count)
        .map(|_| match random.below(5) {
            0 | 1 => LayoutDef::Array(storage(random)),
            2 => LayoutDef::Exception((0..random.below(4)).map(|_| storage(random)).collect()),
            _ => LayoutDef::Record((0..random.below(4)).map(|_| storage(random)).collect()),
        })
        .collect()
}

/// The type of a parameter, a result or a register.
fn any_type(random: &mut Random, layouts: &[LayoutDef]) -> Type {
    match random.below(14) {
        0..=4 => Type::Any,
        5 | 6 => Type::I32,
        7 | 8 => Type::I64,
        9 => Type::F64,
        10 => Type::F32,
        11 if once_in(random, 3) => Type::V128,
        _ => Type::Ref(Layout::from_u32(random.below(layouts.len()) as u32)),
    }
}

fn types(random: &mut Random, layouts: &[LayoutDef], most: usize) -> Vec<Type> {
    (0..random.below(most + 1)).map(|_| any_type(random, layouts)).collect()
}

fn signature(random: &mut Random, layouts: &[LayoutDef]) -> Signature {
    match random.below(5) {
        0 => Signature::dynamic(random.below(4), false),
        1 => Signature::dynamic(random.below(3), true),
        _ => {
            let (params, results) = if once_in(random, 12) { (12, 6) } else { (4, 2) };
            Signature::typed(&types(random, layouts, params), &types(random, layouts, results))
        }
    }
}

/// A program; with a library it is the main one.
fn program(random: &mut Random, layouts: &[LayoutDef], library: Option<&Made>) -> Made {
    let mut builder = ProgramBuilder::new();
    for layout in layouts {
        builder.layout(layout.clone());
    }
    let mut plan = Plan { layouts: layouts.to_vec(), functions: Vec::new(), globals: Vec::new(), tables: Vec::new() };
    import_functions(random, &mut builder, &mut plan, library);
    let own = 2 + random.below(FUNCTIONS_MAX - 1);
    for _ in 0..own {
        let signature = signature(random, layouts);
        let mut captures = Vec::new();
        if once_in(random, 3) {
            captures = (0..1 + random.below(3)).map(|_| *pick(random, &[Type::Any, Type::Cell])).collect();
        }
        let number = builder.declare(signature.clone());
        plan.functions.push(FunctionPlan { number, signature, captures, is_import: false });
    }
    items(random, &mut builder, &mut plan, library);
    for function in plan.functions.iter().filter(|function| !function.is_import) {
        let body = match once_in(random, WIDE) {
            true => Body::wide(random, &plan, function, &mut builder),
            false => Body::random(random, &plan, function, &mut builder),
        };
        builder.define(function.number, body).expect("its frame fits and no block is empty");
        builder.export_function(format!("f{}", function.number.as_u32()), function.number);
    }
    if library.is_some() {
        let main = builder.declare(Signature::dynamic(0, false));
        let body = Body::main(random, &plan, &mut builder);
        builder.define(main, body).expect("its frame fits and no block is empty");
        builder.export_function("main", main);
    }
    Made { plan, program: builder.finish_unverified() }
}

/// Functions of the host, and of the library; now and then with another signature than they have.
fn import_functions(random: &mut Random, builder: &mut ProgramBuilder, plan: &mut Plan, library: Option<&Made>) {
    let mut add = |builder: &mut ProgramBuilder, module: &str, name: &str, signature: Signature| {
        let number = builder.import_function(module, name, signature.clone());
        plan.functions.push(FunctionPlan { number, signature, captures: Vec::new(), is_import: true });
    };
    for _ in 0..2 + random.below(3) {
        let name = *pick(random, &HOST_FUNCTIONS);
        let signature = if once_in(random, 3) { bridged(random, &plan.layouts) } else { Signature::dynamic(0, true) };
        add(builder, HOST, name, signature);
    }
    let Some(library) = library else { return };
    for function in library.plan.functions.iter().filter(|function| !function.is_import) {
        if once_in(random, 2) {
            continue;
        }
        let is_dynamic = function.signature.is_dynamic();
        let signature = match random.below(6) {
            0 if is_dynamic => bridged(random, &plan.layouts),
            1 => Signature::dynamic(random.below(3), false),
            _ => function.signature.clone(),
        };
        add(builder, LIBRARY, &format!("f{}", function.number.as_u32()), signature);
    }
}

/// A typed signature for a function that is not typed.
fn bridged(random: &mut Random, layouts: &[LayoutDef]) -> Signature {
    let list = |random: &mut Random, most| {
        let mut list = types(random, layouts, most);
        list.retain(|&ty| ty != Type::V128);
        list
    };
    let params = list(random, 3);
    Signature::typed(&params, &list(random, 2))
}

/// Globals, a memory, tables and segments.
fn items(random: &mut Random, builder: &mut ProgramBuilder, plan: &mut Plan, library: Option<&Made>) {
    let imported = |name: String| Import { module: LIBRARY.to_owned(), name };
    if let Some(library) = library {
        for (index, &(ty, mutable)) in library.plan.globals.iter().enumerate() {
            let origin = Origin::Import(imported(format!("g{index}")));
            builder.add_global(GlobalDef { name: String::new(), ty, mutable, holds: ElementType::Any, origin });
            plan.globals.push((ty, mutable));
        }
        builder.add_table(TableDef {
            origin: Origin::Import(imported("t0".to_owned())),
            element: library.plan.tables[0],
            minimum: 0,
            maximum: None,
            is_64: false,
        });
        plan.tables.push(library.plan.tables[0]);
    }
    for index in 0..1 + random.below(3) {
        let ty = any_type(random, &plan.layouts);
        let initial = match ty {
            Type::Ref(_) => Initial::Null,
            Type::Any => match capture_free(random, plan) {
                Some(function) if once_in(random, 2) => Initial::Function(function),
                _ => Initial::Constant(Constant::Integer(7)),
            },
            other => Initial::Constant(constant(random, other)),
        };
        let mutable = random.below(3) > 0;
        let global = builder.add_global(GlobalDef {
            name: String::new(),
            ty,
            mutable,
            holds: ElementType::Any,
            origin: Origin::Own(initial),
        });
        plan.globals.push((ty, mutable));
        if library.is_none() {
            builder.export(format!("g{index}"), Item::Global(global));
        }
    }
    memory(builder, library);
    table(random, builder, plan, library);
}

fn memory(builder: &mut ProgramBuilder, library: Option<&Made>) {
    let origin = match library {
        None => Origin::Own(()),
        Some(_) => Origin::Import(Import { module: LIBRARY.to_owned(), name: "m0".to_owned() }),
    };
    let memory = builder.add_memory(MemoryDef {
        origin,
        minimum: 1,
        maximum: Some(2),
        is_64: false,
        is_shared: false,
        page_bits: 16,
    });
    if library.is_none() {
        builder.export("m0", Item::Memory(memory));
    }
    builder.add_data(DataDef { mode: SegmentMode::Passive, bytes: b"some bytes of data"[..].into() });
}

fn table(random: &mut Random, builder: &mut ProgramBuilder, plan: &mut Plan, library: Option<&Made>) {
    let element = *pick(random, &[ElementType::Function, ElementType::Any]);
    let table = builder.add_table(TableDef {
        origin: Origin::Own(Initial::Constant(Constant::Nil)),
        element,
        minimum: 8,
        maximum: Some(20),
        is_64: false,
    });
    plan.tables.push(element);
    if library.is_none() {
        builder.export("t0", Item::Table(table));
    }
    let values: Vec<Initial> = (0..4)
        .map(|_| capture_free(random, plan).map_or(Initial::Constant(Constant::Nil), Initial::Function))
        .collect();
    let offset = Initial::Constant(Constant::I32(random.below(4) as i32));
    let mode = SegmentMode::Active(table, offset);
    builder.add_element(ElementDef { mode, element: ElementType::Function, values: values.clone() });
    builder.add_element(ElementDef { mode: SegmentMode::Passive, element: ElementType::Function, values });
}

/// A function that captures nothing, if there is one.
pub(crate) fn capture_free(random: &mut Random, plan: &Plan) -> Option<Func> {
    let free: Vec<Func> =
        plan.functions.iter().filter(|plan| plan.captures.is_empty()).map(|plan| plan.number).collect();
    (!free.is_empty()).then(|| *pick(random, &free))
}

/// A constant of a type that has some.
pub(crate) fn constant(random: &mut Random, ty: Type) -> Constant {
    let number = match random.below(6) {
        0 => 0,
        1 => 1,
        2 => -1,
        3 => 1 << random.below(63),
        4 => 0x4141_4141_4141_4141,
        _ => random.below(100) as i64,
    };
    match ty {
        Type::I32 => Constant::I32(number as i32),
        Type::I64 => Constant::I64(number),
        Type::F32 => Constant::F32((number as f32 / 2.0).to_bits()),
        Type::F64 => Constant::F64((number as f64 / 2.0).to_bits()),
        Type::V128 => Constant::V128((number as u128) << 64 | number as u128),
        Type::Any | Type::Cell | Type::Ref(_) => match random.below(7) {
            0 => Constant::Nil,
            1 => Constant::False,
            2 => Constant::True,
            3 => Constant::Float((number as f64 / 2.0).to_bits()),
            4 => Constant::String(
                pick(
                    random,
                    &["a", "b", "10", "__index", "__call", "a string that is longer than forty bytes, to be sure"],
                )
                .as_bytes()
                .into(),
            ),
            _ => Constant::Integer(number),
        },
    }
}

/// A number of a global of a type that a function may use in this way.
pub(crate) fn global(random: &mut Random, plan: &Plan, for_writing: bool) -> Option<(Global, Type)> {
    let usable: Vec<(usize, Type)> = plan
        .globals
        .iter()
        .enumerate()
        .filter(|(_, (_, mutable))| *mutable || !for_writing)
        .map(|(index, &(ty, _))| (index, ty))
        .collect();
    (!usable.is_empty()).then(|| *pick(random, &usable)).map(|(index, ty)| (Global::from_u32(index as u32), ty))
}

/// Whether a function takes and gives `any` values.
pub(crate) fn is_dynamic(plan: &FunctionPlan) -> bool {
    plan.signature.convention != Convention::Typed
}
