//! Several runs in one machine: preempted anywhere, saved and loaded in between, each does what it does alone.

use minivm::raw::heap::Stress;
use minivm::raw::{
    CodeForm, Failure, FiberScheduler, HostRequest, Limits, Machine, RunActivity, RunId, RunState, Value,
};
use minivm_conformance::random::Random;
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use std::collections::BTreeMap;

/// What they do does not depend on one another, and costs the same however it is cut.
const EXACT: [&str; 10] = [
    "local t, x = {}, 7 for i = 1, 60 do x = x * 31 % 101 t[i] = x end
     table.sort(t, function(a, b) local less = a < b for i = 1, 3 do less = not not less end return less end)
     return table.concat(t, ' ')",
    "local function tree(n) if n > 0 then tree(n - 1) coroutine.yield(n) tree(n - 1) end end
     local s = {} for v in coroutine.wrap(function() tree(5) end) do s[#s + 1] = v end
     local co = coroutine.create(function(a) local c <close> = setmetatable({}, { __close = function() s[#s + 1] = 'closed' end })
       while true do a = a + coroutine.yield(a) end end)
     for i = 1, 5 do s[#s + 1] = select(2, coroutine.resume(co, i)) end s[#s + 1] = tostring(coroutine.close(co))
     return table.concat(s, ' ') .. coroutine.status(co)",
    "local log = {} local function f(n) local c <close> = setmetatable({}, { __close = function(_, e) log[#log + 1] = tostring(e) end })
       if n == 0 then error({ 1 }) elseif n % 2 == 0 then error('even ' .. n) else return n end end
     for i = 0, 9 do local ok, e = pcall(f, i) log[#log + 1] = type(e) == 'table' and 'table' or tostring(e) end
     for i = 1, 3 do log[#log + 1] = select(2, xpcall(f, function(m) for i = 1, 9 do m = m .. i end return debug.traceback(m) end, 2)) end
     return (table.concat(log, ' '):gsub('table: %S+', 'table'))",
    "local s = '' for i = 1, 40 do s = s .. ('%d:%x '):format(i, i * i) end
     s = s:gsub('%d+', function(d) local n = 0 for i = 1, 4 do n = n + #d end return n > 4 and d or '<' .. d .. '>' end)
     return s:rep(2, '|'):upper()",
    "local V = {} V.__index = function(t, k) return k .. '?' end V.__add = function(a, b) return setmetatable({ n = a.n + b.n }, V) end
     V.__lt = function(a, b) return a.n < b.n end V.__le = function(a, b) return not (b < a) end V.__eq = function(a, b) return a.n == b.n end
     V.__concat = function(a, b) return tostring(a) .. '..' .. tostring(b) end V.__tostring = function(a) return 'V' .. a.n end
     V.__call = function(self, x) return x and self.n * x or self end V.__len = function(a) return a.n end V.__unm = function(a) return -a.n end
     local a, b, out = setmetatable({ n = 1 }, V), setmetatable({ n = 2 }, V), {}
     for i = 1, 12 do a = a + b out[#out + 1] = a .. i .. tostring(a < b) .. tostring(a <= b) .. tostring(a == b) .. a(i) .. #a .. -a .. a.zip end
     return table.concat(out, ' ')",
    "local weak, keys, strong = setmetatable({}, { __mode = 'v' }), setmetatable({}, { __mode = 'k' }), {}
     for i = 1, 60 do local o = { i } weak[i] = o keys[o] = { o } if i % 3 == 0 then strong[#strong + 1] = o end end
     collectgarbage() local n, m = 0, 0 for _ in pairs(weak) do n = n + 1 end for k, v in pairs(keys) do m = m + v[1][1] end
     return n .. ' ' .. m .. ' ' .. #strong",
    "local m = wasm.instantiate([[(module (import \"env\" \"f\" (func $f (param i32) (result i32)))
       (func $go (export \"go\") (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
         (else (i32.add (call $f (local.get 0)) (call $go (i32.sub (local.get 0) (i32.const 1)))))))
       (func (export \"trap\") (drop (call $f (i32.const 3))) unreachable))]],
       { env = { f = function(n) local s = 0 for i = 1, n do s = s + i end coroutine.yield(s) return s end } })
     local out = {} for v in coroutine.wrap(function() local r = m.go(9) return nil, r end) do out[#out + 1] = v end
     local co = coroutine.create(m.trap) coroutine.resume(co) out[#out + 1] = tostring(select(2, coroutine.resume(co)))
     return table.concat(out, ' ')",
    "local function many(n) if n == 0 then return end return n, many(n - 1) end
     local out = {} for i = 1, 9 do out[#out + 1] = select('#', many(i), many(i)) + #{ many(i), many(i) } + math.max(many(i)) end
     local function pass(...) return ... end local t = { pass(pass(many(20))) } out[#out + 1] = #t .. (function(...) return select('#', ...) end)(many(12))
     return table.concat(out, ' ')",
    "local function deep(n) if n == 0 then local t = nil; return t.x end local r = deep(n - 1) return r end
     local w = coroutine.wrap(function() deep(4) end) local ok = pcall(w) for i = 1, 30 do ok = not ok end return deep(5)",
    "local w = coroutine.wrap(function() for i = 1, 40 do if i == 33 then os.exit(3) end end end) for i = 1, 20 do end w()",
];

/// What these cost depends on what else there is. They do not go together: a finaliser that runs on a full stack fails.
const OTHERS: [&str; 2] = [
    // They may run in any of the runs, one in the middle of another.
    "local done = {} for i = 1, 30 do setmetatable({}, { __gc = function() for j = 1, 25 do end done[i] = true end }) end
     while #done < 30 do collectgarbage() for i = 1, 50 do local t = { i } end end return #done",
    "local function over(n) return 1 + over(n + 1) end local ok, e = pcall(over, 1)
     local ok2, e2 = xpcall(over, function(m) for i = 1, 20 do end return 'handled ' .. m end, 1) return tostring(e) .. tostring(e2)",
];

/// How many values there were at the end of the top level, or the error; the traceback too.
fn text(machine: &mut Machine, state: RunState) -> String {
    match state {
        RunState::Finished(values) => {
            let values: Vec<String> = values.into_iter().map(|value| machine.describe(value)).collect();
            format!("returns {}", values.join(", "))
        }
        RunState::Failed(Failure::Error { value, trace, .. }) => format!("{}\n{trace}", machine.describe(value)),
        RunState::Failed(Failure::Exit(status)) => format!("exit {status}"),
        RunState::OutOfFuel => "out of fuel".into(),
        RunState::Stepped => "stepped".into(),
        RunState::Interrupted => "interrupted".into(),
        RunState::Waiting(request) => format!("waits for {}", request.name()),
        RunState::Yielded(values) => {
            let values: Vec<String> = values.into_iter().map(|value| machine.describe(value)).collect();
            format!("yields {}", values.join(", "))
        }
    }
}

struct Question;

impl HostRequest for Question {
    fn name(&self) -> &'static str {
        "question"
    }
}

fn machine() -> Machine {
    let limits = Limits { stack_words_max: 1 << 14, ..Limits::default() };
    let mut machine = minivm_conformance::raw_machine(limits);
    let globals = stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    minivm_modules::raw::install(&mut machine).expect("there is memory");
    let ask = machine.host_function("ask", |call| match call.state() {
        0 => call.wait(Box::new(Question), 1),
        _ => call.return_returned(None),
    });
    let name = machine.string("ask").expect("there is memory");
    machine.heap().table_set(globals, name, ask.expect("there is memory")).expect("there is memory");
    machine
}

/// A source as a function.
fn chunk(machine: &mut Machine, source: &str) -> Value {
    let program = minivm_lua::compile(source.as_bytes(), "@case.lua").unwrap_or_else(|error| panic!("{error}"));
    let instance = machine.instantiate(program).expect("it links");
    let globals = machine.registered("lua.globals");
    machine.closure(instance, "main", &[globals]).expect("there is memory")
}

fn spawn(machine: &mut Machine, source: &str) -> RunId {
    let function = chunk(machine, source);
    machine.spawn(function, &[]).expect("there is memory")
}

/// A machine with runs of these sources.
fn with(sources: &[&str]) -> (Machine, Vec<RunId>) {
    let mut machine = machine();
    let ids = sources.iter().map(|source| spawn(&mut machine, source)).collect();
    (machine, ids)
}

const PLENTY: u64 = 1 << 40;

fn alone(source: &str) -> (String, u64) {
    let (mut machine, ids) = with(&[source]);
    assert!(machine.switch_to(ids[0]));
    machine.set_fuel(Some(PLENTY));
    let state = machine.resume();
    (text(&mut machine, state), PLENTY - machine.fuel().expect("there is a limit"))
}

/// How a run of many is disturbed.
#[derive(Clone, Copy)]
struct Plan {
    seed: u64,
    quantum_bits: usize,
    /// The machine is saved and loaded, or copied, once in so many turns.
    reload: usize,
    stress: bool,
}

/// Runs sources together; gives what each did, and what all cost.
fn together(sources: &[&str], plan: Plan) -> (Vec<String>, u64) {
    let (mut machine, ids) = with(sources);
    let mut random = Random::new(plan.seed, 0);
    let mut scheduler = FiberScheduler::new(1);
    ids.iter().for_each(|&id| scheduler.put_back(id));
    machine.set_fuel(Some(PLENTY));
    let mut ends = BTreeMap::new();
    while !scheduler.is_empty() {
        if plan.stress {
            machine.heap().set_stress(Stress::Steps);
        }
        scheduler.set_quantum(random.size(plan.quantum_bits));
        if let Some(task) = scheduler.turn(&mut machine) {
            let end = text(&mut machine, task.state);
            assert!(ends.insert(task.id, end).is_none(), "it ends once");
        }
        if random.below(plan.reload) == 0 {
            machine = reloaded(machine, random.below(3) == 0);
            let runs = machine.runs();
            assert_eq!(runs, scheduler.runs().collect::<Vec<_>>(), "they keep their order");
            scheduler = FiberScheduler::new(1);
            runs.into_iter().for_each(|id| scheduler.put_back(id));
        }
    }
    machine.close().expect("nothing ends it");
    let cost = PLENTY - machine.fuel().expect("there is a limit");
    (ids.iter().map(|id| ends[id].clone()).collect(), cost)
}

/// The state of a machine in a fresh one.
fn reloaded(mut old: Machine, copied: bool) -> Machine {
    let mut new = machine();
    if copied {
        old.copy_into(&mut new).expect("it can be copied");
        return new;
    }
    let saved = old.save(b"", CodeForm::Whole).expect("it can be saved");
    new.load(&saved).expect("it can be loaded");
    assert_eq!(new.save(b"", CodeForm::Whole).expect("it can be saved"), saved, "nothing is lost");
    new
}

#[test]
fn each_does_what_it_does_alone() {
    for (other, plans) in OTHERS.into_iter().zip([[(1, 4, 2000), (2, 10, 5)], [(3, 8, 40), (4, 12, 2)]]) {
        let sources: Vec<&str> = EXACT.into_iter().chain([other]).collect();
        let expected: Vec<String> = sources.iter().map(|source| alone(source).0).collect();
        for end in &expected[..8] {
            assert!(end.starts_with("returns ") && end.len() > 10, "{end}");
        }
        for ((seed, quantum_bits, reload), stress) in plans.into_iter().flat_map(|plan| [(plan, false), (plan, true)]) {
            let (found, _) = together(&sources, Plan { seed, quantum_bits, reload, stress });
            for ((source, found), expected) in sources.iter().zip(&found).zip(&expected) {
                assert_eq!(found, expected, "seed {seed}: {source}");
            }
        }
    }
}

#[test]
fn together_they_cost_what_each_costs() {
    let alone: u64 = EXACT.iter().map(|source| alone(source).1).sum();
    for (seed, quantum_bits, reload) in [(5, 1, 20_000), (6, 5, 300), (7, 11, 3)] {
        let plan = Plan { seed, quantum_bits, reload, stress: false };
        // What a program asks of the collector is paid by the size of the heap, which they share.
        let cost = together(&EXACT, plan).1;
        assert!((alone..alone + alone / 10).contains(&cost), "seed {seed}: {cost} for {alone}");
        let (first, second) = (together(&EXACT, plan), together(&EXACT, plan));
        assert_eq!(first, second, "it is the same each time");
    }
}

/// Goes on with a run until a global has a value.
fn run_until(machine: &mut Machine, id: RunId, name: &str) {
    assert!(machine.switch_to(id));
    for _ in 0..100_000 {
        let globals = machine.registered("lua.globals");
        if !machine.heap().table_get_name(globals, name.as_bytes()).is_nil() {
            return;
        }
        assert!(matches!(machine.step(1), RunState::Stepped), "{name} is never set");
    }
    panic!("{name} is not set for long");
}

fn finish(machine: &mut Machine, id: RunId) -> String {
    assert!(machine.switch_to(id));
    let state = machine.resume();
    text(machine, state)
}

/// What a run sees that has the fibers of another one.
const PRYING: &str = "local out = {} local function add(...) for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, ...))) end end
  for _, co in ipairs { outer, inner } do
    add(coroutine.status(co), coroutine.resume(co)) add(pcall(coroutine.close, co)) add(coroutine.isyieldable(co))
    add((debug.traceback(co):gsub('%s+', ' '))) end
  local me, is_main = coroutine.running() add(is_main, me == outer) return table.concat(out, '|')";

#[test]
fn programs_cannot_reach_into_a_run_that_is_aside() {
    let (mut machine, ids) = with(&[
        "outer = coroutine.running() local w = coroutine.wrap(function() inner = coroutine.running() local n = 0
           for i = 1, 20 do n = n + i end coroutine.yield(n) return 'last' end)
         local a = w() return a .. w() .. coroutine.status(inner)",
    ]);
    run_until(&mut machine, ids[0], "inner");
    let sees = |yieldable: bool, traceback: &str| {
        let refused = "normal|false|cannot resume non-suspended coroutine|false|cannot close a normal coroutine";
        format!("{refused}|{yieldable}|stack traceback: {traceback}")
    };
    let outer = sees(true, "[C]: in local 'w' case.lua:3: in main chunk");
    let inner = sees(true, "case.lua:1: in function <case.lua:1>");
    for copied in [false, true] {
        machine.suspend();
        machine = reloaded(machine, copied);
        let id = spawn(&mut machine, PRYING);
        assert_eq!(finish(&mut machine, id), format!("returns {outer}|{inner}|false|false"));
    }
    assert_eq!(finish(&mut machine, ids[0]), "returns 210lastdead");
}

#[test]
fn a_run_that_waits_is_put_aside_and_answered_later() {
    let source =
        |n: i32| format!("local s = 'got ' local a, b = ask({n}) for i = 1, 30 do s = s .. i end return s .. a .. b");
    let sources = [source(1), source(2), source(3)];
    let (mut machine, ids) = with(&sources.each_ref().map(String::as_str));
    let mut scheduler = FiberScheduler::new(7);
    ids.iter().for_each(|&id| scheduler.put_back(id));
    for &id in &ids {
        let task = scheduler.run(&mut machine).expect("it waits");
        assert_eq!((task.id, task.request().map(HostRequest::name)), (id, Some("question")));
        assert_eq!(machine.frames().next().expect("it waits").name, "ask");
    }
    assert!(scheduler.run(&mut machine).is_none());
    // They are saved as they wait; the answers come in any order.
    machine.suspend();
    assert_eq!(machine.runs(), ids);
    let mut machine = reloaded(machine, false);
    for &id in [ids[2], ids[0], ids[1]].iter() {
        assert_eq!(machine.run_activity(id), Some(RunActivity::Waiting));
        assert_eq!(machine.frames_of_run(id).next().expect("it waits").name, "ask");
        assert!(machine.switch_to(id));
        machine.prepare_answer(&[Value::int(id.number() as i64), Value::TRUE]);
        // The answer is taken before it is suspended once more.
        scheduler.put_back(id);
    }
    let mut order = Vec::new();
    while let Some(task) = scheduler.run(&mut machine) {
        order.push(task.id);
        let end = text(&mut machine, task.state);
        assert!(end.contains("attempt to concatenate a boolean value (local 'b')"), "{end}");
    }
    assert_eq!(order, [ids[2], ids[0], ids[1]]);
}

/// A run that yields as it is: in loops, under metamethods, while a comparison sorts, out of protected calls.
const YIELDING: &str = "local y, out = coroutine.yield, {} local function add(...) for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, ...))) end end
  add(coroutine.isyieldable(), select(2, coroutine.running()), pcall(y, 'protected'))
  local V = setmetatable({}, { __add = function(a, b) return y('adds', b) end, __index = function(t, k) return y(k) end })
  add(V + 1, V.field) local t, n = { 3, 1, 2 }, 0 table.sort(t, function(a, b) n = n + 1 if n < 3 then y('sorts') end return a < b end) add(table.concat(t))
  for v in coroutine.wrap(function() coroutine.yield('inner') end) do add(v) end
  y() add(y()) return table.concat(out, ' ')";

#[test]
fn a_spawned_run_yields_to_the_host() {
    for how in 0..5 {
        let (mut machine, ids) = with(&[YIELDING]);
        let (mut order, mut count) = (Vec::new(), 0);
        assert!(machine.switch_to(ids[0]));
        let end = loop {
            machine.set_fuel(Some(if how % 2 == 0 { PLENTY } else { 1 + count % 7 }));
            count += 1;
            let state = machine.resume();
            let end = text(&mut machine, state);
            let is_yield = end.starts_with("yields ");
            if is_yield {
                assert!(machine.is_stopped() && machine.traceback().contains("case.lua"), "{}", machine.traceback());
                order.push(end);
            } else if end != "out of fuel" {
                break end;
            }
            match how {
                2 => _ = machine.suspend().expect("it can go on"),
                3 | 4 => machine = reloaded(machine, how == 4),
                _ => {}
            }
            assert!(machine.switch_to(ids[0]));
            if is_yield {
                let answer = machine.string(order.len().to_string()).expect("there is memory");
                machine.prepare_answer(&[answer, Value::NIL][..order.len() % 3]);
            }
        };
        let yields = "yields protected,yields adds, 1,yields field,yields sorts,yields sorts,yields ,yields ";
        assert_eq!(order.join(","), yields, "way {how}");
        assert_eq!(end, "returns true false true 1 2 nil 123 inner 7", "way {how}");
    }
}

/// A scheduler tells of runs that yield; answered and put back, they come after the others.
#[test]
fn a_scheduler_tells_of_yields() {
    let source = "local s = 0 for i = 1, 3 do s = s + coroutine.yield(i) end return s";
    let (mut machine, ids) = with(&[source, source]);
    let mut scheduler = FiberScheduler::new(1_000);
    ids.iter().for_each(|&id| scheduler.put_back(id));
    let mut told = Vec::new();
    while let Some(task) = scheduler.run(&mut machine) {
        let is_yield = matches!(task.state, RunState::Yielded(_));
        told.push(format!("{} {}", task.id.number(), text(&mut machine, task.state)));
        if is_yield {
            machine.prepare_answer(&[Value::int(10 * (task.id.number() as i64 + 1))]);
            scheduler.put_back(task.id);
        }
    }
    let ends = ["0 yields 1", "1 yields 1", "0 yields 2", "1 yields 2", "0 yields 3", "1 yields 3"];
    assert_eq!(told[..6], ends);
    assert_eq!(told[6..], ["0 returns 30", "1 returns 60"]);
}

#[test]
fn who_yields_is_suspended_for_others_too() {
    let (mut machine, ids) = with(&[
        "me = coroutine.running() local a = coroutine.yield(1) return a",
        "return coroutine.resume(me, 'mine')",
    ]);
    assert_eq!(finish(&mut machine, ids[0]), "yields 1");
    machine.suspend();
    assert_eq!(machine.run_activity(ids[0]), Some(RunActivity::Yielded));
    assert_eq!(finish(&mut machine, ids[1]), "returns true, mine");
    assert!(machine.switch_to(ids[0]));
    let state = machine.answer(&[]);
    assert!(text(&mut machine, state).starts_with("cannot resume dead coroutine"));
    // What is called is no fiber of the host's own, as the main one of a `lua` command.
    let function = chunk(&mut machine, "return pcall(coroutine.yield)");
    let values = machine.call(function, &[]).expect("it is caught");
    assert_eq!(machine.describe(values[1]), "attempt to yield from outside a coroutine");
}

/// What waits is saved as it waits, once the host knows what for.
#[test]
fn a_run_at_work_that_waits_is_saved() {
    let (mut machine, _) = with(&[]);
    let function =
        chunk(&mut machine, "local s = 'got ' for i, v in ipairs { ask() } do s = s .. v end return s .. ask()");
    machine.prepare(function, &[]);
    for answer in [&[Value::int(1), Value::int(2)][..], &[Value::int(3)]] {
        let state = machine.resume();
        assert_eq!(text(&mut machine, state), "waits for question");
        machine = reloaded(machine, answer.len() == 1);
        machine.prepare_answer(answer);
    }
    let state = machine.resume();
    assert_eq!(text(&mut machine, state), "returns got 123");
}

#[test]
fn what_ends_while_it_is_put_aside_tells_later() {
    let (mut machine, ids) = with(&["return 1"]);
    let prepare = |machine: &mut Machine, name: &str| {
        let globals = machine.registered("lua.globals");
        let function = machine.heap().table_get_name(globals, name.as_bytes());
        machine.prepare(function, &[Value::int(5)]);
        machine.suspend().expect("it can go on")
    };
    let (finished, failed) = (prepare(&mut machine, "type"), prepare(&mut machine, "error"));
    assert_eq!(machine.run_id(), None);
    let mut machine = reloaded(machine, false);
    assert_eq!(machine.runs(), [ids[0], finished, failed]);
    let activities = [ids[0], finished, failed].map(|id| machine.run_activity(id));
    assert_eq!(activities, [RunActivity::New, RunActivity::Ended, RunActivity::Ended].map(Some));
    assert_eq!(finish(&mut machine, finished), "returns number");
    assert!(finish(&mut machine, failed).starts_with("5\n"));
    assert_eq!(finish(&mut machine, ids[0]), "returns 1");
    assert!(!machine.switch_to(finished) && machine.runs().is_empty());
    // What it waits for is reported when it is switched to; until then nobody could answer it.
    let waiting = prepare(&mut machine, "ask");
    assert_eq!(machine.run_activity(waiting), Some(RunActivity::Waiting));
    let refused = machine.save(b"", CodeForm::Whole).expect_err("nobody knows what it waits for");
    assert!(refused.to_string().contains("question"), "{refused}");
    assert_eq!(finish(&mut machine, waiting), "waits for question");
    let state = machine.answer(&[Value::int(4)]);
    assert_eq!(text(&mut machine, state), "returns 4");
}

#[test]
fn frames_lines_and_errors_are_those_of_the_run_at_work() {
    let (mut machine, ids) = with(&[
        "local apple = 1\nfor i = 1, 9 do\n  apple = apple + i\nend\nerror('first')",
        "local pear = 2\nlocal function inner(n)\n  pear = pear * n\n  return pear\nend\ninner(3)\nerror('second')",
    ]);
    machine.set_keep_stack_on_error(true);
    let place = |machine: &Machine| {
        let frame = machine.frames().next().expect("it runs");
        let own = frame.locals.iter().filter(|local| !local.is_captured && !local.name.starts_with('('));
        let locals: Vec<String> = own.map(|local| machine.show(&local.value)).collect();
        (frame.position.expect("it has a place").line, locals)
    };
    for _ in 0..3 {
        for &id in &ids {
            assert!(machine.switch_to(id));
            assert!(matches!(machine.step_into_line(), RunState::Stepped));
            assert_eq!(machine.run_id(), Some(id));
        }
    }
    assert_eq!(place(&machine), (3, vec!["3".into()]));
    machine.switch_to(ids[0]);
    assert_eq!(place(&machine), (2, vec!["2".into()]));
    let names = |frames: minivm::raw::Frames<'_>| frames.map(|frame| frame.name).collect::<Vec<_>>();
    assert_eq!(names(machine.frames_of_run(ids[1])), ["function <case.lua:2>", "main chunk"]);
    assert!(machine.frames_of_run(ids[0]).next().is_none(), "it is at work");
    // Both stop where their error is raised, and are suspended like that, also in another machine.
    for (id, error) in [(ids[0], "case.lua:5: first"), (ids[1], "case.lua:7: second")] {
        assert!(finish(&mut machine, id).starts_with(error));
        let error = machine.uncaught_error().expect("it has stopped there");
        assert!(machine.describe(error).ends_with(if id == ids[0] { "first" } else { "second" }));
    }
    machine.suspend();
    let mut machine = reloaded(machine, false);
    let report = machine.report_state().expect("it can be saved");
    let frames = report.fibers.iter().map(|fiber| machine.frames_of_report(fiber).count());
    assert_eq!(frames.collect::<Vec<_>>(), [2, 2]);
    assert!(report.fibers.iter().all(|fiber| fiber.is_main));
    for (id, trace) in [(ids[1], "case.lua:7: in main chunk"), (ids[0], "case.lua:5: in main chunk")] {
        assert_eq!(machine.run_activity(id), Some(RunActivity::Raised));
        assert!(machine.switch_to(id) && machine.traceback().contains(trace));
        let state = machine.resume();
        assert!(text(&mut machine, state).contains(trace));
    }
}

#[test]
fn a_run_may_be_aside_in_a_finaliser() {
    let (mut machine, ids) = with(&[
        "log = {} setmetatable({}, { __gc = function() inside = true for i = 1, 30 do end log[#log + 1] = 'first' end })
         collectgarbage() log[#log + 1] = 'after' return table.concat(log, ' ')",
        "setmetatable({}, { __gc = function() log[#log + 1] = 'second' end }) collectgarbage() return table.concat(log, ' ')",
    ]);
    run_until(&mut machine, ids[0], "inside");
    machine.suspend();
    let mut machine = reloaded(machine, false);
    assert_eq!(finish(&mut machine, ids[1]), "returns second");
    assert_eq!(finish(&mut machine, ids[0]), "returns second first after");
}

#[test]
fn dropped_runs_are_dead_and_give_their_memory_back() {
    let loop_forever =
        "local big = ('x'):rep(100000) co = coroutine.running() started = true while true do end return big";
    let (mut machine, ids) = with(&[loop_forever, "collectgarbage() return coroutine.status(co)"]);
    run_until(&mut machine, ids[0], "started");
    machine.suspend();
    assert!(machine.heap().used_bytes() > 100_000);
    assert!(machine.drop_run(ids[0]) && !machine.drop_run(ids[0]) && !machine.switch_to(ids[0]));
    let before = machine.heap().used_bytes();
    assert_eq!(finish(&mut machine, ids[1]), "returns dead");
    assert!(before - machine.heap().used_bytes() > 90_000);
    // Runs that are suspended, or at work, end with the program.
    let id = spawn(&mut machine, "setmetatable({}, { __gc = function() ended = true end }) while true do end");
    machine.switch_to(id);
    machine.set_fuel(Some(500));
    assert!(matches!(machine.resume(), RunState::OutOfFuel));
    machine.suspend();
    machine.set_fuel(None);
    machine.close().expect("nothing ends it");
    assert!(machine.runs().is_empty());
    let globals = machine.registered("lua.globals");
    assert!(!machine.heap().table_get_name(globals, b"ended").is_nil());
}
