//! The longest time for which programs with large heaps stand still: `cargo pauses [TEXT-IN-THE-NAME] [ROUNDS]`
//!
//! Each program runs in slices of a few instructions, whose processor time is taken. What is short as a rule is long where the
//! collector does a step or a table grows. A program takes the same slices in every round, and of each slice the shortest
//! time counts, so that what else runs on the machine does not.

use minivm::raw::{Limits, RunState};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use rustix::time::{ClockId, clock_gettime};

/// Instructions of a slice.
const SLICE: u64 = 200;
/// Slices shorter than this are not remembered.
const SHORT_NANOS: u64 = 50_000;

/// A name, what is in the heap, and the program.
type Program = (&'static str, &'static str, &'static str);

const PROGRAMS: &[Program] = &[
    (
        "tables",
        "200 MB of small tables, half of them replaced over and over",
        "local all = {} for i = 1, 1000000 do all[i] = { x = i, y = { i, i + 1 } } end
        local at = 1 for i = 1, 3000000 do at = (at * 16807) % 1000003 all[at] = { x = i, y = { i, i + 1 } } end",
    ),
    (
        "strings",
        "1 GB of strings, some of them replaced over and over",
        "local all, filler = {}, ('x'):rep(960) for i = 1, 1000000 do all[i] = filler .. i end
        local at = 1 for i = 1, 600000 do at = (at * 16807) % 1000003 all[at] = filler .. -i end",
    ),
    (
        "short strings",
        "8 million short strings, a tenth of them replaced",
        "local all = {} for i = 1, 8000000 do all[i] = 'key ' .. i end
        local at = 1 for i = 1, 800000 do at = (at * 16807) % 8000009 all[at] = 'other ' .. i end",
    ),
    ("large strings", "strings of 1 to 64 MB", "local s for i = 0, 60 do s = ('x'):rep(1048576 << (i % 7)) end"),
    (
        "table of floats",
        "one table that grows to 20 million entries",
        "local t = {} for i = 1, 20000000 do t[i + 0.5] = i end",
    ),
    (
        "table of strings",
        "one table that grows to 4 million string keys",
        "local t = {} for i = 1, 4000000 do t['k' .. i] = i end",
    ),
    (
        "array",
        "an array that grows to 30 million elements",
        "local t = {} for i = 1, 30000000 do t[i] = i end for i = 1, 1000000 do t[#t] = nil end",
    ),
    ("array from the end", "an array filled from its end", "local t = {} for i = 8000000, 1, -1 do t[i] = i end"),
    (
        "queue",
        "a queue with 2 million waiting",
        "local t, first = {}, 1 for i = 1, 8000000 do t[i] = i if i > 2000000 then t[first] = nil first = first + 1 end end",
    ),
    ("list", "a list 6 million deep", "local list for i = 1, 6000000 do list = { list } end for i = 1, 4000000 do local t = {} end"),
    (
        "weak keys",
        "6 million weak keys that die at once",
        "local w = setmetatable({}, { __mode = 'k' }) for i = 1, 6000000 do w[{}] = i end",
    ),
    (
        "weak keys that live",
        "2 million weak keys, whose values are tables",
        "local w, keys = setmetatable({}, { __mode = 'k' }), {}
        for i = 1, 2000000 do keys[i] = {} w[keys[i]] = { i } end for i = 1, 4000000 do local t = {} end keys = nil
        for i = 1, 4000000 do local t = {} end",
    ),
    (
        "weak values",
        "3 million weak values under string keys",
        "local w = setmetatable({}, { __mode = 'v' }) for i = 1, 3000000 do w['k' .. i] = {} end",
    ),
    (
        "weak tables",
        "200 thousand small weak tables",
        "local all = {} for i = 1, 200000 do all[i] = setmetatable({ {} }, { __mode = 'v' }) end
        for i = 1, 4000000 do local t = {} end",
    ),
    (
        "finalisers",
        "2 million objects with finalisers",
        "local mt, all = { __gc = function() end }, {} for i = 1, 2000000 do all[i] = setmetatable({}, mt) end
        all = nil for i = 1, 6000000 do local t = {} end",
    ),
    (
        "fibers",
        "100 thousand fibers",
        "local all = {} local function f(a) while true do a = coroutine.yield({ a }) end end
        for i = 1, 100000 do all[i] = coroutine.create(f) coroutine.resume(all[i], i) end
        for round = 1, 3 do for i = 1, #all do coroutine.resume(all[i], i) end end
        all = nil for i = 1, 4000000 do local t = {} end",
    ),
    (
        "deep stack",
        "100 thousand calls deep",
        "local function f(n) if n == 0 then for i = 1, 3000000 do local t = { i } end return 0 end
        local t = { n } return f(n - 1) + #t end f(100000)",
    ),
    (
        "functions",
        "5 thousand loaded chunks",
        "local all = {} for i = 1, 5000 do all[i] = load('local a = \"s' .. i .. '\" return function() return a, { a } end')() end
        for i = 1, 2000000 do local t = { i } end",
    ),
];

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What a run of a program gave: long slices by number, with their times; its end; bytes in use at most; cycles.
struct Run {
    long: Vec<(u64, u64)>,
    most: usize,
    cycles: u64,
    nanos: u64,
}

fn run(source: &str) -> Run {
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    let program = minivm_lua::compile(source.as_bytes(), "=program").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let globals = machine.registered("lua.globals");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    let (mut long, mut most, mut slice) = (Vec::new(), 0, 0);
    let begin = thread_nanos();
    let mut before = begin;
    loop {
        machine.set_fuel(Some(SLICE));
        let state = machine.resume();
        let after = thread_nanos();
        if after - before > SHORT_NANOS {
            long.push((slice, after - before));
            most = most.max(machine.heap().used_bytes());
        }
        before = after;
        slice += 1;
        match state {
            RunState::OutOfFuel => {}
            RunState::Finished(_) => break,
            _ => panic!("the program fails"),
        }
    }
    Run { long, most, cycles: machine.heap().cycles(), nanos: before - begin }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut wanted, mut rounds) = (String::new(), 2);
    for argument in arguments.by_ref() {
        match argument.parse() {
            Ok(number) => rounds = number,
            Err(_) => wanted = argument,
        }
    }
    println!(
        "{:20} {:>8} {:>8} {:>7} {:>8} {:>6} {:>6}  what",
        "program", "longest", "used", "cycles", "seconds", "> 1 ms", "> 5 ms"
    );
    for (name, what, source) in PROGRAMS.iter().filter(|(name, ..)| name.contains(&wanted)) {
        let first = run(source);
        let mut long = first.long;
        for _ in 1..rounds {
            let again = run(source);
            long.retain_mut(|(slice, nanos)| match again.long.binary_search_by_key(slice, |&(slice, _)| slice) {
                Ok(at) => {
                    *nanos = again.long[at].1.min(*nanos);
                    true
                }
                Err(_) => false,
            });
        }
        let longest = long.iter().map(|&(_, nanos)| nanos).max().unwrap_or(0);
        let above = |millis: u64| long.iter().filter(|&&(_, nanos)| nanos > millis * 1_000_000).count();
        println!(
            "{name:20} {:5.2} ms {:5} MB {:7} {:8.2} {:6} {:6}  {what}",
            longest as f64 / 1e6,
            first.most >> 20,
            first.cycles,
            first.nanos as f64 / 1e9,
            above(1),
            above(5),
        );
    }
}
