//! Damaged snapshots: each is refused with a clear error, or is one of a run that the machine can go on with.
//!
//! The damage is done below checksum and compression, so that it reaches the decoder. `MINIVM_MUTATIONS=100000` does more.

use minivm::raw::{CodeForm, HostRequest, Limits, Machine, RunState, Value};
use minivm_conformance::random::Random;
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;

/// Programs that stop with much on their stacks.
const PROGRAMS: [(&str, u64); 7] = [
    (
        "local t = setmetatable({}, { __index = function(t, k) local s = 0 for i = 1, 50 do s = s + i end return s + k end })
        local weak = setmetatable({}, { __mode = 'k' }) weak[t] = { 1, 2.5, 'three', true }
        local x = 0 for i = 1, 9 do x = x + t[i] end return x",
        150,
    ),
    (
        "local co = coroutine.wrap(function(a, ...) local n = select('#', ...) while true do n = n + coroutine.yield(n, a) end end)
        co('a', 1, 2) local ok, e = pcall(function(...) local v = { ... } for k, w in pairs(v) do co(w) end error({ v }) end, 1, 2, 3)
        local s = ('%d'):rep(3, ','):gsub('%%', function(c) return c .. tostring(co(1)) end) return s, ok",
        80,
    ),
    (
        "local o = setmetatable({}, { __concat = function(a, b) return 'c' end, __lt = function() return true end, __close = print,
        __eq = function(a, b) for i = 1, 20 do end return false end, __gc = function() end })
        local p = setmetatable({}, getmetatable(o)) for i = 1, 40 do if o == p or o < p then local q <close> = nil local s = 'x' .. o .. i end end",
        210,
    ),
    (
        "local function f(n) if n == 0 then for i = 1.5, 90 do local t = { i, [i] = n, s = 'text' .. i } end return 1 end return 1 + f(n - 1) end
        table.sort({ 3, 1, 2, 5, 4 }, function(a, b) return a < b and f(12) > 0 end) return xpcall(f, function(m) return m end, 20)",
        330,
    ),
    // In a callback of a module that is being started for a module that is being required.
    (LOADING, 60),
    // In a callback of a callback, with objects whose module is gone.
    (LOADING, 240),
    // It stops at an error that nobody catches, on a fiber.
    (
        "local w = coroutine.wrap(function(...) local n <close> = setmetatable({}, { __close = function() for i = 1, 9 do end end })
        local v = coroutine.yield(...) for k, x in pairs({ v, 2.5 }) do local s = k .. 'x' error({ s, k, x }) end end)
        w(1, 2) local t = setmetatable({}, { __index = function(_, k) return w(k) end }) for i = 1, 3 do local u = { i } return t[u] end",
        10_000,
    ),
];

const LOADING: &str = "local function module(start) return '(module (import \"env\" \"f\" (func $f (param i32 externref) (result i32)))'
        .. '(memory (export \"memory\") 1) (table (export \"table\") 2 funcref) (global (export \"global\") (mut externref) (ref.null extern))'
        .. '(func $s (drop (call $f (i32.const 3) (ref.null extern))))' .. start
        .. '(func (export \"go\") (param i32 externref) (result i32) (global.set 0 (local.get 1))'
        .. '(i32.add (call $f (local.get 0) (local.get 1)) (i32.const 1))))' end
    local inner
    local env = { f = function(n, x) local s = 0 for i = 1, 20 do s = s + i end return inner and n > 0 and inner.go(n - 1, x) or n end }
    package.preload.inner = function() return wasm.instantiate(module('(start $s)'), { env = env }) end
    inner = require 'inner' local kept, last = { inner.memory, inner.table, inner.global }, inner
    inner = wasm.instantiate(module(''), { env = env }) kept[4] = wasm.memory(1, 2) inner.table:set(1, inner.go)
    return last.go(5, kept)";

fn machine() -> Machine {
    let mut machine = minivm_conformance::raw_machine(Limits {
        memory_bytes_max: 64 << 20,
        stack_words_max: 1 << 16,
        fiber_depth_max: 64,
        ..Limits::default()
    });
    stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    minivm_modules::raw::install(&mut machine).expect("there is memory");
    machine
}

/// A machine with a function that waits for the host.
fn asking_machine() -> Machine {
    let mut machine = machine();
    let ask = machine.host_function("ask", |call| match call.state() {
        0 => call.wait(Box::new(Question), 1),
        _ => call.return_returned(None),
    });
    machine.register("ask", ask.expect("there is memory"));
    machine
}

/// A snapshot of a program that has run for so many instructions.
fn snapshot(source: &str, fuel: u64) -> Vec<u8> {
    let mut machine = machine();
    let program = minivm_lua::compile(source.as_bytes(), "=damaged").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let globals = machine.registered("lua.globals");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    machine.set_fuel(Some(fuel));
    machine.set_keep_stack_on_error(true);
    match machine.resume() {
        RunState::OutOfFuel => {}
        RunState::Failed(_) if machine.uncaught_error().is_some() => {}
        RunState::Failed(failure) => panic!("{failure}"),
        _ => panic!("it ends too soon: {source}"),
    }
    machine.save(b"", CodeForm::Whole).expect("it can be saved")
}

/// A snapshot of all these programs in one machine, each a run that is suspended: after so many instructions, before the first
/// one, waiting for the host, ended or stopped at an error. Then one is at work.
fn snapshot_of_runs() -> Vec<u8> {
    let mut machine = asking_machine();
    machine.set_keep_stack_on_error(true);
    let ask = machine.registered("ask");
    let globals = machine.registered("lua.globals");
    let prepared = |machine: &mut Machine, source: &str| {
        let program = minivm_lua::compile(source.as_bytes(), "=damaged").expect("it compiles");
        let instance = machine.instantiate(program).expect("it links");
        machine.closure(instance, "main", &[globals]).expect("there is memory")
    };
    let waiting =
        prepared(&mut machine, "local a <close> = nil return coroutine.wrap(function(f) return 1 + f() end)(...)");
    let waiting = machine.spawn(waiting, &[ask]).expect("there is memory");
    for (source, fuel) in PROGRAMS {
        let function = prepared(&mut machine, source);
        machine.spawn(function, &[Value::int(7), globals]).expect("there is memory");
        let id = machine.spawn(function, &[]).expect("there is memory");
        machine.switch_to(id);
        machine.set_fuel(Some(fuel));
        let _ = machine.resume();
        machine.suspend();
    }
    for name in ["type", "error"] {
        let function = machine.heap().table_get_name(globals, name.as_bytes());
        machine.prepare(function, &[Value::int(7)]);
        machine.suspend();
    }
    machine.switch_to(waiting);
    assert!(matches!(machine.resume(), RunState::Waiting(_)));
    let yielding = prepared(&mut machine, "local t = { 1 } return t, coroutine.yield('yielded', t)");
    let yielding = machine.spawn(yielding, &[]).expect("there is memory");
    machine.switch_to(yielding);
    assert!(matches!(machine.resume(), RunState::Yielded(_)));
    let function = prepared(&mut machine, "local t = {} for i = 1, 100 do t[i] = { select('#', table.unpack(t)) } end");
    let last = machine.spawn(function, &[]).expect("there is memory");
    machine.switch_to(last);
    machine.step(200);
    assert_eq!(machine.runs().len(), 2 * PROGRAMS.len() + 4);
    machine.save(b"", CodeForm::Whole).expect("it can be saved")
}

struct Question;

impl HostRequest for Question {
    fn name(&self) -> &'static str {
        "question"
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => bytes[at] = [0, 1, 5, 0x7f, 0x80, 0xff][random.below(6)],
            2 => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
            3 => bytes[at] = bytes[at].wrapping_add(1),
            4 => bytes[at] = bytes[at].wrapping_sub(1),
            5 => drop(bytes.remove(at)),
            6 => bytes.insert(at, random.below(256) as u8),
            _ => bytes[at] ^= 1 << random.below(8),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn damage_is_an_error_or_harmless() {
    let count: usize = std::env::var("MINIVM_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1500);
    let seed: u64 = std::env::var("MINIVM_MUTATION_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let mut snapshots: Vec<Vec<u8>> = PROGRAMS.iter().map(|(source, fuel)| snapshot(source, *fuel)).collect();
    // What holds all of them has more places for damage.
    let runs = snapshot_of_runs();
    snapshots.extend([runs.clone(), runs.clone(), runs]);
    let mut random = Random::new(seed, 0);
    let (mut refused, mut ran) = (0, 0);
    let mut machine = asking_machine();
    for number in 0..count {
        let mut bytes = snapshots[number % snapshots.len()].clone();
        mutate(&mut bytes, &mut random);
        if std::env::var("MINIVM_MUTATION_KEEP").is_ok() {
            std::fs::write(std::env::temp_dir().join("mutation.bin"), &bytes).expect("there is a temporary folder");
        }
        match machine.load(&bytes) {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
            Ok(_) => {
                for frame in machine.frames().take(200) {
                    frame.locals.iter().for_each(|local| drop(machine.show(&local.value)));
                }
                go_on(&mut machine);
                for id in machine.runs() {
                    machine.frames_of_run(id).take(50).for_each(|frame| drop(frame.locals));
                    assert!(machine.switch_to(id));
                    machine.prepare_answer(&[Value::int(5)]);
                    go_on(&mut machine);
                }
                ran += 1;
                machine = asking_machine();
            }
        }
    }
    println!("{refused} refused, {ran} ran");
    assert!(refused > count / 10);
}

/// Goes on with the run at work: optimised code first, then baseline code.
fn go_on(machine: &mut Machine) {
    machine.set_fuel(Some(20_000));
    let _ = machine.resume();
    let _ = machine.step(500);
}

#[test]
fn every_truncation_is_an_error() {
    every_truncation(snapshot(PROGRAMS[0].0, PROGRAMS[0].1));
    every_truncation(snapshot_of_runs());
}

fn every_truncation(bytes: Vec<u8>) {
    let mut machine = asking_machine();
    for end in (0..bytes.len()).step_by(if bytes.len() > 4000 { 97 } else { 1 }) {
        assert!(machine.load(&bytes[..end]).is_err(), "cut at {end}");
    }
    machine.load(&bytes).expect("the whole is fine");
}

#[test]
fn code_can_stay_at_home() {
    let (source, fuel) = PROGRAMS[0];
    let mut machine = machine();
    let program = minivm_lua::compile(source.as_bytes(), "=damaged").expect("it compiles");
    let instance = machine.instantiate(program.clone()).expect("it links");
    let globals = machine.registered("lua.globals");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    machine.set_fuel(Some(fuel));
    assert!(matches!(machine.resume(), RunState::OutOfFuel));
    let bytes = machine.save(b"", CodeForm::ByHash).expect("it can be saved");
    let whole = machine.save(b"", CodeForm::Whole).expect("it can be saved");
    assert!(bytes.len() < whole.len());
    let mut copy = self::machine();
    machine.copy_into(&mut copy).expect("it can be copied");
    let finish = |mut machine: Machine| {
        machine.set_fuel(None);
        match machine.resume() {
            RunState::Finished(values) => values[0].as_int(),
            _ => None,
        }
    };
    let mut other = self::machine();
    assert!(other.load(&bytes).is_err(), "the code is not there");
    // Support functions of the library are programs, too, and are the same everywhere.
    let _ = other.load_with(&bytes, vec![program]);
    assert_eq!(finish(copy), finish(machine));
}
