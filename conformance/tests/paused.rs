//! Runs that have stopped, as the host sees them: frames, variables, source lines, turns.

use minivm::raw::{FrameKind, Limits, Machine, RunState, Scheduler, Value, VariableValue};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;

/// A machine with a Lua program, prepared.
fn lua(source: &str) -> Machine {
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    let globals = stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    let program = minivm_lua::compile(source.as_bytes(), "@a.lua").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    machine
}

/// A machine with a module, a call of its export `main` prepared.
fn wasm(text: &str, arguments: &[Value]) -> Machine {
    let binary = minivm_wasm::parse_text(text.as_bytes(), "a.wat").expect("it is a module");
    wasm_binary(&binary, arguments)
}

fn wasm_binary(binary: &[u8], arguments: &[Value]) -> Machine {
    let program = minivm_wasm::translate(binary, "a.wasm").expect("it translates");
    let program = minivm_isa::verify(program).expect("it is valid");
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    let instance = machine.instantiate(program).expect("it links");
    let main = machine.exported_function(instance, "main").expect("it is exported");
    machine.prepare(main, arguments);
    machine
}

/// The frames in one line each: name, position, variables.
fn frames(machine: &Machine) -> Vec<String> {
    let show = |frame: minivm::raw::Frame| {
        let place = frame.position.map_or("-".to_owned(), |position| format!("{}:{}", position.file, position.line));
        let own = frame.locals.iter().filter(|local| !local.is_captured);
        let locals = own.map(|local| format!(" {}={}", local.name, machine.show(&local.value)));
        format!("{:?} {} {place}{}", frame.kind, frame.name, locals.collect::<String>())
    };
    machine.frames().map(show).collect()
}

/// The line where a run stands.
fn line(machine: &Machine) -> u32 {
    let frame = machine.frames().find(|frame| frame.kind == FrameKind::Guest).expect("it runs");
    frame.position.expect("it has a place").line
}

/// Goes on line by line; gives the lines.
fn lines(machine: &mut Machine, mut step: impl FnMut(&mut Machine) -> RunState) -> Vec<u32> {
    let mut lines = Vec::new();
    loop {
        match step(machine) {
            RunState::Stepped => lines.push(line(machine)),
            RunState::Finished(_) => return lines,
            RunState::Failed(failure) => panic!("it fails: {failure}"),
            RunState::OutOfFuel | RunState::Interrupted | RunState::Waiting(_) | RunState::Yielded(_) => {
                panic!("it stops")
            }
        }
    }
}

/// Goes on until a variable of the innermost frame holds this.
fn run_until(machine: &mut Machine, name: &str, shown: &str) {
    for _ in 0..100_000 {
        assert!(matches!(machine.step(1), RunState::Stepped), "{name} never is {shown}");
        let frame = machine.frames().next().expect("it runs");
        if frame.locals.iter().any(|local| local.name == name && machine.show(&local.value) == shown) {
            return;
        }
    }
    panic!("{name} is not {shown} for long");
}

const NESTED: &str = "local big = 1.5
local function inner(x, ...)
  local y = x + big
  big = y
  local t = { y }
  return #t, y
end
local co = coroutine.create(function(a)
  local b = a * 2
  coroutine.yield(b)
  local c = inner(b)
  return c
end)
coroutine.resume(co, 4)
pcall(function() local seen = true; coroutine.resume(co) end)
return big
";

#[test]
fn frames_lead_from_the_running_fiber_to_those_that_resumed_it() {
    let mut machine = lua(NESTED);
    run_until(&mut machine, "y", "9.5");
    let all = frames(&machine);
    let expected = [
        "Guest function <a.lua:2> a.lua:4 x=8 y=9.5",
        "Guest function <a.lua:8> a.lua:11 a=4 b=8",
        "Host coroutine.resume -",
        "Guest function <a.lua:15> a.lua:15 seen=true",
        "Host pcall -",
        "Guest main chunk a.lua:15 big=1.5 inner=function co=thread",
    ];
    assert_eq!(all, expected);
    let first = machine.frames().next().expect("it runs").position.expect("it has a place");
    assert_eq!((first.column, first.to_string().as_str()), (Some(3), "a.lua:4:3"));
}

#[test]
fn fibers_that_do_not_run_have_frames() {
    let mut machine = lua(NESTED);
    while !(line(&machine) == 15 && machine.frames().count() == 1) {
        assert!(matches!(machine.step_line(), RunState::Stepped));
    }
    let locals = machine.frames().next().expect("it runs").locals;
    let co = locals.iter().find(|local| local.name == "co").expect("it is visible");
    let VariableValue::Any(co) = co.value else { panic!("it is any") };
    let names: Vec<_> = machine.frames_of(co).map(|frame| (frame.kind, frame.position.map(|at| at.line))).collect();
    assert_eq!(names, [(FrameKind::Host, None), (FrameKind::Guest, Some(10))]);
    let top = machine.frames_of(co).nth(1).expect("it was there");
    assert!(top.locals.iter().any(|local| local.name == "b" && machine.show(&local.value) == "8"));
    assert_eq!(machine.frames_of(Value::int(1)).count(), 0);
}

/// A run that is looked at after every portion of fuel, so that it is met in both forms of code.
fn looked_at(portion: u64) -> (Vec<String>, String) {
    let source = "local t, sum = {}, 0
    for i = 1, 40 do local k = { i }; t[k] = tostring(k); sum = sum + #t[k] end
    local names = {} for k, v in pairs(t) do names[#names + 1] = v .. k[1] end
    return sum, table.concat(names, ' '), collectgarbage('count')";
    let mut machine = lua(source);
    let mut seen = Vec::new();
    machine.set_fuel(Some(0));
    loop {
        machine.add_fuel(portion);
        match machine.resume() {
            RunState::OutOfFuel => seen.extend(frames(&machine)),
            RunState::Finished(values) => {
                let texts: Vec<String> = values.into_iter().map(|value| machine.describe(value)).collect();
                return (seen, texts.join(" | "));
            }
            _ => panic!("it only runs out of fuel"),
        }
    }
}

#[test]
fn looking_changes_nothing() {
    let (unseen, whole) = looked_at(1 << 40);
    assert!(unseen.is_empty());
    for portion in [1, 7, 100, 9_000] {
        let (seen, result) = looked_at(portion);
        assert_eq!(result, whole);
        assert!(portion > 100 || seen.iter().any(|frame| frame.contains(" sum=")), "{seen:?}");
    }
}

#[test]
fn frames_are_the_same_in_both_forms_of_code() {
    // What callers hold is read in optimised code in one run and in baseline code in the other.
    let source = "local function leaf(n) local r = n; return r end
    local function middle(p, q) local s = p .. q; return leaf(#s) + leaf(p), s end
    local x, y = middle(10, 'ab'), 3
    return x + y";
    let (mut stepped, mut whole) = (lua(source), lua(source));
    for count in 1..10_000 {
        let state = stepped.step(1);
        whole = lua(source);
        whole.set_fuel(Some(count));
        let other = whole.resume();
        if matches!(state, RunState::Finished(_)) {
            assert!(matches!(other, RunState::Finished(_)));
            return;
        }
        assert_eq!(frames(&stepped), frames(&whole), "after {count} instructions");
    }
    panic!("it never ends: {:?}", frames(&whole));
}

const TYPED: &str = "(module
  (func $half (param $n i64) (result i64) (local $h i64)
    (local.set $h (i64.shr_u (local.get $n) (i64.const 1)))
    (local.get $h))
  (func (export \"main\") (param $a i32) (result i64) (local $f f64) (local $s f32)
    (local.set $f (f64.const 2.5))
    (local.set $s (f32.const -0.5))
    (i64.add (call $half (i64.const 40)) (i64.extend_i32_s (local.get $a)))))";

#[test]
fn captured_variables_and_named_globals_are_shown() {
    let mut machine = lua(
        "local count, step = 0, 2\nlocal function add()\n  count = count + step\n  return count\nend\nadd()\nadd()",
    );
    let captured = |machine: &Machine| {
        let frame = machine.frames().next().expect("it runs");
        let captured = frame.locals.iter().filter(|local| local.is_captured && local.name != "_ENV");
        captured.map(|local| format!("{}={}", local.name, machine.show(&local.value))).collect::<Vec<_>>()
    };
    while !captured(&machine).contains(&"count=4".to_owned()) {
        assert!(matches!(machine.step(1), RunState::Stepped));
    }
    assert_eq!(line(&machine), 4);
    let mut module = wasm(
        "(module (global $g (export \"calls\") (mut i32) (i32.const 7)) (global i64 (i64.const 1))\n\
         (func (export \"main\") (param i32) (global.set $g (local.get 0)) (global.set $g (i32.const 9))))",
        &[Value::int(-3)],
    );
    assert!(matches!(module.step(1), RunState::Stepped));
    let function = module.frames().next().expect("it runs").function;
    let globals = module.globals_of_function(function);
    let globals: Vec<_> = globals.iter().map(|global| (global.name.as_str(), module.show(&global.value))).collect();
    assert_eq!(globals, [("calls", "-3".to_owned())]);
}

#[test]
fn typed_variables_have_typed_values() {
    let mut machine = wasm(TYPED, &[Value::int(-3)]);
    run_until(&mut machine, "h", "20");
    let all = frames(&machine);
    assert_eq!(all[0], "Guest half a.wat:4 n=40 h=20");
    assert_eq!(all[1], "Guest main a.wat:8 a=-3 f=2.5 s=-0.5");
    let frame = machine.frames().nth(1).expect("it was there");
    let kinds: Vec<_> = frame.locals.iter().map(|local| std::mem::discriminant(&local.value)).collect();
    let expected = [VariableValue::I32(0), VariableValue::F64(0.0), VariableValue::F32(0.0)];
    assert_eq!(kinds, expected.map(|value| std::mem::discriminant(&value)));
}

const STEPS: &str = "local function f(n)
  local m = n + 1
  return m
end
local a = f(1)
local b = f(2) +
  f(3)
for i = 1, 2 do
  a = a + i
end
local t = setmetatable({}, { __add = function(x, y)
  return f(y)
end })
a = t + 1
return a
";

#[test]
fn a_step_goes_over_calls_or_into_them() {
    let over = lines(&mut lua(STEPS), Machine::step_line);
    assert_eq!(over, [5, 6, 7, 6, 8, 9, 8, 9, 8, 11, 13, 11, 14, 15]);
    let into = lines(&mut lua(STEPS), Machine::step_into_line);
    assert_eq!(into, [5, 2, 3, 6, 2, 3, 7, 2, 3, 6, 8, 9, 8, 9, 8, 11, 13, 11, 14, 12, 2, 3, 15]);
}

#[test]
fn a_step_over_the_end_of_a_function_goes_on_in_its_caller() {
    let mut machine = lua(STEPS);
    while line(&machine) != 3 {
        assert!(matches!(machine.step_into_line(), RunState::Stepped));
    }
    assert_eq!(lines(&mut machine, Machine::step_line)[..3], [6, 7, 6]);
}

#[test]
fn a_step_over_a_resume_stays_outside_and_a_yield_leads_out() {
    let source = "local co = coroutine.wrap(function()
      local x = 1
      coroutine.yield(x)
      x = 2
    end)
    co()
    co()
    return 1";
    assert_eq!(lines(&mut lua(source), Machine::step_line), [5, 1, 6, 7, 8]);
    let mut machine = lua(source);
    while line(&machine) != 3 {
        assert!(matches!(machine.step_into_line(), RunState::Stepped));
    }
    assert!(matches!(machine.step_line(), RunState::Stepped));
    assert_eq!(line(&machine), 7);
}

#[test]
fn steps_by_line_cost_what_the_lines_cost() {
    let mut whole = lua(STEPS);
    whole.set_fuel(Some(1_000_000));
    assert!(matches!(whole.resume(), RunState::Finished(_)));
    let mut stepped = lua(STEPS);
    stepped.set_fuel(Some(1_000_000));
    lines(&mut stepped, Machine::step_line);
    assert_eq!(stepped.fuel(), whole.fuel());
    // It stands where line 5 begins, and goes on to where another one does.
    let mut short = lua(STEPS);
    short.set_fuel(Some(1));
    assert!(matches!(short.step_line(), RunState::OutOfFuel));
    assert_eq!(short.fuel(), Some(0));
    short.set_fuel(None);
    assert!(matches!(short.step_line(), RunState::Stepped));
    assert_eq!(line(&short), 6);
}

#[test]
fn without_lines_every_operator_is_one() {
    let mut binary = minivm_wasm::parse_text(TYPED.as_bytes(), "a.wat").expect("it is a module").into_owned();
    // Line tables come last; before their name are the kind and the size of the section, and the length of the name.
    let table = binary.windows(7).position(|window| window == b".debug_").expect("there are line tables");
    binary.truncate(table - 3);
    let mut machine = wasm_binary(&binary, &[Value::int(2)]);
    let mut starts = Vec::new();
    while let RunState::Stepped = machine.step_into_line() {
        let frame = machine.frames().next().expect("it runs");
        let position = frame.position.expect("it has a place");
        starts.push((frame.name, position.bytes.start));
    }
    let halves = starts.iter().filter(|(name, _)| name == "half").count();
    assert!(halves >= 2 && starts.len() >= 6, "{starts:?}");
    assert!(starts.windows(2).all(|pair| pair[0] != pair[1]), "{starts:?}");
}

#[test]
fn a_scheduler_takes_turns() {
    let program =
        |name: &str, rounds: u32| lua(&format!("local n = 0 for i = 1, {rounds} do n = n + i end return '{name}', n"));
    let mut scheduler = Scheduler::new(50);
    let mut limited = program("limited", 1_000_000);
    limited.set_fuel(Some(777));
    let (long, middle) = (scheduler.add(program("long", 900)), scheduler.add(program("middle", 300)));
    let (limited, short) = (scheduler.add(limited), scheduler.add(program("short", 20)));
    let mut ended = Vec::new();
    while let Some(mut task) = scheduler.run() {
        let text = match task.state {
            RunState::Finished(values) => {
                values.into_iter().map(|value| task.machine.describe(value)).collect::<Vec<_>>().join(" ")
            }
            RunState::OutOfFuel => format!("out of fuel with {:?}", task.machine.fuel()),
            _ => "another end".to_owned(),
        };
        ended.push((task.id, text));
        scheduler.set_quantum(60);
    }
    let texts = ["short 210", "middle 45150", "out of fuel with Some(0)", "long 405450"];
    assert_eq!(ended.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [short, middle, limited, long]);
    assert_eq!(ended.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), texts);
}

/// A host function that runs a fiber until it yields or ends, and gives what it gave.
fn fiber_runner(machine: &mut Machine) -> Value {
    let made = machine.host_function("run fiber", |call| match (call.state(), call.error_returned()) {
        (0, _) => call.resume_with_args_from(call.arg(0), 1, 1),
        (_, None) => call.return_returned(None),
        (_, Some(error)) => Err(minivm::raw::Raise::Value(error)),
    });
    made.expect("there is memory")
}

#[test]
fn the_host_runs_the_fibers_of_a_machine_in_turn() {
    let source = "local all = {}
    for n = 1, 5 do
      all[n] = coroutine.create(function(step)
        local sum = 0
        for i = 1, n do sum = sum + step; step = coroutine.yield(n, sum) end
        return n, 'done', sum
      end)
    end
    return table.unpack(all)";
    let mut machine = lua(source);
    let RunState::Finished(fibers) = machine.resume() else { panic!("it returns") };
    let runner = fiber_runner(&mut machine);
    machine.keep(runner);
    let mut ready: std::collections::VecDeque<_> = fibers.into_iter().map(|fiber| machine.keep(fiber)).collect();
    let (mut order, mut slices) = (Vec::new(), 0);
    while let Some(fiber) = ready.pop_front() {
        let value = machine.kept(fiber);
        machine.prepare(runner, &[value, Value::int(10)]);
        // A turn takes as many quanta as the fiber needs to its next yield; the host may drop it in between.
        let values = loop {
            machine.set_fuel(Some(4));
            slices += 1;
            match machine.resume() {
                RunState::OutOfFuel => assert!(machine.frames().any(|frame| frame.name == "run fiber")),
                RunState::Finished(values) => break values,
                _ => panic!("it fails"),
            }
        };
        let is_done = values.get(1).and_then(Value::as_bytes) == Some(b"done");
        order.push(values[0].as_int().expect("fibers say who they are"));
        if is_done {
            machine.release(fiber);
        } else {
            ready.push_back(fiber);
        }
    }
    assert_eq!(order, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 2, 3, 4, 5, 3, 4, 5, 4, 5, 5]);
    assert!(slices > order.len());
}
