//! How much memory programs take that hold on to little: what is dead in weak tables, or only waits for its finaliser, shall not
//! put the collector off.
#![forbid(unsafe_code)]

use minivm::{Limits, Machine};
use minivm_lua::stdlib::host::NoHost;
use minivm_lua::stdlib::{self, install};

/// The most KiB in use that a program sees which does something again and again.
fn most_kibibytes(before: &str, each: &str) -> i64 {
    let source = format!(
        "local most = 0 {before}
        for i = 1, 200000 do
            {each}
            if i % 256 == 0 then most = math.max(most, collectgarbage('count')) end
        end
        return math.ceil(most)"
    );
    let mut machine = Machine::new(Limits::default());
    install(&mut machine, Box::new(NoHost)).expect("there is memory");
    let program = minivm_lua::compile(source.as_bytes(), "=test").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let globals = stdlib::globals(&mut machine);
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.call(&chunk, &[]).expect("it runs")[0].as_int().expect("a number of KiB")
}

#[test]
fn entries_that_die_take_little_memory() {
    let programs = [
        ("weak keys", "local w = setmetatable({}, { __mode = 'k' })", "w[{}] = i"),
        ("weak keys of tables", "local w = setmetatable({}, { __mode = 'k' })", "w[{}] = { i }"),
        (
            "a registry",
            "local w, live = setmetatable({}, { __mode = 'k' }), {}",
            "local o = {} live[i % 50] = o w[o] = { o }",
        ),
        ("weak values", "local w = setmetatable({}, { __mode = 'v' })", "w['k' .. i] = {}"),
        ("weak elements", "local w = setmetatable({}, { __mode = 'v' })", "w[i] = {}"),
        ("weak keys and values", "local w = setmetatable({}, { __mode = 'kv' })", "w[{}] = {}"),
        ("finalisers", "local n, mt = 0, {} function mt.__gc() n = n + 1 end", "setmetatable({}, mt)"),
        ("finalisers each", "local n = 0 local function f() n = n + 1 end", "setmetatable({}, { __gc = f })"),
    ];
    let most = programs.map(|(name, before, each)| (name, most_kibibytes(before, each)));
    // Less than what is in use when a program without any of these is first collected.
    assert!(most.iter().all(|&(_, kibibytes)| kibibytes < 8 << 10), "KiB in use at most: {most:?}");
}

#[test]
fn values_are_found_for_keys_that_are_marked_late() {
    // Chains through large tables with weak keys, in which each key is the value of the one before, and many small tables.
    let check = "local function check(count, tables, fill)
            local w, first = {}, {}
            for i = 1, tables do w[i] = setmetatable({}, { __mode = 'k' }) for j = 1, fill do w[i][{}] = {} end end
            local key = first
            for i = 1, count do local next = { i } w[i % tables + 1][key] = next key = next end
            for i = 1, 50000 do local t = {} end
            collectgarbage() collectgarbage('step', 100)
            for i = 1, 50000 do local t = {} end
            key = first
            for i = 1, count do key = assert(w[i % tables + 1][key]) assert(key[1] == i) end
        end
        local most = 0
        check(20000, 1, 0) check(20000, 3, 1000) check(20000, 40, 100) check(2000, 1000, 0) check(20000, 20, 70)";
    assert!(most_kibibytes(check, "local _") > 0);
}
