//! Copies of stopped programs: the same state as the original's, and the same from then on.

use minivm::raw::{CodeForm, Limits, Machine, RunState, SnapshotError};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;

fn fresh(limits: Limits) -> Machine {
    let mut machine = minivm_conformance::raw_machine(limits);
    stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    machine
}

/// A machine with a Lua program that has run for so many instructions.
fn stopped(source: &str, fuel: u64) -> Machine {
    let mut machine = fresh(Limits::default());
    let program = minivm_lua::compile(source.as_bytes(), "=copied").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let globals = machine.registered("lua.globals");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    machine.set_fuel(Some(fuel));
    assert!(matches!(machine.resume(), RunState::OutOfFuel), "it runs longer");
    machine
}

/// A stopped machine whose program has set `ready`, and loops until then.
fn ready(source: &str) -> Machine {
    let mut machine = stopped(source, 1);
    loop {
        let globals = machine.registered("lua.globals");
        if machine.heap().table_get_name(globals, b"ready").is_truthy() {
            return machine;
        }
        machine.set_fuel(Some(997));
        assert!(matches!(machine.resume(), RunState::OutOfFuel), "it runs longer");
    }
}

fn saved(machine: &mut Machine) -> Vec<u8> {
    machine.save(b"", CodeForm::Whole).expect("it can be saved")
}

fn copied(machine: &mut Machine) -> Machine {
    let mut copy = fresh(Limits::default());
    machine.copy_into(&mut copy).expect("it can be copied");
    copy
}

fn end(machine: &mut Machine) -> String {
    machine.set_fuel(None);
    match machine.resume() {
        RunState::Finished(values) => machine.describe(values[0]),
        _ => panic!("it does not end well"),
    }
}

/// What the collector has counted.
fn counts(machine: &mut Machine) -> [u64; 3] {
    let heap = machine.heap();
    [heap.allocated_bytes(), heap.used_bytes() as u64, heap.cycles()]
}

/// Tables of every make, strings and parts of every size, what is weak, what waits for a finaliser, fibers in every state.
const EVERYTHING: &str = "
    local log, kept = {}, {}
    local function note(what) log[#log + 1] = tostring(what) end
    kept.large, kept.huge, kept.long = {}, {}, ('x'):rep(41)
    for i = 1, 10000 do kept.large[i] = { i } end
    for i = 1, 200000 do kept.huge[i] = i % 1000 == 0 and 'n' .. i or i end
    kept.megabytes = ('0123456789abcdef'):rep(200000)
    kept.by_name = {} for i = 1, 5000 do kept.by_name['key' .. i] = i end
    kept.by_object = {} for i = 1, 300 do kept.by_object[kept.large[i]] = i end
    kept.weak_keys = setmetatable({}, { __mode = 'k' })
    kept.weak_values = setmetatable({}, { __mode = 'v' })
    kept.weak = setmetatable({}, { __mode = 'kv' })
    for i = 1, 100 do
        kept.weak_keys[kept.large[i]], kept.weak_keys[{}] = { i }, i
        kept.weak_values[i], kept.weak_values['k' .. i] = kept.large[i], { i }
        kept.weak[kept.large[i]], kept.weak[i] = kept.large[i + 1], {}
    end
    kept.final = {}
    for i = 1, 20 do kept.final[i] = setmetatable({}, { __gc = function() note('kept ' .. i) end }) end
    for i = 1, 20 do setmetatable({ i }, { __gc = function() note('dead ' .. i) end }) end
    local shared = 0
    kept.add, kept.get = function() shared = shared + 1 end, function() return shared end
    local function yields(...) local n = 0 while true do n = n + 1 shared = shared + coroutine.yield(n, ...) end end
    kept.new, kept.waiting = coroutine.create(yields), coroutine.create(yields)
    kept.dead, kept.wrapped = coroutine.create(note), coroutine.wrap(yields)
    kept.failed = coroutine.create(error)
    coroutine.resume(kept.waiting, 'a', {}, 1.5) coroutine.resume(kept.dead, 'd') coroutine.resume(kept.failed, {})
    kept.wrapped({})
    -- Keys that died stay in their places.
    local key = {} kept.removed = { [key] = 1, [{}] = 2, [kept.large] = 3, x = 1, y = 2 }
    kept.removed[key], kept.removed.x = nil, nil
    for entry in pairs(kept.removed) do if entry ~= 'y' then kept.removed[entry] = nil end end
    key = nil collectgarbage()
    tostring(kept) ready = true
    local steps = 0 while steps < 30000 do steps = steps + 1 local _ = { steps, 'garbage' .. steps } end
    kept.add() coroutine.resume(kept.new) coroutine.resume(kept.new, 5) coroutine.resume(kept.waiting, 7) kept.wrapped(9)
    local sum = kept.get() + #kept.large + #kept.huge + #kept.megabytes
    for name, value in pairs(kept.by_name) do sum = sum * 7 % 1000003 + value + #name end
    for object, value in pairs(kept.by_object) do sum = sum * 7 % 1000003 + value + object[1] end
    for object, value in pairs(kept.weak_keys) do sum = sum * 7 % 1000003 + object[1] + value[1] end
    for place, value in pairs(kept.weak_values) do sum = sum * 7 % 1000003 + value[1] end
    for object, value in pairs(kept.weak) do sum = sum * 7 % 1000003 + value[1] end
    kept.final = nil collectgarbage() collectgarbage()
    note(coroutine.status(kept.dead)) note(coroutine.status(kept.failed)) note(tostring(kept.large[77]))
    note(collectgarbage('count'))
    return sum .. ' ' .. table.concat(log, ' ')";

#[test]
fn a_copy_is_the_same_state() {
    let mut machine = ready(EVERYTHING);
    let bytes = saved(&mut machine);
    let mut copy = copied(&mut machine);
    assert!(saved(&mut copy) == bytes, "the copy is saved as the original is");
    assert!(saved(&mut machine) == bytes, "copying changes nothing");
    let mut second = copied(&mut copy);
    assert!(saved(&mut second) == bytes, "so is the copy of a copy");
    let expected = end(&mut machine);
    drop(machine);
    assert_eq!(end(&mut copy), expected);
    drop(copy);
    assert_eq!(end(&mut second), expected);
}

#[test]
fn a_copy_collects_when_the_original_does() {
    collects_as_the_original(copied);
}

#[test]
fn what_is_loaded_collects_when_the_original_does() {
    collects_as_the_original(|machine| {
        let mut other = fresh(Limits::default());
        other.load(&saved(machine)).expect("it can be loaded");
        other
    });
}

fn collects_as_the_original(copied: fn(&mut Machine) -> Machine) {
    let source = "local old, n = {}, 0
        while true do
            n = n + 1
            old[n % 5000] = { n, 'text' .. n, function() return n end, setmetatable({}, { __gc = function() n = n + 1 end }) }
            if n % 10 == 0 then coroutine.wrap(function() coroutine.yield() end)() end
            if n % 3000 == 0 then old[n] = ('y'):rep(100000) .. n end
        end";
    let mut machine = stopped(source, 300_000);
    for _ in 0..6 {
        let mut copy = copied(&mut machine);
        for _ in 0..15 {
            for each in [&mut machine, &mut copy] {
                each.set_fuel(Some(20_011));
                assert!(matches!(each.resume(), RunState::OutOfFuel));
            }
            assert_eq!(counts(&mut copy), counts(&mut machine));
        }
        assert!(saved(&mut copy) == saved(&mut machine));
        machine = copy;
    }
    assert!(machine.heap().cycles() > 3, "it was collected on the way");
}

#[test]
fn a_copy_that_does_not_fit_is_an_error() {
    let mut machine = ready(EVERYTHING);
    let mut small = fresh(Limits { memory_bytes_max: 4 << 20, ..Limits::default() });
    assert_eq!(machine.copy_into(&mut small), Err(SnapshotError::OutOfMemory));
    // Neither is damaged.
    let mut other = stopped("local n = 0 for i = 1, 1000 do n = n + i end return n", 10);
    other.copy_into(&mut small).expect("a small program fits");
    assert_eq!(end(&mut small), "500500");
    assert_eq!(end(&mut copied(&mut machine)), end(&mut machine));
}
