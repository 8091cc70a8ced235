//! What compilers that write code as they read have for it: the last instruction is changed to fit, and only that.

use minivm_builder::{FunctionBuilder, NestedFunctions, ProgramBuilder, Reg, Signature, Type};

/// The code of a dynamic function of two parameters.
fn code(body: impl FnOnce(&mut FunctionBuilder, Reg, Reg)) -> String {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("f", Signature::dynamic(2, false));
    let (a, b) = (f.param(0), f.param(1));
    body(&mut f, a, b);
    program.add(f).unwrap();
    let text = program.finish().unwrap_or_else(|error| panic!("{error}")).to_string();
    let is_code = |line: &&str| {
        line.starts_with("  ") && !["registers", "local"].contains(&line.trim().split(' ').next().unwrap_or(""))
    };
    let lines = text.lines().filter(is_code);
    lines.map(str::trim).collect::<Vec<_>>().join("; ")
}

/// Ends a function with two ways.
fn end(f: &mut FunctionBuilder, ways: [minivm_builder::Block; 2]) {
    for way in ways {
        f.switch_to(way);
        f.return_values(());
    }
}

#[test]
fn the_last_result_moves_without_a_copy() {
    let moved = code(|f, a, b| {
        let to = f.register(Type::Any);
        let sum = f.add(a, b);
        f.move_to(to, sum);
        f.return_values((to,));
    });
    assert_eq!(moved, "r2 = add r0, r1; return_values (r2)");
    let called = code(|f, a, b| {
        let to = f.register(Type::Any);
        let result = f.call_any_one(a, (b,));
        f.move_to(to, result);
        f.return_values((to,));
    });
    assert_eq!(called, "r2 = call_any r0 (r1); return_values (r2)");
}

#[test]
fn variables_constants_and_older_values_are_copied() {
    let variable = code(|f, a, b| {
        let (variable, to) = (f.register(Type::Any), f.register(Type::Any));
        f.open_local("x", variable);
        f.to(variable).add(a, b);
        f.move_to(to, variable);
        f.return_values((to, variable));
    });
    assert_eq!(variable, "r2 = add r0, r1; r3 = copy r2; return_values (r3, r2)");
    let constant = code(|f, a, _| {
        f.move_to(a, 1);
        f.return_values((a,));
    });
    assert_eq!(constant, "r0 = copy 1; return_values (r0)");
    let older = code(|f, a, b| {
        let to = f.register(Type::Any);
        let older = f.add(a, b);
        let newer = f.sub(a, b);
        f.move_to(to, older);
        f.return_values((to, newer));
    });
    assert_eq!(older, "r3 = add r0, r1; r4 = sub r0, r1; r2 = copy r3; return_values (r2, r4)");
    let other_type = code(|f, a, b| {
        let to = f.register(Type::I64);
        f.to(to).i64_add(1, 2);
        f.move_to(to, 3_i64);
        let both = f.add(a, b);
        f.return_values((both,));
    });
    assert!(other_type.contains("r2 = copy i64:3"), "{other_type}");
}

#[test]
fn comparisons_become_branches() {
    let branch = |value: fn(&mut FunctionBuilder, Reg, Reg) -> Reg| {
        code(move |f, a, b| {
            let (yes, no) = (f.block(), f.block());
            let value = value(f, a, b);
            f.branch_on(value, yes, no);
            end(f, [yes, no]);
        })
    };
    let start = |text: String| text.split("; ").next().unwrap_or_default().to_owned();
    assert_eq!(start(branch(|f, a, b| f.less(a, b))), "branch_less r0, r1, block1, block2");
    assert_eq!(start(branch(|f, a, b| f.less_equal(a, b))), "branch_less_equal r0, r1, block1, block2");
    assert_eq!(start(branch(|f, a, b| f.equal(a, b))), "branch_equal r0, r1, block1, block2");
    assert_eq!(start(branch(|f, a, _| f.not(a))), "branch_truthy r0, block2, block1");
    assert!(branch(|f, a, b| f.add(a, b)).starts_with("r2 = add r0, r1; branch_truthy r2, block1, block2"));
    let variable = branch(|f, a, b| {
        let variable = f.register(Type::Any);
        f.open_local("x", variable);
        f.to(variable).less(a, b)
    });
    assert!(variable.starts_with("r2 = less r0, r1; branch_truthy r2"), "{variable}");
}

#[test]
fn calls_become_tail_calls() {
    let tail = code(|f, a, b| {
        let result = f.call_any_one(a, (b, 1));
        f.return_tail(result);
    });
    assert_eq!(tail, "tail_call_any r0 (r1, 1)");
    let value = code(|f, a, b| {
        let result = f.add(a, b);
        f.return_tail(result);
    });
    assert_eq!(value, "r2 = add r0, r1; return_values (r2)");
    let two = code(|f, a, b| {
        let (first, second) = (f.register(Type::Any), f.register(Type::Any));
        f.call_any(&[first, second], a, (b,));
        f.return_tail(second);
    });
    assert_eq!(two, "r2, r3 = call_any r0 (r1); return_values (r3)");
}

#[test]
fn the_place_in_the_source_stays() {
    let mut program = ProgramBuilder::new();
    let source = program.source("first.lang", None);
    let mut f = program.function("f", Signature::dynamic(2, false));
    let (a, b, yes, no) = (f.param(0), f.param(1), f.block(), f.block());
    f.set_span(source, 3, 30, 31);
    let value = f.less(a, b);
    f.set_span(source, 4, 40, 41);
    f.branch_on(value, yes, no);
    end(&mut f, [yes, no]);
    let number = program.add(f).unwrap();
    let function = program.code(number).unwrap();
    assert_eq!((function.span_at(0).unwrap().line, function.span_at(1).unwrap().line), (3, 4));
}

/// A variable of a function two levels out goes through the one in between, and shadows what is further out.
#[test]
fn names_are_found_through_functions() {
    let mut program = ProgramBuilder::new();
    let mut functions = NestedFunctions::new(program.function("a", Signature::dynamic(0, false)), ["x", "y"].into());
    functions.declare("x", 1);
    functions.declare("constant", 7);
    functions.begin(program.function("b", Signature::dynamic(0, false)), ["y"].into());
    functions.begin_block();
    functions.declare("y", 2);
    functions.begin(program.function("c", Signature::dynamic(1, false)), [].into());
    assert_eq!((functions.depth(), functions.find("missing")), (2, None));
    let found = ["x", "y", "constant", "x"].map(|name| {
        let variable = functions.find(name).unwrap();
        functions.get(variable)
    });
    functions.f().return_values(found);
    let (c, captured) = functions.end(&mut program).unwrap();
    assert_eq!(captured.len(), 3, "each is captured once");
    let closure = functions.f().closure(c, &captured);
    functions.end_block();
    assert_eq!((functions.find("y"), functions.blocks()), (None, 0));
    functions.f().return_values((closure,));
    let (b, captured) = functions.end(&mut program).unwrap();
    assert_eq!(captured.len(), 2, "y is its own");
    let closure = functions.f().closure(b, &captured);
    functions.f().return_values((closure,));
    let a = functions.finish(&mut program).unwrap();
    program.export_function("a", a);
    let text = program.finish().unwrap_or_else(|error| panic!("{error}")).to_string();
    assert!(text.contains("capture_cell_get 0") && text.contains("capture_cell_get 1"), "{text}");
    assert!(text.contains("capture_get 2"), "{text}");
}
