//! Generated code on the machine, with just enough of a library to see what it does; compared with `lua5.4`.

use super::execution::reference;
use super::program;
use minivm::raw::{Failure, HostCall, Limits, Machine, Outcome, Protect, Raise, Value};
use std::sync::{Arc, Mutex};

type Library = [(&'static str, fn(&mut HostCall<'_>) -> Result<Outcome, Raise>)];

fn is_false(value: Value) -> bool {
    value.is_nil() || value.as_bool() == Some(false)
}

/// Functions under the names of the standard library, as far as the tests here need them.
const LIBRARY: &Library = &[
    ("setmetatable", |call| {
        let (table, metatable) = (call.arg(0), call.arg(1));
        call.set_metatable(table, metatable)?;
        call.return_one(table)
    }),
    ("select", |call| match call.arg(0).as_int() {
        Some(from) => call.return_args_from(from as usize),
        None => {
            let count = call.arg_count() as i64 - 1;
            call.return_one(Value::int(count))
        }
    }),
    ("pcall", |call| {
        if call.state() == 0 {
            let arguments = call.args();
            let Some((&callee, arguments)) = arguments.split_first() else { return Err(call.error("no function")) };
            return call.call_protected(callee, arguments, 1, Protect::Catch, Value::NIL);
        }
        let values = match call.returned() {
            Ok(values) => [&[Value::TRUE], &values[..]].concat(),
            Err(error) => vec![Value::FALSE, error],
        };
        call.return_values(&values)
    }),
    ("error", |call| {
        let value = call.arg(0);
        match value.as_bytes() {
            Some(text) if call.arg(1).as_int() != Some(0) => {
                let text = text.to_vec();
                Err(call.error(text))
            }
            _ => Err(Raise::Value(value)),
        }
    }),
    ("next", |call| {
        let (table, key) = (call.arg(0), call.arg(1));
        match call.heap().table_next(table, key) {
            Ok(Some((key, value))) => call.return_values(&[key, value]),
            Ok(None) => call.return_one(Value::NIL),
            Err(_) => Err(call.error("invalid key to 'next'")),
        }
    }),
    ("pairs", |call| {
        let (next, table) = (call.registered("next"), call.arg(0));
        call.return_values(&[next, table, Value::NIL])
    }),
    ("rawget", |call| {
        let (table, key) = (call.arg(0), call.arg(1));
        let value = call.heap().table_get(table, key);
        call.return_one(value)
    }),
    ("type", |call| {
        let name = call.basic_type_name(call.arg(0));
        let name = call.string(name)?;
        call.return_one(name)
    }),
    ("create", |call| {
        let fiber = call.new_fiber(call.arg(0))?;
        call.return_one(fiber)
    }),
    ("resume", |call| {
        if call.state() == 0 {
            let arguments = call.args();
            return call.resume(arguments[0], &arguments[1..], 1);
        }
        let values = match call.returned() {
            Ok(values) => [&[Value::TRUE], &values[..]].concat(),
            Err(error) => vec![Value::FALSE, error],
        };
        call.return_values(&values)
    }),
    ("yield", |call| {
        let values = call.args();
        call.yield_values(&values)
    }),
];

/// What generated code imports.
const SUPPORT: &Library = &[
    ("check_close", |call| {
        let value = call.arg(0);
        let is_closable = is_false(value) || !call.metamethod(value, "__close").is_nil();
        if is_closable {
            return call.return_none();
        }
        let name = String::from_utf8_lossy(call.arg(1).as_bytes().unwrap_or_default()).into_owned();
        Err(call.error(format!("variable '{name}' got a non-closable value")))
    }),
    ("__close", |call| {
        let (value, error) = (call.arg(0), call.arg(1));
        if call.state() == 1 || is_false(value) {
            return call.return_none();
        }
        let close = call.metamethod(value, "__close");
        call.call(close, &[value, error], 1)
    }),
    ("pack", |call| {
        let (values, table) = (call.args(), call.table(0, 0)?);
        for (value, index) in values.iter().zip(1..) {
            call.heap().table_set_int(table, index, *value).expect("there is memory");
        }
        call.heap().table_set_name(table, b"n", Value::int(values.len() as i64)).expect("there is memory");
        call.return_one(table)
    }),
    ("unpack", |call| {
        let table = call.arg(0);
        let count = call.heap().table_get_name(table, b"n").as_int().unwrap_or(0);
        let values: Vec<Value> = (1..=count).map(|index| call.heap().table_get_int(table, index)).collect();
        call.return_values(&values)
    }),
];

/// As `print` shows a value, but without addresses.
fn show(call: &HostCall<'_>, value: Value) -> String {
    match (value.as_bytes(), call.basic_type_name(value)) {
        (Some(text), _) => String::from_utf8_lossy(text).into_owned(),
        (None, "number") => minivm::raw::format::number(value),
        (None, "boolean") => (!is_false(value)).to_string(),
        (None, kind) => kind.to_owned(),
    }
}

/// What a chunk prints on the machine; a last line says when it fails.
#[allow(unsafe_code)]
fn run(source: &str) -> String {
    // SAFETY: the test keeps to the contract of `minivm::raw`: what it holds while the chunk runs is kept.
    let mut machine = unsafe { Machine::new(Limits::default()) };
    let printed = Arc::new(Mutex::new(String::new()));
    let globals = machine.heap().table_value(0, 0).expect("there is memory");
    let kept = machine.keep(globals);
    let out = printed.clone();
    let print = machine.host_function("print", move |call| {
        let values: Vec<String> = call.args().into_iter().map(|value| show(call, value)).collect();
        out.lock().unwrap().push_str(&(values.join("\t") + "\n"));
        call.return_none()
    });
    let print = print.expect("there is memory");
    machine.heap().table_set_name(globals, b"print", print).expect("there is memory");
    for &(name, function) in LIBRARY {
        let value = machine.host_function(name, function).expect("there is memory");
        machine.heap().table_set_name(globals, name.as_bytes(), value).expect("there is memory");
        if name == "next" {
            let register = machine.host_function("register", |call| {
                call.register("next", call.arg(0));
                call.return_none()
            });
            machine.call(register.expect("there is memory"), &[value]).expect("it cannot fail");
        }
    }
    for &(name, function) in SUPPORT {
        let value = machine.host_function(name, function).expect("there is memory");
        machine.define_function("lua", name, value);
    }
    let instance = machine.instantiate(program(source)).expect("it links");
    let globals = machine.kept(kept);
    let main = machine.closure(instance, "main", &[globals]).expect("it is exported");
    if let Err(failure) = machine.call(main, &[]) {
        let message = match failure {
            Failure::Error { value, trace, .. } => format!("error: {}\n{trace}\n", machine.describe(value)),
            Failure::Exit(status) => format!("exit: {status}\n"),
        };
        printed.lock().unwrap().push_str(&message);
    }
    std::mem::take(&mut *printed.lock().unwrap())
}

/// Fails unless a chunk prints the same on the machine and on `lua5.4`, which gets the few functions under their own
/// names.
fn check(name: &str, source: &str) {
    let prelude = "local select, create, resume, yield = select, coroutine.create, coroutine.resume, coroutine.yield ";
    let Some(expected) = reference(name, &format!("{prelude}{source}")) else {
        eprintln!("skipped: lua5.4 is not installed");
        return;
    };
    assert_eq!(run(source), expected, "{source}");
}

#[test]
fn functions_and_loops() {
    check(
        "machine-functions",
        "
        local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
        print(fib(20))
        local s = '' for i = 10, 1, -3 do s = s .. i .. ',' end print(s, #s)
        for x = 1.0, 2, 0.25 do if x ~= 1.5 then print(x) end end
        local fs = {} for i = 1, 3 do local j = i; fs[i] = function() j = j + i; return j end end
        print(fs[1](), fs[1](), fs[2](), fs[3]())
        print((function(...) return select('#', ...), ... end)(1, nil, 3, nil))
        local a, b, c = (function(...) return ... end)(1, 2) a, b, c = b, a, a + b print(a, b, c)
        local t = {10, 20, 30, x = 1, [1] = 5, (function() return 40, 50 end)()}
        print(#t, t[1], t[5], t.x, t.y) t.x = nil t[6] = 60 print(#t, t.x)
        local n = 0 for k, v in pairs(t) do n = n + k * v end print(n)
        for k, v in next, {7, 8} do print(k, v) k = nil end
        local i = 0 repeat local done = i >= 3; i = i + 1 until done print(i)
        while true do i = i - 1 if i < 0 then break end end print(i)
        for i = 1, 3 do for j = 1, 3 do if j == 2 then goto next end print(i, j) ::next:: end end
        print(1 and nil or 'x', false or nil, 0 and 1, not nil, 1 < 2 == true, 'a' < 'b', 2^53 == 2^53 + 1)
        print(7 // 2, -7 // 2, 7 % -3, 7.5 // 2, -7 % 0.0 ~= -7 % 0.0, 1 << 62, 1 << 64, ~5 & 0xff, 3 | 8, 6 ~ 3, 2^0.5)
        print(0x7fffffffffffffff + 1, 1e15, 1e100, -0.0, 100 / 2, 3 | 0, 10 == 10.0, 10 .. 20)
    ",
    );
}

#[test]
fn objects_and_metamethods() {
    check(
        "machine-objects",
        "
        local Class = {} Class.__index = Class
        function Class.new(x) return setmetatable({x = x}, Class) end
        function Class:get(...) return self.x, ... end
        function Class.__add(a, b) return Class.new(a.x + b.x) end
        Class.__eq = function(a, b) return a.x == b.x end
        Class.__lt = function(a, b) return a.x < b.x end
        Class.__le = function(a, b) return a.x <= b.x end
        Class.__call = function(self, y) return self.x * y end
        Class.__concat = function(a, b) return 'joined' end
        Class.__len = function() return 42 end
        Class.__unm = function(a) return Class.new(-a.x) end
        local a, b = Class.new(1), Class.new(2)
        print((a + b):get(1, 2), a == b, a ~= b, a < b, a <= b, a > b, a >= b, a(10), a .. b, #a, (-a).x)
        local log = setmetatable({}, {__index = function(_, k) return 'no ' .. k end,
            __newindex = function(t, k, v) print(k, v) end})
        log.x = 1 print(log.x, rawget(log, 'x'))
        local env = setmetatable({print = print}, {__index = function(_, k) return k end})
        do local _ENV = env; print(undefined) y = 1 end print(y)
        local deep = {} local level = deep for i = 1, 10 do level.next = {i} level = level.next end
        print(deep.next.next.next[1])
    ",
    );
}

#[test]
fn errors_and_closing() {
    check(
        "machine-errors",
        "
        print(pcall(error, 'plain', 0)) print(pcall(error)) print(select(2, pcall(error, {})) ~= nil)
        print(pcall(function() error('with place') end))
        print(pcall(function() local x = nil; return x.y end))
        print(pcall(function() return undefined.y end))
        print(pcall(function() local t = {} t.x.y = 1 end))
        print(pcall(function() undefined() end))
        print(pcall(function() local t = {} t:method() end))
        print(pcall(function() return 1 + {} end))
        print(pcall(function() return 'a' < 1 end))
        print(pcall(function() return {} .. 'x' end))
        print(pcall(function() return #5 end))
        print(pcall(function() for i = 1, 'x' do end end))
        print(pcall(function() for i = 1, 10, 0 do end end))
        print(pcall(function() return 1.5 | 1 end))
        local function closable(name)
            return setmetatable({}, {__close = function(_, e)
                print('close', name, e) if name == 'bad' then error('from close', 0) end end})
        end
        local function f(how)
            local a <close> = closable('a')
            for i = 1, 3 do
                local b <close> = closable('b' .. i)
                if how == 'break' then break end
                if how == 'goto' then goto out end
                if how == 'return' then return i, 'returned' end
                if how == 'many' then return select(1, how, i, nil, 4, nil) end
                if how == 'error' then error('oops', 0) end
            end
            ::out::
            do local c <close> = closable('bad') local d <close> = nil if how ~= 'end' then return how end end
            return 'end'
        end
        for _, how in next, {'break', 'goto', 'return', 'many', 'error', 'end', 'other'} do
            print(how, pcall(f, how)) end
        local function iterate(n) return function(_, i) if i < n then return i + 1 end end, nil, 0, closable('loop') end
        for i in iterate(3) do if i == 2 then break end print(i) end
        print((function() for i in iterate(5) do for j in pairs {1} do return i, select('#', i, j) end end end)())
        print(pcall(function() for i in iterate(5) do error(i, 0) end end))
        print(pcall(function() local x <close> = 42 end))
    ",
    );
}

#[test]
fn coroutines() {
    check(
        "machine-coroutines",
        "
        local co = create(function(a, b)
            print(a, b)
            local c = yield(a + b)
            local d, e = pcall(function() local f = yield(c * 2) error('inside ' .. f, 0) end)
            for i = 1, 2 do yield(i) end
            return d, e
        end)
        for i = 1, 7 do print(resume(co, i, 10 * i)) end
        local generate = function(n) return create(function() for i = 1, n do yield(i) end end) end
        local sum, g = 0, generate(1000)
        while true do local ok, v = resume(g) if not v then break end sum = sum + v end
        print(sum)
    ",
    );
}
