//! Sound snapshots to forge: every kind of state at several points of many programs.

use super::fields::Fields;
use crate::cases::{self, Case};
use minivm::raw::{CodeForm, HostRequest, Limits, Machine, RunState, Value};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use minivm_wasm::wasi::WasiBuilder;
use std::fs;

/// What a machine has besides the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// The library of Lua, modules in all languages, a function that waits for the host.
    Lua,
    /// WASI with nothing granted.
    Wasi,
}

/// A sound snapshot.
pub struct Source {
    /// The program, and how far it got.
    pub name: String,
    /// Where it can be loaded.
    pub world: World,
    /// Its fields.
    pub fields: Fields,
}

/// Bytes that a program may use.
pub const MEMORY_BYTES_MAX: u64 = 48 << 20;
/// Larger snapshots take too long to load and hold no other kinds of things.
const PAYLOAD_BYTES_MAX: usize = 400_000;

struct Question;

impl HostRequest for Question {
    fn name(&self) -> &'static str {
        "question"
    }
}

/// A machine with nothing to run.
///
/// # Errors
/// When there is no memory for it.
pub fn machine(world: World) -> Result<Machine, String> {
    let mut machine = crate::raw_machine(Limits {
        memory_bytes_max: MEMORY_BYTES_MAX,
        stack_words_max: 1 << 16,
        fiber_depth_max: 64,
        ..Limits::default()
    });
    match world {
        World::Lua => {
            let globals = stdlib::raw::install(&mut machine, Box::new(NoHost)).map_err(|error| error.to_string())?;
            minivm_modules::raw::install(&mut machine).map_err(|error| error.to_string())?;
            let ask = machine.host_function("ask", |call| match call.state() {
                0 => call.wait(Box::new(Question), 1),
                _ => call.return_returned(None),
            });
            let ask = ask.map_err(|error| error.to_string())?;
            machine.register("ask", ask);
            let set = machine.heap().table_set_name(globals, b"ask", ask);
            set.map_err(|error| error.to_string())?;
        }
        World::Wasi => {
            let wasi = WasiBuilder::new().argument("forged").build().map_err(|error| error.to_string())?;
            minivm_wasm::wasi::raw::define(&mut machine, wasi).map_err(|error| error.to_string())?;
        }
    }
    machine.set_keep_stack_on_error(true);
    Ok(machine)
}

/// A chunk of Lua as a function of a machine.
fn chunk(machine: &mut Machine, source: &[u8]) -> Result<Value, String> {
    let program = minivm_lua::compile_file(source, "@forged.lua").map_err(|error| error.to_string())?;
    let globals = machine.registered("lua.globals");
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    machine.closure(instance, "main", &[globals]).map_err(|error| error.to_string())
}

/// The run at work stopped where it could be saved.
fn is_stopped(machine: &Machine, state: &RunState) -> bool {
    match state {
        RunState::OutOfFuel
        | RunState::Stepped
        | RunState::Interrupted
        | RunState::Waiting(_)
        | RunState::Yielded(_) => true,
        RunState::Failed(_) => machine.uncaught_error().is_some(),
        RunState::Finished(_) => false,
    }
}

/// Saves a machine, if it can be saved and is not too large.
fn save(machine: &mut Machine, name: String, world: World, sources: &mut Vec<Source>) -> Result<(), String> {
    let Ok(payload) = machine.save(b"forged", CodeForm::Whole) else { return Ok(()) };
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Ok(());
    }
    let mut other = self::machine(world)?;
    let mut result = Ok(());
    let fields = Fields::new(payload, |bytes| result = other.load(bytes).map(drop));
    result.map_err(|error| format!("{name}: {error}"))?;
    sources.push(Source { name, world, fields });
    Ok(())
}

/// Runs a program and saves it after so many instructions, each time from there on.
fn stops(
    name: &str,
    world: World,
    (machine, function): (&mut Machine, Value),
    points: &[u64],
    sources: &mut Vec<Source>,
) -> Result<(), String> {
    machine.prepare(function, &[]);
    for &fuel in points {
        machine.set_fuel(Some(fuel));
        let state = machine.resume();
        if !is_stopped(machine, &state) {
            break;
        }
        machine.set_fuel(Some(1_000_000));
        save(machine, format!("{name} +{fuel}"), world, sources)?;
        match state {
            RunState::Waiting(_) | RunState::Yielded(_) => machine.prepare_answer(&[Value::int(3)]),
            _ => {}
        }
    }
    Ok(())
}

fn lua(name: &str, source: &[u8], points: &[u64], sources: &mut Vec<Source>) -> Result<(), String> {
    let mut machine = machine(World::Lua)?;
    // Cases of errors of the syntax are no programs.
    let Ok(function) = chunk(&mut machine, source) else { return Ok(()) };
    stops(name, World::Lua, (&mut machine, function), points, sources)
}

fn wasm(case: &Case, points: &[u64], sources: &mut Vec<Source>) -> Result<(), String> {
    let mut machine = machine(World::Wasi)?;
    let bytes = fs::read(&case.source).map_err(|error| error.to_string())?;
    let program = minivm_wasm::translate(&bytes, &case.file_name()).map_err(|error| error.to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let start = machine.exported_function(instance, "_start").ok_or("it exports no _start")?;
    stops(&case.name, World::Wasi, (&mut machine, start), points, sources)
}

/// Many runs in one machine: new, stopped, waiting, yielded, failed, ended.
fn runs(sources: &mut Vec<Source>) -> Result<(), String> {
    let mut machine = machine(World::Lua)?;
    for (number, (_, source)) in PROGRAMS.iter().enumerate() {
        let function = chunk(&mut machine, source.as_bytes())?;
        machine.spawn(function, &[Value::int(7)]).map_err(|error| error.to_string())?;
        let id = machine.spawn(function, &[]).map_err(|error| error.to_string())?;
        machine.switch_to(id);
        machine.set_fuel(Some(60 + 20 * number as u64));
        let _ = machine.resume();
        machine.suspend();
    }
    machine.set_fuel(Some(1_000_000));
    for source in ["return 1, 'done'", "error({})", "ask(1)", "os.exit(3)"] {
        let function = chunk(&mut machine, source.as_bytes())?;
        machine.prepare(function, &[]);
        let _ = machine.resume();
        machine.suspend();
    }
    let function = chunk(&mut machine, b"local t = { 1 } return t, coroutine.yield('yielded', t)")?;
    let id = machine.spawn(function, &[]).map_err(|error| error.to_string())?;
    machine.switch_to(id);
    let _ = machine.resume();
    save(&mut machine, "runs, one yielded".into(), World::Lua, sources)?;
    let function = chunk(&mut machine, b"local t = {} for i = 1, 100 do t[i] = { select('#', table.unpack(t)) } end")?;
    let id = machine.spawn(function, &[]).map_err(|error| error.to_string())?;
    machine.switch_to(id);
    machine.step(200);
    save(&mut machine, "runs, one stepped".into(), World::Lua, sources)
}

/// The sources for a test: small programs with every kind of state.
///
/// # Errors
/// When one cannot be made.
pub fn few() -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for (name, source) in PROGRAMS {
        lua(name, source.as_bytes(), &[40, 30, 50, 70, 100, 200], &mut sources)?;
    }
    runs(&mut sources)?;
    Ok(sources)
}

/// All sources: those of [`few`], and all cases at several points.
///
/// # Errors
/// When one cannot be made.
pub fn all() -> Result<Vec<Source>, String> {
    let mut sources = few()?;
    for case in cases::lua().iter().chain(&cases::lua_programs()) {
        let source = fs::read(&case.source).map_err(|error| error.to_string())?;
        lua(&case.name, &source, &[150, 1000, 20_000], &mut sources)?;
    }
    for case in cases::mixed() {
        let source = fs::read(&case.source).map_err(|error| error.to_string())?;
        // Its modules lie beside it.
        let folder = case.folder().display().to_string();
        let path = format!("package.path = '{folder}/?.lua;{folder}/?.wasm;{folder}/?.wat;{folder}/?.mvt' ");
        lua(&case.name, &[path.as_bytes(), &source].concat(), &[300, 500, 3000], &mut sources)?;
    }
    for case in cases::c_programs() {
        wasm(&case, &[2000, 200_000], &mut sources)?;
    }
    Ok(sources)
}

/// Programs that stop with much on their stacks.
const PROGRAMS: [(&str, &str); 12] = [
    (
        "metamethods",
        "local t = setmetatable({}, { __index = function(t, k) local s = 0 for i = 1, 50 do s = s + i end return s + k end })
        local weak = setmetatable({}, { __mode = 'k' }) weak[t] = { 1, 2.5, 'three', true }
        local x = 0 for i = 1, 9 do x = x + t[i] end return x",
    ),
    (
        "coroutines",
        "local co = coroutine.wrap(function(a, ...) local n = select('#', ...) while true do n = n + coroutine.yield(n, a) end end)
        co('a', 1, 2) local ok, e = pcall(function(...) local v = { ... } for k, w in pairs(v) do co(w) end error({ v }) end, 1, 2, 3)
        local s = ('%d'):rep(3, ','):gsub('%%', function(c) return c .. tostring(co(1)) end) return s, ok",
    ),
    (
        "comparisons and clean-ups",
        "local o = setmetatable({}, { __concat = function(a, b) return 'c' end, __lt = function() return true end, __close = print,
        __eq = function(a, b) for i = 1, 20 do end return false end, __gc = function() end })
        local p = setmetatable({}, getmetatable(o)) for i = 1, 40 do if o == p or o < p then local q <close> = nil
        local s = 'x' .. o .. i end end",
    ),
    (
        "recursion and sort",
        "local function f(n) if n == 0 then for i = 1.5, 90 do local t = { i, [i] = n, s = 'text' .. i } end return 1 end
        return 1 + f(n - 1) end
        table.sort({ 3, 1, 2, 5, 4 }, function(a, b) return a < b and f(12) > 0 end) return xpcall(f, function(m) return m end, 20)",
    ),
    ("loading", LOADING),
    (
        "an error on a fiber",
        "local w = coroutine.wrap(function(...) local n <close> = setmetatable({}, { __close = function() for i = 1, 9 do end end })
        local v = coroutine.yield(...) for k, x in pairs({ v, 2.5 }) do local s = k .. 'x' error({ s, k, x }) end end)
        w(1, 2) local t = setmetatable({}, { __index = function(_, k) return w(k) end }) for i = 1, 3 do local u = { i } return t[u] end",
    ),
    (
        "finalisers",
        "local kept = {} local mt = { __gc = function(o) kept[#kept + 1] = o for i = 1, 9 do local s = o[1] .. i end end }
        for i = 1, 5 do setmetatable({ 'x' .. i }, mt) end collectgarbage() for i = 1, 30 do local t = { i } end return #kept",
    ),
    (
        "handlers",
        "local function deep(n) return n == 0 and nil .. 1 or 1 + deep(n - 1) end
        local function handler(m) local s = 0 for i = 1, 30 do s = s + i end return { m, s } end
        for i = 1, 3 do xpcall(deep, handler, i) pcall(error, setmetatable({}, { __tostring = handler })) end
        return xpcall(deep, handler, 3)",
    ),
    (
        "waiting for the host",
        "local t = setmetatable({}, { __index = function(t, k) return ask(k) end }) local s = t.x + ask(2)
        return coroutine.wrap(function() local x <close> = nil return ask(s) + ask(1) end)()",
    ),
    (
        "tables",
        "local weak, both = setmetatable({}, { __mode = 'v' }), setmetatable({}, { __mode = 'kv' })
        local t = {} for i = 1, 40 do t[i] = i t['k' .. i] = { i } t[i + 0.5] = i t[{}] = i end
        for i = 1, 40, 3 do t['k' .. i] = nil t[i] = nil end local long = ('x'):rep(100) t[long] = t weak[1] = t both[t] = long
        for k, v in pairs(t) do weak[k] = type(v) == 'table' and v or nil end for i = 1, 20 do t[#t + 1] = next(t) end return t",
    ),
    (
        "many values",
        "local function f(...) local a, b = ... if not a then return select('#', ...) end return f(select(2, ...)) end
        local t = table.pack(f(1, 2, 3, 4, 5)) local g = coroutine.wrap(function(...) for i = 1, 5 do f(coroutine.yield(...)) end end)
        for i = 1, 4 do g(table.unpack({ 1, 2, 3, i }, 1, 4)) end string.format('%s %q %d', setmetatable({}, { __tostring = function()
        for i = 1, 9 do end return 'x' end }), 'y', 3) return t.n",
    ),
    (
        "closing",
        "local function item(n) return setmetatable({}, { __close = function() for i = 1, 5 do local x = n .. i end end }) end
        local co = coroutine.create(function() local a <close> = item('a') local b <close> = item('b') coroutine.yield(1) error('no') end)
        coroutine.resume(co) coroutine.close(co) for i = 1, 3 do local x <close> = item('x') if i == 2 then goto on end ::on:: end
        local ok = pcall(function() local y <close> = item('y') error({}) end) return ok",
    ),
];

const LOADING: &str = "local function module(start) return '(module (import \"env\" \"f\" (func $f (param i32 externref) (result i32)))'
        .. '(memory (export \"memory\") 1) (table (export \"table\") 2 funcref)'
        .. '(global (export \"global\") (mut externref) (ref.null extern))'
        .. '(func $s (drop (call $f (i32.const 3) (ref.null extern))))' .. start
        .. '(func (export \"go\") (param i32 externref) (result i32) (global.set 0 (local.get 1))'
        .. '(i32.add (call $f (local.get 0) (local.get 1)) (i32.const 1))))' end
    local inner
    local env = { f = function(n, x) local s = 0 for i = 1, 20 do s = s + i end return inner and n > 0 and inner.go(n - 1, x) or n end }
    package.preload.inner = function() return wasm.instantiate(module('(start $s)'), { env = env }) end
    inner = require 'inner' local kept, last = { inner.memory, inner.table, inner.global }, inner
    inner = wasm.instantiate(module(''), { env = env }) kept[4] = wasm.memory(1, 2) inner.table:set(1, inner.go)
    return last.go(5, kept)";
