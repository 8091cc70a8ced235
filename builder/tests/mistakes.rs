//! The mistakes that authors of languages make: each is an error that says where it is, what was expected and what was found; none
//! is silent, and none panics. The snapshot holds all of them.

use minivm_builder::{
    BuildError, FunctionBuilder, Instruction, Kind, LayoutDef, NestedFunctions, Operand, ProgramBuilder, Reg,
    RegionKind, Signature, Storage, TrapCode, Type,
};
use minivm_isa::entities::{Block, Func};

/// What is wrong in a program.
type Make = fn(&mut ProgramBuilder) -> Result<(), BuildError>;

/// A function whose body is wrong somewhere from line 7 on.
fn function(
    program: &mut ProgramBuilder,
    signature: Signature,
    body: impl FnOnce(&mut ProgramBuilder, &mut FunctionBuilder),
) -> Result<(), BuildError> {
    let source = program.source("first.lang", None);
    let mut f = program.function("wrong", signature);
    f.set_span(source, 7, 70, 80);
    body(program, &mut f);
    program.add(f).map(drop)
}

/// A dynamic function of one parameter that returns nothing after its body.
fn dynamic<T>(
    program: &mut ProgramBuilder,
    body: impl FnOnce(&mut FunctionBuilder, Reg) -> T,
) -> Result<(), BuildError> {
    function(program, Signature::dynamic(1, false), |_, f| {
        let parameter = f.param(0);
        body(f, parameter);
        f.return_values(());
    })
}

/// A region around a block that throws; its end is what `end` makes of the block after it.
fn region(f: &mut FunctionBuilder, kind: RegionKind, end: impl FnOnce(&mut FunctionBuilder, Block) -> Block) {
    let (body, handler) = (f.block(), f.block());
    let error = f.register(Type::Any);
    f.jump(body);
    f.switch_to(body);
    f.throw(1);
    f.switch_to(handler);
    let end = end(f, handler);
    f.protect(kind, body, end, handler, error, None);
}

const MISTAKES: &[(&str, Make)] = &[
    ("operand of another type", |p| dynamic(p, |f, x| f.i64_add(x, 1))),
    ("constant of another type", |p| dynamic(p, |f, _| f.i32_add(1_i64, 2))),
    ("constant that does not fit", |p| dynamic(p, |f, _| f.f32_add(0.1, 0.5))),
    ("copy to a register of another type", |p| {
        dynamic(p, |f, x| {
            let typed = f.register(Type::I64);
            f.to(typed).copy(x);
        })
    }),
    ("list of the wrong type", |p| {
        dynamic(p, |f, x| {
            let typed = f.i64_from_any(x);
            f.concat((x, typed));
        })
    }),
    ("list that is too short", |p| dynamic(p, |f, x| f.concat((x,)))),
    ("missing end", |p| {
        function(p, Signature::dynamic(0, false), |_, f| {
            f.copy(1);
        })
    }),
    ("empty function", |p| {
        let f = p.function("empty", Signature::dynamic(0, false));
        p.add(f).map(drop)
    }),
    ("block that was switched to and left empty", |p| {
        dynamic(p, |f, _| {
            let block = f.block();
            f.jump(block);
            f.switch_to(block);
            let next = f.block();
            f.switch_to(next);
        })
    }),
    ("block that was never switched to", |p| {
        dynamic(p, |f, x| {
            let (there, missing) = (f.block(), f.block());
            f.branch_truthy(x, there, missing);
            f.switch_to(there);
        })
    }),
    ("block of another function", |p| {
        dynamic(p, |f, _| {
            f.jump(Block::from_u32(9));
        })
    }),
    ("switch to a block of another function", |p| dynamic(p, |f, _| f.switch_to(Block::from_u32(9)))),
    ("region whose end was never placed", |p| dynamic(p, |f, _| region(f, RegionKind::Catch, |f, _| f.block()))),
    ("region whose handler is inside", |p| {
        dynamic(p, |f, _| {
            region(f, RegionKind::Catch, |f, _| {
                f.copy(1);
                let after = f.block();
                f.jump(after);
                f.switch_to(after);
                after
            });
        })
    }),
    ("empty region", |p| {
        dynamic(p, |f, x| {
            let handler = f.block();
            let entry = f.current_block();
            f.jump(handler);
            f.switch_to(handler);
            f.protect(RegionKind::Catch, entry, entry, handler, x, None);
        })
    }),
    ("error register of another type", |p| {
        dynamic(p, |f, _| {
            let (body, handler) = (f.block(), f.block());
            let error = f.register(Type::I32);
            f.jump(body);
            f.switch_to(body);
            f.throw(1);
            f.switch_to(handler);
            f.protect(RegionKind::Catch, body, handler, handler, error, None);
        })
    }),
    ("regions that cross", |p| {
        dynamic(p, |f, x| {
            let blocks: Vec<Block> = (0..4).map(|_| f.block()).collect();
            for &block in &blocks {
                f.jump(block);
                f.switch_to(block);
            }
            f.protect(RegionKind::Catch, blocks[0], blocks[2], blocks[3], x, None);
            f.protect(RegionKind::Catch, blocks[1], blocks[3], blocks[3], x, None);
        })
    }),
    ("too few arguments", |p| {
        let callee = p.import_function("host", "two", Signature::typed(&[Type::I64, Type::I64], &[]));
        dynamic(p, |f, _| f.call(&[], callee, (1_i64,)))
    }),
    ("argument of another type", |p| {
        let callee = p.import_function("host", "one", Signature::typed(&[Type::I64], &[]));
        dynamic(p, |f, x| f.call(&[], callee, (x,)))
    }),
    ("too many results", |p| {
        let callee = p.import_function("host", "none", Signature::typed(&[], &[]));
        dynamic(p, |f, _| {
            let result = f.register(Type::I64);
            f.call(&[result], callee, ());
        })
    }),
    ("result of another type", |p| {
        let callee = p.import_function("host", "one", Signature::typed(&[], &[Type::F64]));
        dynamic(p, |f, _| {
            let result = f.register(Type::I64);
            f.call(&[result], callee, ());
        })
    }),
    ("typed call of a dynamic function", |p| {
        let callee = p.import_function("host", "print", Signature::dynamic(1, true));
        dynamic(p, |f, x| f.call(&[], callee, (x,)))
    }),
    ("return of too few values", |p| function(p, Signature::typed(&[], &[Type::I64]), |_, f| f.return_values(()))),
    ("return of a value of another type", |p| {
        function(p, Signature::typed(&[], &[Type::I64]), |_, f| f.return_values((1.5,)))
    }),
    ("open return from a typed function", |p| {
        function(p, Signature::typed(&[], &[]), |_, f| {
            let callee = f.nil();
            f.call_any_to_open(callee, ());
            f.return_open(());
        })
    }),
    ("read before assignment", |p| {
        dynamic(p, |f, _| {
            let never = f.register(Type::Any);
            f.add(never, 1);
        })
    }),
    ("read after assignment on one path", |p| {
        dynamic(p, |f, x| {
            let (yes, after) = (f.block(), f.block());
            let value = f.register(Type::Any);
            f.branch_truthy(x, yes, after);
            f.switch_to(yes);
            f.to(value).copy(1);
            f.jump(after);
            f.switch_to(after);
            f.add(value, 1);
        })
    }),
    ("undefined function", |p| {
        let missing = p.declare_named("missing", Signature::dynamic(0, false));
        dynamic(p, |f, _| f.ref_func(missing))
    }),
    ("function that does not exist", |p| dynamic(p, |f, _| f.ref_func(Func::from_u32(99)))),
    ("function defined twice", |p| {
        let number = p.declare_named("twice", Signature::dynamic(0, false));
        for _ in 0..2 {
            let mut f = p.function("twice", Signature::dynamic(0, false));
            f.return_values(());
            p.define(number, f)?;
        }
        Ok(())
    }),
    ("function defined with another signature", |p| {
        let number = p.declare_named("f", Signature::typed(&[Type::I64], &[]));
        let mut f = p.function("f", Signature::typed(&[Type::I32], &[]));
        f.return_values(());
        p.define(number, f)
    }),
    ("definition of an import", |p| {
        let number = p.import_function("host", "print", Signature::dynamic(1, true));
        let mut f = p.function("print", Signature::dynamic(1, true));
        f.return_values(());
        p.define(number, f)
    }),
    ("definition of what was never declared", |p| {
        let mut f = p.function("f", Signature::dynamic(0, false));
        f.return_values(());
        p.define(Func::from_u32(5), f)
    }),
    ("global that nobody has imported", |p| {
        let global = minivm_builder::Global::from_u32(3);
        dynamic(p, |f, _| f.fresh(Type::I64).global_get(global))
    }),
    ("tail call in a region", |p| {
        dynamic(p, |f, x| {
            let (body, handler) = (f.block(), f.block());
            f.jump(body);
            f.switch_to(body);
            f.tail_call_any(x, ());
            f.switch_to(handler);
            f.protect(RegionKind::Catch, body, handler, handler, x, None);
        })
    }),
    ("tail call with other results", |p| {
        let callee = p.import_function("host", "float", Signature::typed(&[], &[Type::F64]));
        function(p, Signature::typed(&[], &[Type::I64]), |_, f| f.tail_call(callee, ()))
    }),
    ("capture that was not declared", |p| dynamic(p, |f, _| f.capture_get(0))),
    ("closure with too few captures", |p| {
        let inner = p.declare_named("inner", Signature::dynamic(0, false));
        let mut f = p.function("inner", Signature::dynamic(0, false));
        f.capture(Type::Any, "x");
        f.return_values(());
        p.define(inner, f)?;
        dynamic(p, |f, _| f.closure(inner, ()))
    }),
    ("function with captures as a plain value", |p| {
        let inner = p.declare_named("inner", Signature::dynamic(0, false));
        let mut f = p.function("inner", Signature::dynamic(0, false));
        f.capture(Type::Any, "x");
        f.return_values(());
        p.define(inner, f)?;
        dynamic(p, |f, _| f.ref_func(inner))
    }),
    ("open list that nothing takes", |p| dynamic(p, |f, x| f.call_any_to_open(x, ()))),
    ("open list that nothing has left", |p| dynamic(p, |f, x| f.call_any_open(&[], x, ()))),
    ("instruction between an open list and who takes it", |p| {
        dynamic(p, |f, x| {
            f.call_any_to_open(x, ());
            f.copy(1);
            f.call_any_open(&[], x, ());
        })
    }),
    ("further arguments of a function that has none", |p| {
        dynamic(p, |f, _| {
            let value = f.register(Type::Any);
            f.varargs(&[value]);
        })
    }),
    ("too many registers", |p| {
        dynamic(p, |f, _| {
            for _ in 0..40_000 {
                f.register(Type::Any);
            }
        })
    }),
    ("wrong number of a parameter", |p| dynamic(p, |f, _| f.param(3))),
    ("register of another function", |p| dynamic(p, |f, _| f.add(Reg::from_u32(77), 1))),
    ("result twice in one instruction", |p| dynamic(p, |f, x| f.call_any(&[x, x], x, ()))),
    ("global without a type", |p| {
        let global = p.global(Type::I64, true, minivm_builder::Constant::I64(0));
        dynamic(p, |f, _| f.global_get(global))
    }),
    ("immutable global", |p| {
        let global = p.global(Type::I64, false, minivm_builder::Constant::I64(0));
        dynamic(p, |f, _| f.global_set(global, 1_i64))
    }),
    ("field that does not exist", |p| {
        let layout = p.layout(LayoutDef::Record(vec![Storage::Whole(Type::I64)]));
        dynamic(p, |f, _| {
            let record = f.record_new(layout, (1_i64,));
            f.fresh(Type::I64).record_get(layout, record, 4);
        })
    }),
    ("array where a record is needed", |p| {
        let layout = p.layout(LayoutDef::Array(Storage::I8));
        dynamic(p, |f, _| f.record_new(layout, ()))
    }),
    ("local that was never opened", |p| dynamic(p, |f, x| f.close_local(x))),
    ("result that no instruction writes", |p| {
        dynamic(p, |f, x| {
            f.to(x);
        })
    }),
    ("result for an instruction without one", |p| {
        dynamic(p, |f, x| {
            let there = f.block();
            f.to(x).jump(there);
            f.switch_to(there);
        })
    }),
    ("kind that does not exist, in an instruction that was made by hand", |p| {
        dynamic(p, |f, x| {
            let entry = f.current_block();
            f.emit(Instruction::BranchKind { src: x.into(), kind: 99, if_true: entry, if_false: entry });
        })
    }),
    ("memory that does not exist", |p| dynamic(p, |f, _| f.i64_load(minivm_builder::Memory::from_u32(0), 0, 0))),
    ("nested function that is the outermost one", |p| {
        let mut functions = NestedFunctions::new(p.function("outermost", Signature::dynamic(0, false)), [].into());
        functions.f().return_values(());
        functions.end(p).map(drop)
    }),
    ("nested functions that have not ended", |p| {
        let mut functions = NestedFunctions::new(p.function("outer", Signature::dynamic(0, false)), [].into());
        functions.begin(p.function("inner", Signature::dynamic(0, false)), [].into());
        let source = p.source("first.lang", None);
        functions.f().set_span(source, 7, 70, 80);
        functions.f().return_values(());
        functions.finish(p).map(drop)
    }),
    ("assignment to what was captured as a value", |p| {
        let mut functions = NestedFunctions::new(p.function("outer", Signature::dynamic(0, false)), [].into());
        functions.declare("x", 1);
        functions.begin(p.function("inner", Signature::dynamic(0, false)), [].into());
        let source = p.source("first.lang", None);
        functions.f().set_span(source, 7, 70, 80);
        let x = functions.find("x").expect("it is declared");
        functions.set(x, 2);
        functions.f().return_values(());
        functions.end(p).map(drop)
    }),
    ("end of a block that was never begun", |p| {
        let mut functions = NestedFunctions::new(p.function("f", Signature::dynamic(0, false)), [].into());
        functions.end_block();
        functions.f().return_values(());
        functions.finish(p).map(drop)
    }),
    ("loop with three results", |p| {
        dynamic(p, |f, x| {
            let (body, done) = (f.block(), f.block());
            let results = [(); 3].map(|()| f.register(Type::Any));
            let again = f.iterate(&results, x, body, done);
            f.jump(again);
            f.switch_to(done);
        })
    }),
    ("call in tail position in a region", |p| {
        dynamic(p, |f, x| {
            let (body, handler) = (f.block(), f.block());
            f.jump_into(body);
            let result = f.call_any_one(x, ());
            f.return_tail(result);
            f.switch_to(handler);
            f.protect(RegionKind::Catch, body, handler, handler, x, None);
        })
    }),
    ("temporary of another type", |p| {
        dynamic(p, |f, x| {
            let typed = f.register(Type::I64);
            let sum = f.add(x, 1);
            f.move_to(typed, sum);
        })
    }),
    ("two exports of one name", |p| {
        let print = p.import_function("host", "print", Signature::dynamic(1, true));
        p.export_function("main", print);
        p.export_function("main", print);
        Ok(())
    }),
    ("start function with parameters", |p| {
        let print = p.import_function("host", "print", Signature::dynamic(1, true));
        p.start(print);
        Ok(())
    }),
];

/// Mistakes that are about no function: what they name is an item of the program.
const OF_PROGRAMS: [&str; 2] = ["two exports of one name", "start function with parameters"];
/// Mistakes that are about a function as a whole: there is no block and no instruction to name.
const OF_FUNCTIONS: [&str; 9] = [
    "empty function",
    "too many registers",
    "function defined twice",
    "function defined with another signature",
    "definition of an import",
    "definition of what was never declared",
    "block that was switched to and left empty",
    "nested function that is the outermost one",
    "end of a block that was never begun",
];

/// Makes a mistake.
fn made(name: &str, make: Make) -> BuildError {
    let mut program = ProgramBuilder::new();
    match make(&mut program) {
        Err(error) => error,
        Ok(()) => program.finish().err().unwrap_or_else(|| panic!("{name}: it is accepted")),
    }
}

#[test]
fn each_mistake_says_where_and_what_it_is() {
    let mut text = String::new();
    for (name, make) in MISTAKES {
        text.push_str(&format!("{name}:\n"));
        made(name, *make).to_string().lines().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("mistakes", text) });
}

#[test]
fn each_mistake_names_function_block_instruction_and_line() {
    assert!(MISTAKES.len() >= 45);
    let mut bare = Vec::new();
    for (name, make) in MISTAKES {
        let error = made(name, *make);
        let text = error.to_string();
        for line in text.lines() {
            assert!(line.contains("expected ") && line.contains(", found "), "{name}: {line}");
        }
        let places = error.places();
        assert!(!places.is_empty(), "{name}: {text}");
        for place in places {
            assert!(!place.item.is_empty(), "{name}: {text}");
            if OF_PROGRAMS.contains(name) || OF_FUNCTIONS.contains(name) {
                continue;
            }
            let is_whole = place.block.is_some() && place.instruction.is_some() && place.opcode.is_some();
            let has_line = place.source.as_ref().is_some_and(|source| source.file == "first.lang" && source.line == 7);
            if !is_whole || !has_line {
                bare.push(format!("{name}: {text}"));
            }
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[test]
fn blocks_have_the_numbers_that_the_author_knows() {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("f", Signature::dynamic(1, false));
    let (late, early) = (f.block(), f.block());
    f.branch_truthy(f.param(0), late, early);
    f.switch_to(early);
    f.i64_add(1.5, 1);
    f.return_values(());
    f.switch_to(late);
    f.return_values(());
    program.add(f).unwrap();
    let error = program.finish().unwrap_err().to_string();
    assert!(error.contains("block2"), "{error}");
}

#[test]
fn what_is_easy_to_write_is_right() {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("f", Signature::dynamic(1, false));
    let (x, sum) = (f.param(0), f.register(Type::Any));
    f.to(sum).copy(0);
    f.assign(sum, |f| f.add(f.param(0), 1));
    let first = f.call_any_one(x, (sum, 1, "text", 2.5, true));
    f.concat((first, " and ", x));
    let (nil, other) = (f.block(), f.block());
    f.branch_kind(first, Kind::Nil, nil, other);
    f.switch_to(nil);
    f.trap(TrapCode::Unreachable);
    f.switch_to(other);
    let registers: Vec<Operand> = (0..3).map(|n| f.scoped(|f| f.add(x, n)).into()).collect();
    assert_eq!(registers[0], registers[2], "a register is used again when its scope has ended");
    f.return_values((sum,));
    program.add(f).unwrap();
    program.finish().unwrap();
}
