//! How long a run goes on that is to stop: the longest time between two looks whether it is, over a table of the operations that
//! take longest. `cargo latency [TEXT-IN-THE-NAME] [--seconds N]`. Where fuel ends or a deadline or a signal comes, the run
//! stops at the next look.
//!
//! Time is that of the processor, so that other programs do not count; as they do a little, each operation is run in some rounds,
//! and the one whose longest time is the shortest counts. Exits with 1 if an operation takes more than 10 ms.
//! With `--when` it also says when that was, in seconds of the monotonic clock:
//! `perf record -k CLOCK_MONOTONIC -F 20000 -g` then has it between these, for `perf script --time BEGIN,END`.

use minivm::raw::{Limits, Machine, RunState, Value};
use minivm_conformance::cases::Case;
use minivm_conformance::lua_host::CaseHost;
use minivm_lua::stdlib;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest time that is allowed.
const LIMIT: Duration = Duration::from_millis(10);

/// Operations in Lua: what is done first, what is done again and again.
const LUA: &[(&str, &str, &str)] = &[
    ("an empty loop", "", "local x = 1"),
    ("string.rep", "", "s = ('x'):rep(200000000) s = nil"),
    ("string.rep with separators", "", "s = ('x'):rep(30000000, ', ') s = nil"),
    ("string.reverse", "s = ('ab'):rep(50000000)", "r = s:reverse() r = nil"),
    ("string.upper", "s = ('ab'):rep(50000000)", "r = s:upper() r = nil"),
    ("string.sub", "s = ('ab'):rep(50000000)", "r = s:sub(2) r = nil"),
    ("string.find, plain", "s = ('ab'):rep(50000000)", "s:find('abb', 1, true)"),
    ("string.find, backtracking", "s = ('a'):rep(40)", "s:find(('a*'):rep(20) .. 'b')"),
    ("string.match, lazy", "s = ('ab'):rep(50000000)", "s:match('.-z')"),
    ("string.gsub", "s = ('ab'):rep(5000000)", "r = s:gsub('a', 'xy') r = nil"),
    ("string.gsub with a table", "s = ('ab'):rep(5000000)", "r = s:gsub('%w', { a = 'long' }) r = nil"),
    ("string.format %s", "s = ('ab'):rep(50000000)", "r = ('%s and %s'):format(s, 'x') r = nil"),
    ("string.format %q", "s = ('a\\n\"'):rep(10000000)", "r = ('%q'):format(s) r = nil"),
    ("string.format, long", "f = ('%99.99f'):rep(90)", "pcall(f.format, f, table.unpack({}, 1, 90))"),
    ("string.pack", "s = ('ab'):rep(50000000)", "r = string.pack('s8', s) r = nil"),
    ("string.unpack", "p = string.pack('s8', ('ab'):rep(50000000))", "r = string.unpack('s8', p) r = nil"),
    ("string.byte and char", "s = ('ab'):rep(100000)", "r = string.char(s:byte(1, 200000))"),
    ("utf8.len", "s = ('ä€'):rep(10000000)", "utf8.len(s)"),
    ("utf8.offset", "s = ('ä€'):rep(10000000)", "utf8.offset(s, 19999999)"),
    ("utf8.char", "t = {} for i = 1, 200000 do t[i] = 8364 end", "r = utf8.char(table.unpack(t))"),
    ("tonumber of a long string", "s = ('1'):rep(1000000)", "tonumber(s) tonumber(' ' .. s .. 'x')"),
    ("concatenation", "s = ('ab'):rep(50000000)", "r = s .. 'x' .. s r = nil"),
    (
        "comparison of strings",
        "s, r = ('ab'):rep(50000000) .. 'x', ('ab'):rep(50000000) .. 'x'",
        "x = s == r x = s < r",
    ),
    ("long strings as keys", "t = {} s = ('ab'):rep(10000000) n = 0", "n = n + 1 t[s .. n] = n t = {}"),
    ("table.concat", "t = {} for i = 1, 1000000 do t[i] = 'piece' end", "r = table.concat(t, ', ') r = nil"),
    ("table.concat of numbers", "t = {} for i = 1, 1000000 do t[i] = i end", "r = table.concat(t) r = nil"),
    ("table.sort", "", "t = {} for i = 1, 300000 do t[i] = i * 7919 % 1000003 end table.sort(t)"),
    ("table.sort of strings", "", "t = {} for i = 1, 100000 do t[i] = tostring(i * 7919 % 1000003) end table.sort(t)"),
    ("table.move", "t = {} for i = 1, 1000000 do t[i] = i end", "table.move(t, 1, 1000000, 2)"),
    ("table.move of nothing", "", "pcall(table.move, {}, 1, 10 ^ 18 // 1 | 0, 2)"),
    ("table.insert", "t = {} for i = 1, 1000000 do t[i] = i end", "table.insert(t, 1, 0)"),
    ("table.remove", "t = {} for i = 1, 5000000 do t[i] = i end", "table.remove(t, 1)"),
    ("table.pack and unpack", "t = {} for i = 1, 250000 do t[i] = i end", "r = table.pack(table.unpack(t))"),
    (
        "varargs",
        "t = {} for i = 1, 250000 do t[i] = i end local function f(...) return ... end",
        "r = { f(table.unpack(t)) }",
    ),
    ("growing a table", "", "t = {} for i = 1, 3000000 do t[i] = i end"),
    ("growing a table with keys", "", "t = {} for i = 1, 1000000 do t[i + 0.5] = i end"),
    (
        "next in an empty table",
        "t = {} for i = 1, 2000000 do t[i .. ''] = 1 end for k in pairs(t) do t[k] = nil end",
        "next(t)",
    ),
    ("the length of a table", "t = {} for i = 1, 3000000 do t[i] = i end", "x = #t"),
    ("collectgarbage", "t = {} for i = 1, 1000000 do t[i] = { i } end", "collectgarbage()"),
    ("steps of the collector", "t = {} for i = 1, 1000000 do t[i] = { i } end", "r = { { {} } }"),
    ("garbage of many strings", "", "t = {} for i = 1, 300000 do t[i] = 'string' .. i end t = nil"),
    ("finalisers", "m = { __gc = function() end }", "for i = 1, 100000 do setmetatable({}, m) end collectgarbage()"),
    ("weak tables", "m = { __mode = 'k' } t = setmetatable({}, m) for i = 1, 300000 do t[{}] = i end", "t[{}] = {}"),
    ("load", "s = ('x = 1 '):rep(200000)", "load(s)"),
    ("load of functions", "s = ('function f() return 1 end '):rep(30000)", "load(s)"),
    ("load of one expression", "s = 'return ' .. ('1 + '):rep(100000) .. '1'", "load(s)"),
    ("calling a large function", "s = ('x = y + 1 '):rep(30000)", "y = 1 load(s)()"),
    ("pcall of pcall", "m = setmetatable({}, { __call = pcall })", "pcall(m)"),
    (
        "errors in nested __close",
        "",
        "local function g(n) local x <close> = setmetatable({}, { __close = function(_, e) error(e, 0) end }) \
        if n == 0 then error('bottom') end return g(n - 1) end pcall(g, 16000)",
    ),
    (
        "errors from deep down",
        "",
        "local function g(n) if n == 0 then error('bottom') end return 1 + g(n - 1) end pcall(g, 190000)",
    ),
    (
        "tracebacks from deep down",
        "",
        "local function g(n) if n == 0 then return debug.traceback() end return g(n - 1) .. '' end pcall(g, 190000)",
    ),
    ("stack overflows", "", "local function g() return 1 + g() end pcall(g)"),
    ("long chains of __index", "t = {} for i = 1, 1900 do t = setmetatable({}, { __index = t }) end", "x = t.missing"),
    (
        "many coroutines",
        "",
        "t = {} for i = 1, 30000 do t[i] = coroutine.wrap(function() coroutine.yield() end) t[i]() end",
    ),
];

/// Operations in WebAssembly: declarations, what is done again and again.
const WASM: &[(&str, &str, &str)] = &[
    ("memory.fill", "(memory 8192)", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x20000000))"),
    ("memory.copy", "(memory 8192)", "(memory.copy (i32.const 64) (i32.const 0) (i32.const 0x1fffff00))"),
    (
        "memory.init",
        "(memory 1024) (data $d \"{BYTES}\")",
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 2000000))",
    ),
    ("memory.grow", "(memory 0)", "(drop (memory.grow (i32.const 1)))"),
    (
        "memory.grow, much",
        "(memory 1)",
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (drop (memory.grow (i32.const 4000)))",
    ),
    (
        "table.fill",
        "(table $t 10000000 externref)",
        "(table.fill $t (i32.const 0) (ref.null extern) (i32.const 10000000))",
    ),
    (
        "table.copy",
        "(table $t 10000000 externref)",
        "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 9999999))",
    ),
    ("table.grow", "(table $t 1 externref)", "(drop (table.grow $t (ref.null extern) (i32.const 20000000)))"),
];

/// When the run was last looked at, and the longest time between two looks.
#[derive(Default)]
struct Looks {
    last: Duration,
    longest: Duration,
    count: u32,
    /// When the last one was, by the monotonic clock, and when those were that the longest time lies between.
    last_when: Duration,
    longest_when: [Duration; 2],
}

impl Looks {
    fn look(&mut self) {
        let (now, when) = (processor_time(), clock(rustix::time::ClockId::Monotonic));
        if now - self.last > self.longest {
            (self.longest, self.longest_when) = (now - self.last, [self.last_when, when]);
        }
        self.last_when = when;
        self.count += 1;
        // What was read is not part of the next time.
        self.last = processor_time();
    }
}

/// Time that this thread has had a processor.
fn processor_time() -> Duration {
    clock(rustix::time::ClockId::ThreadCPUTime)
}

fn clock(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Runs something for a while; gives the looks at it.
fn measure(machine: &mut Machine, function: Value, arguments: &[Value], time: Duration) -> Result<Looks, String> {
    let looks = Arc::new(Mutex::new(Looks::default()));
    let looking = looks.clone();
    let end = Instant::now() + time;
    let look = move || {
        looking.lock().unwrap_or_else(PoisonError::into_inner).look();
        Instant::now() >= end
    };
    machine.prepare(function, arguments);
    {
        let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.look();
        looks.longest = Duration::ZERO;
    }
    machine.set_interrupt(look);
    let state = machine.resume();
    let mut looks = std::mem::take(&mut *looks.lock().unwrap_or_else(PoisonError::into_inner));
    match state {
        RunState::Interrupted => Ok(looks),
        RunState::Finished(_) => {
            looks.look();
            Ok(looks)
        }
        RunState::Failed(failure) => Err(failure.to_string()),
        _ => Err("it stopped for no reason".to_owned()),
    }
}

fn lua(setup: &str, again: &str, time: Duration) -> Result<Looks, String> {
    let source = format!("{setup}\nwhile true do {again} end");
    let case =
        Case { name: "latency".into(), source: "latency/main.lua".into(), arguments: Vec::new(), input: Vec::new() };
    let (host, _output) = CaseHost::new(&case)?;
    let program = minivm_lua::compile_file(source.as_bytes(), "@latency").map_err(|error| error.to_string())?;
    let mut machine = minivm_conformance::raw_machine(Limits { memory_bytes_max: 2 << 30, ..Limits::default() });
    let globals = stdlib::raw::install(&mut machine, Box::new(host)).map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let chunk = machine.closure(instance, "main", &[globals]).map_err(|error| error.to_string())?;
    measure(&mut machine, chunk, &[], time)
}

fn wasm(declarations: &str, again: &str, time: Duration) -> Result<Looks, String> {
    let declarations = declarations.replace("{BYTES}", &"0123456789".repeat(200_000));
    let source = format!("(module {declarations} (func (export \"run\") (loop $again {again} (br $again))))");
    let binary = minivm_wasm::parse_text(source.as_bytes(), "latency").map_err(|_| "it is no valid text")?;
    let program = minivm_wasm::translate(&binary, "latency").map_err(|error| error.to_string())?;
    let verified = minivm_isa::verify(program).map_err(|_| "it is not verified")?;
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    let instance = machine.instantiate(verified).map_err(|error| error.to_string())?;
    let function = machine.exported_function(instance, "run").ok_or("it is not exported")?;
    measure(&mut machine, function, &[], time)
}

/// How an operation is run.
type Runner = fn(&str, &str, Duration) -> Result<Looks, String>;

/// How often each operation is run.
const ROUNDS: usize = 3;

/// Runs an operation some times; gives the looks of the round whose longest time is the shortest.
fn rounds(runner: Runner, setup: &str, again: &str, time: Duration) -> Result<Looks, String> {
    let mut best = runner(setup, again, time)?;
    for _ in 1..ROUNDS {
        let looks = runner(setup, again, time)?;
        if looks.longest < best.longest {
            best = looks;
        }
    }
    Ok(best)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1));
    let seconds = option("--seconds").and_then(|word| word.parse().ok()).unwrap_or(2.0);
    let time = Duration::from_secs_f64(seconds);
    let tells_when = arguments.iter().any(|word| word == "--when");
    let wanted = arguments.first().filter(|word| !word.starts_with("--")).map_or("", String::as_str);
    let all = LUA.iter().map(|row| (row, lua as Runner)).chain(WASM.iter().map(|row| (row, wasm as Runner)));
    println!("{:<32} {:>10} {:>8}", "operation", "longest", "looks");
    let mut too_long = 0;
    for (&(name, setup, again), runner) in all.filter(|((name, ..), _)| name.contains(wanted)) {
        match rounds(runner, setup, again, time) {
            Ok(Looks { longest, count, longest_when: [begin, end], .. }) => {
                let mark = if longest > LIMIT { "  too long" } else { "" };
                too_long += u32::from(longest > LIMIT);
                let [begin, end] = [begin, end].map(|when| when.as_secs_f64());
                let when = if tells_when { format!("  {begin:.6},{end:.6}") } else { String::new() };
                println!("{name:<32} {:>7.2} ms {count:>8}{mark}{when}", longest.as_secs_f64() * 1e3);
            }
            Err(error) => {
                too_long += 1;
                println!("{name:<32} {error}");
            }
        }
    }
    if too_long == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
