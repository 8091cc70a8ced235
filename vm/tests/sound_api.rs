//! What safe code can try with a machine: everything ends with a result or an error that says what was wrong. `conformance/sound_api.sh`
//! does the same under valgrind.
#![forbid(unsafe_code)]

use minivm::{CodeForm, Error, FiberScheduler, HostCall, InstanceId, Kind, Limits, Machine, RunState, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::Signature;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

fn machine() -> Machine {
    Machine::new(Limits::default())
}

/// A program with `first`, which gives its argument back, and `hold`, which calls its first argument with the second and gives
/// the second.
fn instance(machine: &mut Machine) -> InstanceId {
    let mut builder = ProgramBuilder::new();
    let mut f = builder.function("first", Signature::dynamic(1, false));
    let argument = f.param(0);
    f.return_values(&[argument.into()]);
    let first = builder.add(f).expect("it is complete");
    builder.export_function("first", first);
    let mut f = builder.function("hold", Signature::dynamic(2, false));
    let (callee, argument) = (f.param(0), f.param(1));
    let given = f.register(minivm_isa::Type::Any);
    f.call_any(&[given], callee, &[argument.into()]);
    f.return_values(&[argument.into()]);
    let hold = builder.add(f).expect("it is complete");
    builder.export_function("hold", hold);
    machine.instantiate(builder.finish().expect("it verifies")).expect("it links")
}

/// Makes so much garbage that the machine collects more than once.
fn churn(machine: &mut Machine) {
    let before = machine.collections();
    let churn = machine.host_function("churn", |call| {
        for _ in 0..64 {
            call.string([b'g'; 10_000])?;
        }
        if call.state() < 60 { call.go_on(call.state() + 1) } else { call.return_none() }
    });
    let churn = churn.expect("there is memory");
    for _ in 0..20 {
        machine.call(&churn, &[]).expect("it runs");
        if machine.collections() > before + 1 {
            return;
        }
    }
    panic!("it does not collect");
}

fn is_foreign<T>(result: Result<T, Error>, expected: &str) {
    match result {
        Err(Error::Foreign { what }) => assert_eq!(what, expected),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[test]
fn a_string_keeps_its_bytes() {
    let mut machine = machine();
    let text = machine.string("x".repeat(400)).unwrap();
    for _ in 0..3 {
        churn(&mut machine);
        assert_eq!(machine.bytes(&text).unwrap(), "x".repeat(400).as_bytes());
    }
    let copy = text.clone();
    drop(text);
    churn(&mut machine);
    assert_eq!(machine.bytes(&copy).unwrap().len(), 400);
    drop(machine);
    assert_eq!(copy.kind(), Kind::String);
    let other = Machine::new(Limits::default());
    is_foreign(other.bytes(&copy), "string");
}

#[test]
fn values_of_another_machine_are_refused() {
    let (mut a, mut b) = (machine(), machine());
    let instance = instance(&mut b);
    let (foreign, name, table) = (a.table(0, 0).unwrap(), a.string("name").unwrap(), b.table(0, 0).unwrap());
    let first = b.exported_function(instance, "first").unwrap();
    let function = a.host_function("f", |call| call.return_none()).unwrap();
    let one = Value::int(1);
    is_foreign(b.set(&table, &one, &foreign), "table");
    is_foreign(b.set(&table, &name, &one), "string");
    is_foreign(b.set(&foreign, &one, &one), "table");
    is_foreign(b.set_name(&table, "x", &foreign), "table");
    is_foreign(b.get(&table, &name), "string");
    is_foreign(b.get_name(&foreign, "x"), "table");
    is_foreign(b.next(&foreign, &Value::NIL), "table");
    is_foreign(b.len(&foreign), "table");
    is_foreign(b.equals(&foreign, &table), "table");
    is_foreign(b.set_metatable(&table, &foreign), "table");
    is_foreign(b.object("kind", 7, &foreign), "table");
    is_foreign(b.object_mut::<i32>(&foreign).map(drop), "table");
    is_foreign(b.register("x", &foreign), "table");
    is_foreign(b.define_function("m", "f", &function), "function");
    is_foreign(b.set_restartable(&function), "function");
    is_foreign(b.call(&function, &[]), "function");
    is_foreign(b.call(&first, std::slice::from_ref(&foreign)), "table");
    is_foreign(b.prepare(&first, std::slice::from_ref(&foreign)), "table");
    is_foreign(b.start(&function, &[]).map(drop), "function");
    is_foreign(b.spawn(&first, std::slice::from_ref(&foreign)), "table");
    is_foreign(b.closure(instance, "first", std::slice::from_ref(&foreign)), "table");
    is_foreign(b.prepare_answer(std::slice::from_ref(&foreign)), "table");
    is_foreign(b.frames_of(&foreign).map(drop), "table");
    assert!(b.describe(&foreign).contains("belongs to another machine"));
    drop(a);
    is_foreign(b.set(&table, &one, &foreign), "table");
    churn(&mut b);
    assert!(b.get(&table, &one).unwrap().is_nil());
}

#[test]
fn instances_and_runs_of_another_machine_are_refused() {
    let (mut a, mut b) = (machine(), machine());
    let foreign = instance(&mut a);
    is_foreign(b.exports(foreign), "instance");
    is_foreign(b.exported_function(foreign, "first"), "instance");
    is_foreign(b.exported_global(foreign, "g"), "instance");
    is_foreign(b.export_signature(foreign, "first").map(drop), "instance");
    is_foreign(b.invoke(foreign, "first", &[]), "instance");
    is_foreign(b.closure(foreign, "first", &[]), "instance");
    is_foreign(b.define_instance("m", foreign), "instance");
    is_foreign(b.memory(foreign, "m").map(drop), "instance");
    is_foreign(b.memory_mut(foreign, "m").map(drop), "instance");
    assert!(b.threaded_form(foreign, minivm_isa::entities::Func::from_u32(0)).is_err());
    let own = instance(&mut b);
    let first = b.exported_function(own, "first").unwrap();
    let run = b.spawn(&first, &[Value::int(7)]).unwrap();
    is_foreign(a.switch_to(run), "run");
    is_foreign(a.drop_run(run), "run");
    is_foreign(a.run_activity(run), "run");
    is_foreign(a.frames_of_run(run).map(drop), "run");
    let mut scheduler = FiberScheduler::new(10);
    scheduler.put_back(run);
    is_foreign(scheduler.run(&mut a).map(drop), "run");
    let task = scheduler.run(&mut b).unwrap().expect("it is still there");
    assert!(matches!(task.state, RunState::Finished(values) if values[0].as_int() == Some(7)));
    assert!(matches!((b.switch_to(run), b.drop_run(run)), (Ok(false), Ok(false))), "it has ended");
}

#[test]
fn handles_may_outlive_the_machine() {
    let mut machine = machine();
    let values: Vec<Value> = (0..100).map(|number| machine.string(format!("value {number}")).unwrap()).collect();
    let table = machine.table(4, 0).unwrap();
    machine.set(&table, &Value::int(1), &values[0]).unwrap();
    drop(machine);
    let copies = values.clone();
    drop(values);
    drop(table);
    std::thread::spawn(move || drop(copies)).join().expect("nothing panics");
}

#[test]
fn dropped_handles_let_go() {
    let mut machine = machine();
    let before = machine.heap_bytes();
    let held: Vec<Value> = (0..200).map(|_| machine.string([b'h'; 100_000]).unwrap()).collect();
    churn(&mut machine);
    assert!(machine.heap_bytes() > before + 20_000_000, "they are held");
    drop(held);
    churn(&mut machine);
    churn(&mut machine);
    assert!(machine.heap_bytes() < before + 20_000_000, "they are not held any more");
}

#[test]
fn handles_may_be_dropped_while_a_run_goes_on() {
    let mut machine = machine();
    let program = instance(&mut machine);
    let hold = machine.exported_function(program, "hold").unwrap();
    let held = Arc::new(Mutex::new(None));
    let inside = held.clone();
    let letting_go = machine.host_function("let_go", move |call| {
        if call.state() < 40 {
            // The program alone holds it from here on.
            inside.lock().unwrap().take();
            for _ in 0..64 {
                call.string([b'g'; 10_000])?;
            }
            return call.go_on(call.state() + 1);
        }
        call.return_none()
    });
    let letting_go = letting_go.unwrap();
    let text = machine.string("t".repeat(1000)).unwrap();
    *held.lock().unwrap() = Some(text.clone());
    machine.prepare(&hold, &[letting_go, text]).unwrap();
    let RunState::Finished(values) = machine.resume() else { panic!("it ends") };
    assert!(held.lock().unwrap().is_none());
    assert_eq!(machine.bytes(&values[0]).unwrap(), [b't'; 1000]);
}

#[test]
fn host_functions_keep_values_by_rooting_them() {
    let mut machine = machine();
    let kept: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (to, from) = (kept.clone(), kept.clone());
    let put = machine.host_function("put", move |call| {
        let text = call.string("s".repeat(500))?;
        to.lock().unwrap().push(call.root(text));
        call.return_none()
    });
    let get = machine.host_function("get", move |call| {
        let value = from.lock().unwrap()[0].clone();
        let value = call.local(&value)?;
        assert_eq!(call.bytes(value), Some(&[b's'; 500][..]));
        call.return_one(value)
    });
    let (put, get) = (put.unwrap(), get.unwrap());
    machine.call(&put, &[]).unwrap();
    churn(&mut machine);
    let value = machine.call(&get, &[]).unwrap().remove(0);
    assert_eq!(machine.bytes(&value).unwrap(), [b's'; 500]);
    // Another machine's host function gets an error, which its program could catch.
    let mut other = Machine::new(Limits::default());
    let foreign = kept.lock().unwrap()[0].clone();
    let get = other.host_function("get", move |call| {
        let value = call.local(&foreign)?;
        call.return_one(value)
    });
    let failed = other.call(&get.unwrap(), &[]).expect_err("it is foreign");
    assert!(failed.to_string().contains("belongs to another machine"), "{failed}");
}

#[test]
fn a_loaded_state_makes_what_was_there_foreign() {
    let mut machine = machine();
    let own = instance(&mut machine);
    let text = machine.string("kept").unwrap();
    let table = machine.table(0, 1).unwrap();
    machine.set(&table, &text, &Value::int(5)).unwrap();
    machine.register("table", &table).unwrap();
    let first = machine.exported_function(own, "first").unwrap();
    let run = machine.spawn(&first, &[Value::int(3)]).unwrap();
    let saved = machine.save(b"", CodeForm::Whole).unwrap();

    // Saving changes nothing for the host, also for what only its handles hold.
    let again = machine.string("kept").unwrap();
    assert!(machine.equals(&text, &again).unwrap());
    assert_eq!(machine.get(&table, &again).unwrap().as_int(), Some(5));

    // What does not load leaves everything as it was.
    assert!(machine.load(&saved[..saved.len() / 2]).is_err());
    assert_eq!(machine.get(&table, &text).unwrap().as_int(), Some(5));
    assert!(machine.exported_function(own, "first").is_ok());

    machine.load(&saved).unwrap();
    is_foreign(machine.bytes(&text), "string");
    is_foreign(machine.get(&table, &Value::int(1)), "table");
    is_foreign(machine.call(&first, &[]), "function");
    is_foreign(machine.exported_function(own, "first"), "instance");
    is_foreign(machine.switch_to(run), "run");
    let table = machine.registered("table");
    let text = machine.string("kept").unwrap();
    assert_eq!(machine.get(&table, &text).unwrap().as_int(), Some(5));
    let run = machine.runs()[0];
    assert!(machine.switch_to(run).unwrap());
    assert!(matches!(machine.resume(), RunState::Finished(values) if values[0].as_int() == Some(3)));
}

#[test]
fn a_copy_has_handles_of_its_own() {
    let (mut machine, mut copy) = (machine(), machine());
    let own = instance(&mut machine);
    let (text, stale) = (machine.string("t".repeat(100)).unwrap(), copy.string("stale").unwrap());
    machine.register("text", &text).unwrap();
    machine.copy_into(&mut copy).unwrap();
    is_foreign(copy.bytes(&stale), "string");
    is_foreign(copy.bytes(&text), "string");
    is_foreign(copy.exports(own), "instance");
    assert_eq!(machine.bytes(&text).unwrap(), [b't'; 100]);
    let copied = copy.registered("text");
    is_foreign(machine.bytes(&copied), "string");
    drop(machine);
    churn(&mut copy);
    assert_eq!(copy.bytes(&copied).unwrap(), [b't'; 100]);
}

#[test]
fn what_only_handles_hold_lives_on_after_saving() {
    let mut machine = machine();
    let texts: Vec<Value> = (0..50).map(|number| machine.string(format!("text {number}")).unwrap()).collect();
    let long = machine.string("l".repeat(5000)).unwrap();
    machine.save(b"", CodeForm::Whole).unwrap();
    machine.report_state().unwrap();
    churn(&mut machine);
    for (number, text) in texts.iter().enumerate() {
        assert_eq!(machine.text(text).unwrap(), format!("text {number}"));
        let again = machine.string(format!("text {number}")).unwrap();
        assert!(machine.equals(text, &again).unwrap());
    }
    assert_eq!(machine.bytes(&long).unwrap().len(), 5000);
}

#[test]
fn a_panic_of_a_host_function_reaches_the_host() {
    let mut machine = machine();
    let panics = machine.host_function("panics", |call| {
        call.string("some text")?;
        assert!(call.arg(0).as_int() != Some(7), "seven is not allowed");
        call.return_args_from(0)
    });
    let panics = panics.unwrap();
    for _ in 0..3 {
        let panic = catch_unwind(AssertUnwindSafe(|| machine.call(&panics, &[Value::int(7)]).is_ok()));
        assert_eq!(panic.expect_err("it comes through").downcast_ref(), Some(&"seven is not allowed"));
        let given = machine.call(&panics, &[Value::int(8)]).expect("the machine goes on");
        assert_eq!(given[0].as_int(), Some(8));
    }
    churn(&mut machine);
}

/// Panics when it is dropped.
struct Grudge;

impl Drop for Grudge {
    fn drop(&mut self) {
        panic!("it was dropped");
    }
}

#[test]
fn a_panic_of_a_destructor_reaches_the_host() {
    let mut machine = machine();
    let object = machine.object("grudge", Grudge, &Value::NIL).unwrap();
    drop(object);
    let panic = catch_unwind(AssertUnwindSafe(|| churn(&mut machine)));
    assert_eq!(panic.expect_err("it comes through").downcast_ref(), Some(&"it was dropped"));
    churn(&mut machine);
    // The end of a machine is no time to panic.
    machine.object("grudge", Grudge, &Value::NIL).unwrap();
    drop(machine);
}

#[test]
fn a_panic_of_a_codec_reaches_the_host() {
    fn prepared() -> Machine {
        let mut machine = Machine::new(Limits::default());
        machine.define("host", "echo", |call| call.return_args_from(0)).unwrap();
        machine
    }
    let mut machine = prepared();
    let echo = machine.host_function("echo", |call| call.return_args_from(0)).unwrap();
    machine.register("echo", &echo).unwrap();
    let object = machine.object("number", 5_u32, &Value::NIL).unwrap();
    machine.register("object", &object).unwrap();
    machine.set_object_codec::<u32>("number", |_| panic!("saving"), |_| Ok(1));
    for _ in 0..2 {
        let panic = catch_unwind(AssertUnwindSafe(|| machine.save(b"", CodeForm::Whole).is_ok()));
        assert_eq!(panic.expect_err("it comes through").downcast_ref(), Some(&"saving"));
        assert_eq!(machine.call(&echo, &[Value::int(3)]).unwrap()[0].as_int(), Some(3));
    }
    machine.set_object_codec::<u32>("number", |number| Ok(number.to_le_bytes().to_vec()), |_| panic!("loading"));
    let saved = machine.save(b"", CodeForm::Whole).unwrap();
    for _ in 0..2 {
        let panic = catch_unwind(AssertUnwindSafe(|| machine.load(&saved).is_ok()));
        assert_eq!(panic.expect_err("it comes through").downcast_ref(), Some(&"loading"));
        assert_eq!(machine.call(&echo, &[Value::int(4)]).unwrap()[0].as_int(), Some(4));
        assert_eq!(*machine.object_mut::<u32>(&object).unwrap(), 5);
        churn(&mut machine);
    }
    machine.set_object_codec::<u32>("number", |_| Ok(Vec::new()), |_| Ok(9));
    machine.load(&saved).unwrap();
    let (echo, object) = (machine.registered("echo"), machine.registered("object"));
    let given = machine.call(&echo, &[object]).unwrap();
    assert_eq!(*machine.object_mut::<u32>(&given[0]).unwrap(), 9);
}

#[test]
fn a_panic_of_an_interrupt_reaches_the_host() {
    let mut machine = machine();
    let instance = instance(&mut machine);
    machine.set_interrupt(|| panic!("interrupted"));
    let call = |machine: &mut Machine| machine.invoke(instance, "first", &[Value::int(1)]).is_ok();
    assert!(catch_unwind(AssertUnwindSafe(|| call(&mut machine))).is_err());
    machine.clear_interrupt();
    assert!(call(&mut machine));
}

#[test]
fn objects_are_of_the_type_they_were_made_with() {
    let mut machine = machine();
    let drops = Arc::new(AtomicU32::new(0));
    struct Counted(Arc<AtomicU32>, i64);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let object = machine.object("counted", Counted(drops.clone(), 1), &Value::NIL).unwrap();
    machine.object_mut::<Counted>(&object).unwrap().1 = 42;
    assert!(matches!(machine.object_mut::<String>(&object), Err(Error::Kind { found: "object", .. })));
    let table = machine.table(0, 0).unwrap();
    assert!(matches!(machine.object_mut::<Counted>(&table), Err(Error::Kind { found: "table", .. })));
    assert!(matches!(machine.object("counted", 1, &Value::int(1)), Err(Error::Kind { found: "integer", .. })));
    let read = machine.host_function("read", |call| match call.object_mut::<Counted>(call.arg(0)) {
        Some(counted) => {
            counted.1 += 1;
            let number = counted.1;
            call.return_one(number)
        }
        None => Err(call.error("no object")),
    });
    let read = read.unwrap();
    assert_eq!(machine.call(&read, std::slice::from_ref(&object)).unwrap()[0].as_int(), Some(43));
    assert!(machine.call(&read, &[table]).is_err());
    machine.set_object_codec::<Counted>("counted", |_| Err("it stays here".to_string()), |_| unreachable!());
    let refused = machine.save(b"", CodeForm::Whole).expect_err("a handle holds it");
    assert!(refused.to_string().contains("it stays here"), "{refused}");
    drop(object);
    churn(&mut machine);
    churn(&mut machine);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn objects_and_states_travel_by_codecs() {
    fn prepared() -> Machine {
        let mut machine = Machine::new(Limits::default());
        let save = |number: &u32| Ok(number.to_le_bytes().to_vec());
        let load = |bytes: &[u8]| {
            let bytes = bytes.try_into().map_err(|_| minivm::SnapshotError::Damaged("not four bytes".to_string()))?;
            Ok(u32::from_le_bytes(bytes))
        };
        machine.set_object_codec("number", save, load);
        machine.set_state_codec::<String>(
            "title",
            |title| Ok(title.clone().into_bytes()),
            |title, bytes| {
                *title = String::from_utf8_lossy(bytes).into_owned();
                Ok(())
            },
        );
        machine
    }
    let (mut machine, mut other) = (prepared(), prepared());
    let object = machine.object("number", 77_u32, &Value::NIL).unwrap();
    machine.register("object", &object).unwrap();
    machine.shared::<String>().push_str("a title");
    let saved = machine.save(b"", CodeForm::Whole).unwrap();
    drop(machine);
    other.load(&saved).unwrap();
    let object = other.registered("object");
    assert_eq!(*other.object_mut::<u32>(&object).unwrap(), 77);
    assert_eq!(other.shared::<String>(), "a title");
}

#[test]
fn wrong_kinds_are_errors() {
    let mut machine = machine();
    let instance = instance(&mut machine);
    let (number, text) = (Value::int(3), machine.string("text").unwrap());
    assert_eq!(machine.get(&number, &text).unwrap_err().to_string(), "table expected, got integer");
    assert_eq!(machine.bytes(&number).unwrap_err().to_string(), "string expected, got integer");
    assert!(matches!(machine.define_function("m", "f", &text), Err(Error::Kind { .. })));
    let table = machine.table(0, 0).unwrap();
    assert!(matches!(machine.set(&table, &Value::NIL, &number), Err(Error::Key(_))));
    assert!(matches!(machine.set(&table, &Value::float(f64::NAN), &number), Err(Error::Key(_))));
    assert!(matches!(machine.next(&table, &number), Err(Error::Key(_))));
    assert!(matches!(machine.set_metatable(&table, &number), Err(Error::Kind { .. })));
    assert!(matches!(machine.invoke(instance, "none", &[]), Err(Error::NoExport { .. })));
    assert!(matches!(machine.memory(instance, "none"), Err(Error::NoExport { .. })));
    assert!(matches!(machine.call(&number, &[]), Err(Error::Failure(_))));
    assert!(machine.spawn(&number, &[]).is_ok());
    assert!(matches!(machine.switch_to(machine.runs()[0]), Ok(true)));
    assert!(matches!(machine.resume(), RunState::Failed(_)));
    assert!(matches!(machine.resume(), RunState::Failed(_)), "nothing runs");
    assert!(matches!(machine.answer(&[text]), Ok(RunState::Failed(_))), "nothing waits");
    assert!(machine.frames().next().is_none() && machine.frames_of(&number).unwrap().next().is_none());
    assert!(machine.close().is_ok() && machine.close().is_ok());
    assert!(machine.invoke(instance, "first", &[table]).is_ok(), "it can still be used");
}

/// Does in each state something that the raw interface forbids.
fn unruly<'c>(call: &mut HostCall<'c>) -> minivm::HostResult<'c> {
    let text = call.string(format!("state {}", call.state()))?;
    match call.state() {
        0 => {
            // Outcomes that are not returned happen as little as those that come after.
            let _ = call.return_values(&[text; 9]);
            let _ = call.call(text, &[text; 30], 77);
            call.keep(&[text; 20]);
            let first = call.arg(0);
            let _ = call.yield_values(&[]);
            call.keep(&[first, text]);
            call.call_protected(first, &[text, text], 1)
        }
        1 => {
            let before = call.returned().unwrap_or_default();
            call.keep(&[call.arg(0), text, text, text, text, text]);
            // What was returned stays, and paying comes late here.
            call.charge(10_000)?;
            let after = call.returned().unwrap_or_default();
            assert_eq!((before.len(), after.len()), (2, 2));
            assert!(before[0].equals(after[0]));
            assert_eq!(call.text(call.arg(1)), Some("state 0"));
            call.go_on(2)
        }
        2 => {
            assert_eq!((call.arg_count(), call.returned().unwrap_or_default().len()), (6, 0));
            call.call_protected(text, &[], 3)
        }
        3 => {
            let error = call.returned().err().map(|error| call.text(error).unwrap_or_default().to_owned());
            assert!(error.is_some_and(|error| error.contains("call a string")));
            call.resume(text, &[text], 4)
        }
        4 => {
            assert!(call.returned().is_err(), "no fiber can be resumed");
            let fiber = call.new_fiber(text)?;
            call.close_fiber(fiber, 5)
        }
        5 => {
            let (fiber, _) = call.running_fiber();
            call.close_fiber(fiber, 6)
        }
        6 => {
            assert!(call.returned().is_err(), "it runs");
            call.tail_call(call.arg(0), &[text])
        }
        other => Err(call.error(format!("state {other}"))),
    }
}

#[test]
fn host_functions_may_do_things_out_of_order() {
    let mut machine = machine();
    let first = machine.host_function("echo", |call| call.return_args_from(0)).unwrap();
    let function = machine.host_function("unruly", unruly).unwrap();
    let given = machine.call(&function, std::slice::from_ref(&first)).unwrap();
    assert_eq!(machine.text(&given[0]).unwrap(), "state 6");
    // The same where each payment stops the run.
    machine.prepare(&function, &[first]).unwrap();
    let mut stops = 0;
    let values = loop {
        machine.set_fuel(Some(700));
        match machine.resume() {
            RunState::OutOfFuel => stops += 1,
            RunState::Finished(values) => break values,
            _ => panic!("it ends"),
        }
        machine.save(b"", CodeForm::Whole).expect("it stands");
    };
    assert!(stops > 10, "{stops}");
    assert_eq!(machine.text(&values[0]).unwrap(), "state 6");
}

#[test]
fn a_machine_can_be_sent() {
    let mut machine = machine();
    let instance = instance(&mut machine);
    let text = machine.string("t".repeat(300)).unwrap();
    let budget = machine.memory_budget();
    let copies: Vec<Value> = (0..1000).map(|_| text.clone()).collect();
    let others: Vec<Value> = (0..1000).map(|number| machine.string(format!("other {number:050}")).unwrap()).collect();
    let dropping = std::thread::spawn(move || drop((copies, others)));
    let running = std::thread::spawn(move || {
        churn(&mut machine);
        let given = machine.invoke(instance, "first", std::slice::from_ref(&text)).unwrap();
        assert!(machine.equals(&given[0], &text).unwrap());
        machine
    });
    assert!(budget.used() > 0);
    dropping.join().expect("it drops");
    let mut machine = running.join().expect("it runs");
    churn(&mut machine);
}

#[test]
fn copies_may_live_on_other_threads() {
    let mut machine = machine();
    let instance = instance(&mut machine);
    let function = machine.exported_function(instance, "first").unwrap();
    machine.register("first", &function).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let mut copy = Machine::new(Limits::default());
            machine.copy_into(&mut copy).unwrap();
            std::thread::spawn(move || {
                let first = copy.registered("first");
                for _ in 0..100 {
                    let given = copy.call(&first, &[Value::int(number)]).unwrap();
                    assert_eq!(given[0].as_int(), Some(number));
                }
                churn(&mut copy);
            })
        })
        .collect();
    for _ in 0..50 {
        machine.call(&function, &[Value::int(9)]).unwrap();
        machine.copy_into(&mut Machine::new(Limits::default())).unwrap();
    }
    threads.into_iter().for_each(|thread| thread.join().expect("it runs"));
}

#[test]
fn frames_show_values_without_giving_them_away() {
    let mut machine = machine();
    let instance = instance(&mut machine);
    let first = machine.exported_function(instance, "first").unwrap();
    let text = machine.string("shown").unwrap();
    machine.prepare(&first, &[text]).unwrap();
    let frame = machine.frames().next().expect("it is about to run");
    assert_eq!(
        (frame.name.as_str(), frame.function.kind(), frame.fiber.kind()),
        ("first", Kind::Function, Kind::Fiber)
    );
    let report = machine.report_state().unwrap();
    drop(report.programs);
    machine.call(&first, &[]).unwrap();
    // The fiber of the report has ended.
    for fiber in &report.fibers {
        let _ = machine.frames_of_report(fiber).unwrap().count();
    }
}

#[test]
fn limits_at_their_ends_are_limits() {
    for memory_bytes_max in [0, 1, 1000, 20_000, u64::MAX] {
        let mut machine = Machine::new(Limits { memory_bytes_max, ..Limits::default() });
        let made = machine.host_function("f", |call| call.return_none());
        let called = made.and_then(|function| machine.call(&function, &[]));
        assert_eq!(called.is_ok(), memory_bytes_max > 1000, "{memory_bytes_max} bytes");
    }
    for stack_words_max in [0, 1, 100, usize::MAX] {
        for fiber_depth_max in [0, 1, u32::MAX] {
            let mut machine = Machine::new(Limits { stack_words_max, fiber_depth_max, ..Limits::default() });
            let resume = machine.host_function("resume", |call| match call.state() {
                0 => {
                    let fiber = call.new_fiber(call.arg(0))?;
                    call.resume(fiber, &[], 1)
                }
                _ => call.return_one(call.returned().is_ok()),
            });
            let empty = machine.host_function("empty", |call| call.return_none()).unwrap();
            let resumed = machine.call(&resume.unwrap(), &[empty]).unwrap();
            assert!(resumed[0].as_bool().is_some());
        }
    }
    let mut machine = machine();
    assert!(matches!(machine.table(u32::MAX, u32::MAX), Err(Error::OutOfMemory(_))));
    let again = machine.host_function("again", |call| match call.state() {
        0 => call.call(call.arg(0), &call.args(), 1),
        _ => call.return_none(),
    });
    let again = again.unwrap();
    let deep = machine.call(&again, std::slice::from_ref(&again)).unwrap_err();
    assert!(deep.to_string().contains("overflow"), "{deep}");
    machine.set_fuel(Some(u64::MAX));
    machine.add_fuel(u64::MAX);
    assert!(matches!(machine.step(u64::MAX), RunState::Failed(_)));
}
