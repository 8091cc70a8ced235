//! Errors that nobody catches: the run stops with its stack as it is, can be saved there, and ends as it would without.

use minivm::raw::{CodeForm, Failure, Limits, Machine, RunState, Value};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;

fn fresh() -> Machine {
    let mut machine = minivm_conformance::raw_machine(Limits { stack_words_max: 1 << 15, ..Limits::default() });
    let globals = stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    machine.keep(globals);
    machine
}

fn lua(source: &str) -> Machine {
    let mut machine = fresh();
    let globals = stdlib::raw::globals(&machine);
    let program = minivm_lua::compile(source.as_bytes(), "@a.lua").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    machine
}

/// Names of the frames with their lines and variables.
fn frames(machine: &Machine) -> Vec<String> {
    let show = |frame: minivm::raw::Frame| {
        let line = frame.position.map_or("-".to_owned(), |position| position.line.to_string());
        let own = frame.locals.iter().filter(|local| !local.is_captured);
        let locals = own.map(|local| format!(" {}={}", local.name, machine.show(&local.value)));
        format!("{} {line}{}", frame.name, locals.collect::<String>())
    };
    machine.frames().map(show).collect()
}

/// How a run ended.
fn text(machine: &mut Machine, state: RunState) -> String {
    match state {
        RunState::Failed(Failure::Error { value, trap, trace }) => {
            format!("{} {trap:?}\n{trace}", machine.show(&minivm::raw::VariableValue::Any(value)))
        }
        RunState::Failed(exit) => exit.to_string(),
        RunState::Finished(values) => {
            values.into_iter().map(|value| machine.describe(value)).collect::<Vec<_>>().join(" ")
        }
        RunState::OutOfFuel
        | RunState::Stepped
        | RunState::Interrupted
        | RunState::Waiting(_)
        | RunState::Yielded(_) => "stopped".to_owned(),
    }
}

/// The global `log`, joined.
fn log(machine: &mut Machine) -> String {
    let globals = stdlib::raw::globals(machine);
    let log = machine.heap().table_get_name(globals, b"log");
    machine.describe(log)
}

/// Programs that fail, with frames that are there when they do.
const FAILING: &[(&str, &[&str])] = &[
    (
        "log = '' local function f(n) local k = n * 2 error('boom ' .. k) end
        local t <close> = setmetatable({}, { __close = function(_, e) log = log .. 'closed ' .. tostring(e) end })
        f(4)",
        &["error -", "function <a.lua:1> 1 n=4 k=8", "main chunk 3 f=function t=table"],
    ),
    ("log = 'x' local t = nil\nlocal u = 1\nreturn t.x + u", &["main chunk 3 t=nil u=1"]),
    (
        "log = 'x' local function f(v) return v.x.y end
        for i, v in ipairs({ { x = {} }, {} }) do f(v) end",
        &["function <a.lua:1> 1 v=table", "main chunk 2"],
    ),
    ("log = 'x' error({ code = 3 })", &["error -", "main chunk 1"]),
    (
        "log = 'x' local order = function(a, b) local c = a .. b; return c < 1 end
        table.sort({ 'p', 'q' }, order)",
        &["function <a.lua:1> 1 a=q b=p c=qp"],
    ),
    (
        "log = 'x' local t = setmetatable({}, { __index = function(t, k) local m = k .. '!'; error(m, 0) end })
        local function get() local v = t.field return v end
        return get() .. 'y'",
        &["error -", "function <a.lua:1> 1 t=table k=field m=field!", "function <a.lua:2> 2"],
    ),
    (
        "log = '' local step = coroutine.wrap(function(a)
            local b <close> = setmetatable({}, { __close = function() log = log .. 'inner ' end })
            local c = coroutine.yield(a)
            error('in a fiber ' .. c)
        end)
        step(1)
        local d = 5
        step(d)",
        &["error -", "function <a.lua:1> 4 a=1 b=table c=5", "coroutine.wrapped -", "main chunk 8 step=function d=5"],
    ),
    ("log = 'x' local function deep(n) return 1 + deep(n + 1) end return deep(1)", &["function <a.lua:1> 1"]),
    ("log = 'x' local f\nlocal g = 2\nf(g)", &["main chunk 3 f=nil g=2"]),
    ("log = 'x' local s = 'a'\nreturn (#s)()", &["main chunk 2 s=a"]),
    ("log = 'x' string.rep()", &["string.rep -"]),
];

#[test]
fn an_uncaught_error_stops_where_it_was_raised_and_ends_the_same() {
    for fuel in [None, Some(1_000_000_000)] {
        for (source, expected) in FAILING {
            let mut plain = lua(source);
            plain.set_fuel(fuel);
            let state = plain.resume();
            let end = text(&mut plain, state);

            let mut machine = lua(source);
            machine.set_fuel(fuel);
            machine.set_keep_stack_on_error(true);
            let state = machine.resume();
            assert!(matches!(state, RunState::Failed(_)) && machine.is_stopped(), "{source}");
            // What is reported is what it was, though clean-ups come first; what leaves a fiber is raised again outside.
            let same = source.contains("coroutine") || end.ends_with(&machine.traceback());
            assert!(same, "{source}: {end} but {}", machine.traceback());
            let stopped = frames(&machine);
            for (index, part) in expected.iter().enumerate() {
                assert!(stopped[index].starts_with(part), "{source}: {:?}", &stopped[..stopped.len().min(9)]);
            }

            // It is saved, and goes on in another machine; then it goes on itself.
            let saved = machine.save(b"", CodeForm::Whole).expect("it can be saved");
            let mut loaded = fresh();
            loaded.load(&saved).expect("it can be loaded");
            assert!(loaded.is_stopped() && loaded.uncaught_error().is_some());
            assert_eq!(frames(&loaded), stopped);
            assert_eq!(frames(&machine), stopped);
            assert_eq!(loaded.save(b"", CodeForm::Whole).expect("it can be saved"), saved);
            for machine in [&mut machine, &mut loaded] {
                let state = machine.resume();
                assert_eq!(text(machine, state), end, "{source}");
                assert_eq!(log(machine), log(&mut plain), "{source}");
                assert_eq!(machine.fuel(), plain.fuel(), "{source}");
                assert!(!machine.is_stopped());
            }
        }
    }
}

#[test]
fn what_is_caught_does_not_stop() {
    let sources = [
        ("return pcall(error, 'a')", "false a"),
        ("return select('#', xpcall(function() local t = nil; return t.x end, function(m) return m end))", "2"),
        ("return coroutine.resume(coroutine.create(function() error('b', 0) end))", "false b"),
        (
            "local w = coroutine.wrap(function() error('c', 0) end)
            return coroutine.resume(coroutine.create(function() return w() end))",
            "false a.lua:2: c",
        ),
        ("local f = coroutine.wrap(function() error('d', 0) end) return pcall(f)", "false d"),
        (
            "local t <const> = setmetatable({}, { __gc = function() error('e') end }) t2 = nil
            setmetatable({}, { __gc = function() error('f') end }) collectgarbage() return 1",
            "1",
        ),
        (
            "local co = coroutine.create(function()
                local x <close> = setmetatable({}, { __close = function() error('g', 0) end })
                coroutine.yield()
            end)
            coroutine.resume(co)
            return coroutine.close(co)",
            "false g",
        ),
    ];
    for (source, expected) in sources {
        let mut machine = lua(source);
        machine.set_keep_stack_on_error(true);
        let state = machine.resume();
        assert_eq!(text(&mut machine, state), expected, "{source}");
    }
}

#[test]
fn an_error_in_another_slice_or_a_step_stops_too() {
    for (source, expected) in FAILING.iter().filter(|(source, _)| !source.contains("deep")) {
        let mut machine = lua(source);
        machine.set_keep_stack_on_error(true);
        while let RunState::Stepped = machine.step(1) {}
        let stopped = frames(&machine);
        assert!(machine.uncaught_error().is_some() && stopped[0].starts_with(expected[0]), "{source}: {stopped:?}");
        let state = machine.step_line();
        assert!(matches!(state, RunState::Failed(_) | RunState::Stepped), "{source}");
    }
}

#[test]
fn a_trap_of_typed_code_stops_with_its_variables() {
    let module =
        "(module (func $divide (param $a i32) (param $b i32) (result i32) (i32.div_s (local.get $a) (local.get $b)))
        (func (export \"main\") (param $n i32) (result i32) (call $divide (local.get $n) (i32.const 0))))";
    let binary = minivm_wasm::parse_text(module.as_bytes(), "a.wat").expect("it is a module");
    let program = minivm_isa::verify(minivm_wasm::translate(&binary, "a.wasm").expect("it translates"));
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    let instance = machine.instantiate(program.expect("it is valid")).expect("it links");
    let main = machine.exported_function(instance, "main").expect("it is exported");
    machine.set_keep_stack_on_error(true);
    machine.prepare(main, &[Value::int(7)]);
    assert!(matches!(machine.resume(), RunState::Failed(_)));
    assert_eq!(frames(&machine)[..2], ["divide 1 a=7 b=0", "main 2 n=7"]);
    let saved = machine.save(b"", CodeForm::Whole).expect("it can be saved");
    let mut loaded = minivm_conformance::raw_machine(Limits::default());
    loaded.load(&saved).expect("it can be loaded");
    let (one, other) = (machine.resume(), loaded.resume());
    assert_eq!(text(&mut machine, one), text(&mut loaded, other));
    // The machine can be used again.
    machine.set_keep_stack_on_error(false);
    assert!(matches!(machine.call(main, &[Value::int(7)]), Err(Failure::Error { trap: Some(_), .. })));
}
