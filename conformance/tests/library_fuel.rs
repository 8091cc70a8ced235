//! What functions of Lua's library do is paid for: long work stops when the fuel is used up or the host wants it to, costs the same
//! however it is cut, and goes on elsewhere.

use minivm::raw::{CodeForm, Failure, Limits, Machine, RunState, Value};
use minivm_conformance::random::Random;
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use std::time::{Duration, Instant};

/// More than any program here costs.
const PLENTY: u64 = 1 << 40;

fn machine(source: &str) -> Machine {
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    let globals = stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    let program = minivm_lua::compile(source.as_bytes(), "@a.lua").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    machine
}

/// What a run gave, and what it cost.
#[derive(PartialEq, Eq, Debug)]
struct Ended {
    text: String,
    fuel: u64,
    allocated: u64,
}

/// Runs a program with so much fuel at a time; `stopped` may put another machine in its place.
fn run(source: &str, mut portion: impl FnMut() -> u64, mut stopped: impl FnMut(&mut Machine)) -> Ended {
    let mut machine = machine(source);
    let mut given = 0;
    machine.set_fuel(Some(0));
    loop {
        let portion = portion();
        given += portion;
        machine.add_fuel(portion);
        let text = match machine.resume() {
            RunState::OutOfFuel => {
                assert_eq!(machine.fuel(), Some(0), "{source}");
                stopped(&mut machine);
                continue;
            }
            RunState::Finished(values) => values.iter().map(|&value| shown(&mut machine, value)).collect(),
            RunState::Failed(Failure::Error { value, .. }) => format!("error: {}", shown(&mut machine, value)),
            _ => panic!("it ends in another way: {source}"),
        };
        let fuel = given - machine.fuel().expect("there is a limit");
        let allocated = machine.heap().allocated_bytes();
        return Ended { text, fuel, allocated };
    }
}

/// A value as text; of long ones the length and a checksum.
fn shown(machine: &mut Machine, value: Value) -> String {
    let text = machine.describe(value);
    if text.len() < 100 {
        return format!("{text} ");
    }
    let sum = text.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{} bytes {sum:08x} ", text.len())
}

/// Goes on in a fresh machine.
fn reload(machine: &mut Machine) {
    let bytes = machine.save(b"", CodeForm::Whole).expect("it is saved");
    let mut other = minivm_conformance::raw_machine(Limits::default());
    stdlib::raw::install(&mut other, Box::new(NoHost)).expect("there is memory");
    other.load(&bytes).expect("it is loaded");
    *machine = other;
}

/// Long work of each function; none costs much more than a hundred thousand units.
const LONG: &[&str] = &[
    "return ('abc'):rep(500001, '-')",
    "return ('x'):rep(1100000):reverse(), ('x'):rep(700000):upper(), ('X'):rep(700000):lower()",
    "local s = ('0123456789'):rep(70000) return s:sub(2, -2), s:sub(1, 600000), s == s:sub(1)",
    "local s = ('0123456789'):rep(4000) return select('#', s:byte(1, -1)), string.char(s:byte(1, -1))",
    "local t = {} for i = 1, 20000 do t[i] = i % 3 == 0 and i or 's' .. i end return table.concat(t, ', '), table.concat(t)",
    "local t = {} for i = 1, 200 do t[i] = ('y'):rep(5000) end return table.concat(t, '--')",
    "local t = {} for i = 1, 40000 do t[i] = i end table.insert(t, 1, 0) table.remove(t, 2) return #t, t[1], t[2], t[40000]",
    "local t = {} for i = 1, 40000 do t[i] = i end table.move(t, 1, 40000, 7) return #table.move(t, 1, 40000, 1, {}), t[7]",
    "local t = table.move({}, 1, 60000, 2) return next(t)",
    "local t = {} for i = 1, 30000 do t[i] = i end return select('#', table.unpack(t)), table.pack(table.unpack(t)).n",
    "local t, s = {}, 1 for i = 1, 9000 do s = s * 16807 % 2147483647 t[i] = s end table.sort(t) return t[1], t[4500], t[9000]",
    "local t, s = {}, 1 for i = 1, 900 do s = s * 16807 % 2147483647 t[i] = ('w'):rep(99) .. s end table.sort(t) return t[1], t[900]",
    "return ('a'):rep(200000):find('^[a-c]*b'), (('a'):rep(200000) .. 'b'):match('^(.-)b')",
    "return ('('):rep(200000):match('^%b()'), (('a'):rep(90000) .. '-' .. ('a'):rep(90000)):find('^(a+)%-%1$')",
    "return pcall(string.find, ('a'):rep(11), ('a?'):rep(11) .. ('a'):rep(11)), ('a'):rep(30):find(('a*'):rep(4) .. 'b')",
    "local n, l = 0, 0 for w in ('some words '):rep(3000):gmatch('%a+') do n, l = n + 1, l + #w end return n, l",
    "return ('x'):rep(600000):match('(x*)()'), ('x'):rep(600000):find('(x)(x*)')",
    "for a, b in ('x'):rep(600000):gmatch('(x+)()') do return #a, b end",
    "return (('x'):rep(900000) .. 'needle'):find('needle', 1, true), ('ab'):rep(4000):find(('ab'):rep(3000) .. 'x', 1, true)",
    "return ('some words '):rep(9000):gsub('(%a+) (%a+)', '%2 %1')",
    "return ('some words '):rep(3000):gsub('%a+', { some = 'any', words = 3 })",
    "return ('some words '):rep(300):gsub('%a+', setmetatable({}, { __index = function(_, w) return w .. w end }))",
    "return ('some words '):rep(300):gsub('%a+', function(w) return w:upper() end)",
    "return ('b'):rep(600000):gsub('b+', '%0!'), ('b'):rep(600000):gsub('b+', function(b) return #b end)",
    "return (('b'):rep(600000) .. 'c'):gsub('b+', { [('b'):rep(600000)] = '!' }), ('ab'):gsub('a', ('xyz'):rep(200000) .. '%0')",
    "return ('<%s|%20s>'):format(('x'):rep(600000), ('y'):rep(300000)), ('%q'):format(('a\\n\\0'):rep(30000))",
    "local t = {} for i = 1, 3000 do t[i] = i end return ('%d,%g;'):rep(1500):format(table.unpack(t))",
    "local o = setmetatable({}, { __tostring = function() return ('o'):rep(999) end }) return \
        ('%s-%s'):rep(20):format(o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, \
        o, o, o, o, o, o, o, o, o, o, o, o)",
    "local t = {} for i = 1, 3000 do t[i] = i end local p = ('i4'):rep(3000):pack(table.unpack(t)) return p, \
        select('#', string.unpack(('i4'):rep(3000), p))",
    "local p = string.pack('s4zc700000', ('x'):rep(600000), ('y'):rep(600000), 'z') return p, string.unpack('s4zc700000', p)",
    "return string.packsize(('i4 b '):rep(20000)), #string.pack((' '):rep(60000) .. 'b', 1)",
    "local s = ('aä汉'):rep(50000) return utf8.len(s), utf8.offset(s, 90000), utf8.offset(s, -90000), select('#', \
        utf8.codepoint(s, 1, 150000))",
    "local t = {} for i = 1, 30000 do t[i] = i end local n = 0 for p, c in utf8.codes(utf8.char(table.unpack(t)), \
        true) do n = n + c end return n",
    "return pcall(function() for _ in utf8.codes('a' .. ('\\x80'):rep(300000)) do end end)",
    "local t = {} for i = 1, 900 do t[i] = 'do local v = (...) + ' .. i .. ' end' end t[901] = 'return ...' return \
        load(table.concat(t, '\\n'))(5)",
    "local t = {} for i = 1, 900 do t[i] = 'do local v = (...) + ' .. i .. ' end' end local i = 0 return \
        load(function() i = i + 1 return t[i] end)",
    "local t = {} for i = 1, 3000 do t['k' .. i] = i end for i = 1, 3000 do t['k' .. i] = nil end return next(t), pairs(t)",
    "local a, b = ('x'):rep(600000), ('x'):rep(600000) return rawequal(a, b), rawget({ [a] = 1 }, b), rawequal(a, a .. 'y')",
    "local s = ('x'):rep(600000) return select(2, pcall(error, s)), select(2, pcall(error, s, 0)), select(2, \
        pcall(assert, nil, s)), tostring(s)",
    "return tonumber(('0'):rep(90000) .. '7'), tonumber(('1'):rep(9000), 2), ('7' .. (' '):rep(9000)) + 1, \
        math.max(('9' .. (' '):rep(900)) + 0, 3)",
    "local t = {} for i = 1, 30000 do t[i] = i end return math.max(table.unpack(t)), select(-2, table.unpack(t))",
    "print(('x'):rep(600000), 1) io.write(('x'):rep(600000), 2) warn('@on') warn(('x'):rep(600000), 'y') return 1",
    "return #os.date('!' .. ('%Y-%m-%d '):rep(9000), 0), #os.date('!' .. ('x'):rep(600000), 0)",
    "return select(2, pcall(require, 'no.such.module')), package.searchpath('a.b', ('./?.lua;'):rep(300))",
    "local t = {} for i = 1, 9000 do t[i] = { i } end t = nil collectgarbage() collectgarbage('step', 100) return collectgarbage('count')",
];

#[test]
fn it_costs_the_same_however_it_is_cut_and_goes_on_in_another_machine() {
    for source in LONG {
        let whole = run(source, || PLENTY, |_| panic!("there is plenty"));
        let mut random = Random::new(5, 1);
        assert_eq!(run(source, || 1000, |_| {}), whole, "by 1000: {source}");
        assert_eq!(run(source, || 1 + random.below(9000) as u64, |_| {}), whole, "at random: {source}");
        if whole.fuel < 9000 {
            assert_eq!(run(source, || 1, |_| {}), whole, "one by one: {source}");
        }
        let mut reloads = 0;
        let every = whole.fuel / 8 + 1;
        let found = run(
            source,
            || 1 + random.below(2 * every as usize) as u64,
            |machine| {
                reloads += 1;
                reload(machine);
            },
        );
        assert!(reloads > 0, "{source}");
        // What was allocated is counted anew where a state is loaded.
        assert_eq!((found.text, found.fuel), (whole.text, whole.fuel), "{source}");
    }
}

/// Work without end, or nearly.
const ENDLESS: &[&str] = &[
    "return pcall(table.move, {}, 1, 1e18, 2)",
    "return pcall(table.move, setmetatable({}, {}), 1, 1e18, 2)",
    "return pcall(string.find, string.rep('a', 40), string.rep('a*', 20) .. 'b')",
    "return pcall(string.find, ('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40))",
    "return pcall(string.gsub, ('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40), '')",
    "for w in ('a'):rep(40):gmatch(('a?'):rep(40) .. ('a'):rep(40)) do end",
    "return ('x'):rep(2000000000)",
    "local t = {} for i = 1, 100 do t[i] = i end return table.concat(t, ('x'):rep(30000000))",
    "return table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1e15)",
    "return ('%s'):rep(200):format(table.unpack((function() local t, s = {}, ('x'):rep(1e7) for i = 1, 200 do t[i] = \
        s end return t end)()))",
    "return ('a'):rep(1000000):gsub('', ('x'):rep(1000))",
    "return load(function() return 'x = 1 ' end)",
    "return string.pack('c2000000000', '')",
    "while true do pcall(string.rep, 'x', 100000) end",
    "while true do pcall(error, ('x'):rep(100000)) end",
];

#[test]
fn it_stops_when_the_fuel_is_used_up() {
    for source in ENDLESS {
        for fuel in [1000, 30_000, 300_000] {
            let start = Instant::now();
            let mut machine = machine(source);
            machine.set_fuel(Some(fuel));
            assert!(matches!(machine.resume(), RunState::OutOfFuel), "{source}");
            assert_eq!(machine.fuel(), Some(0));
            // Much less in an optimised build; what is made here is slow, and other tests run meanwhile.
            assert!(start.elapsed() < Duration::from_secs(20), "{source} took {:?}", start.elapsed());
        }
    }
}

#[test]
fn it_stops_when_the_host_wants_it_to() {
    for source in ENDLESS {
        let mut machine = machine(source);
        let deadline = Instant::now() + Duration::from_millis(100);
        machine.set_interrupt(move || Instant::now() >= deadline);
        assert!(matches!(machine.resume(), RunState::Interrupted), "{source}");
        let late = deadline.elapsed();
        assert!(late < Duration::from_secs(5), "{source} stopped {late:?} late");
    }
}

/// A compilation that takes long is waited for, but not when the run is to stop; it goes on where it was, or begins again elsewhere.
#[test]
fn a_compilation_can_be_interrupted() {
    let source =
        "local t = {} for i = 1, 4000 do t[i] = 'do local v = (...) + ' .. i .. ' end' end t[4001] = 'return ...'
        return load(table.concat(t, '\\n'))(5)";
    let mut machine = machine(source);
    let mut calls = 0;
    machine.set_interrupt(move || {
        calls += 1;
        calls % 2 == 0
    });
    let mut interrupts = 0;
    loop {
        match machine.resume() {
            RunState::Interrupted => {
                interrupts += 1;
                if interrupts == 4 {
                    reload(&mut machine);
                    machine.set_interrupt(move || {
                        calls += 1;
                        calls % 2 == 0
                    });
                }
            }
            RunState::Finished(values) => {
                assert_eq!(values[0].as_int(), Some(5));
                break;
            }
            _ => panic!("it finishes"),
        }
        assert!(interrupts < 1_000_000);
    }
    assert!(interrupts > 3, "{interrupts}");
}
