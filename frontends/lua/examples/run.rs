use minivm::{Limits, Machine, Value};
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let source = std::fs::read(&file).unwrap();
    let program = minivm_lua::compile(&source, &format!("@{file}")).unwrap_or_else(|e| panic!("{e}"));
    if std::env::var_os("DUMP").is_some() { println!("{}", *program); return; }
    let mut m = Machine::new(Limits::default());
    let g = m.heap().table_value(0, 8).unwrap();
    let _k = m.keep(g);
    let mut def = |m: &mut Machine, n: &str, f: Value| { m.heap().table_set_name(g, n.as_bytes(), f).unwrap(); };
    let f = m.host_function("print", |c| { let n = c.arg_count(); let mut s = vec![]; for i in 0..n { let v = c.arg(i); s.push(match v.as_bytes() { Some(b) => String::from_utf8_lossy(b).into_owned(), None => match (v.as_int(), v.as_float()) { (Some(i), _) => i.to_string(), (_, Some(f)) => minivm::format::float(f), _ => format!("{v:?}") } }); } println!("{}", s.join("\t")); c.return_none() }).unwrap(); def(&mut m, "print", f);
    let f = m.host_function("setmetatable", |c| { let (a, b) = (c.arg(0), c.arg(1)); c.set_metatable(a, b)?; c.return_one(a) }).unwrap(); def(&mut m, "setmetatable", f);
    let f = m.host_function("floor", |c| { let a = c.arg(0); let v = match a.as_float() { Some(f) => Value::int(f.floor() as i64), None => a }; c.return_one(v) }).unwrap(); def(&mut m, "floor", f);
    let f = m.host_function("tonumber", |c| { let a = c.arg(0); c.return_one(a) }).unwrap(); def(&mut m, "tonumber", f);
    let nx = m.intrinsic("next", minivm::Intrinsic::Next, |c| { let (t, k) = (c.arg(0), c.arg(1)); let r = c.heap().table_next(t, k); match r { Ok(Some((k, v))) => c.return_values(&[k, v]), _ => c.return_one(Value::NIL) } }).unwrap(); def(&mut m, "next", nx);
    let f = m.host_function("pairs", move |c| { let t = c.arg(0); c.return_values(&[nx, t, Value::NIL]) }).unwrap(); def(&mut m, "pairs", f);
    let f = m.host_function("error", |c| { let v = c.arg(0); Err(minivm::Raise::Value(v)) }).unwrap(); def(&mut m, "error", f);
    let f = m.host_function("pcall", |c| { if c.state() == 0 { let a = c.args(); c.keep(&[])?; c.call_protected(a[0], &a[1..], 1, minivm::Protect::Catch, Value::NIL) } else { match c.returned() { Ok(mut v) => { v.insert(0, Value::TRUE); c.return_values(&v) } Err(e) => c.return_values(&[Value::FALSE, e]) } } }).unwrap(); def(&mut m, "pcall", f);
    let f = m.host_function("create", |c| { let a = c.arg(0); let f = c.new_fiber(a)?; c.return_one(f) }).unwrap(); def(&mut m, "cocreate", f);
    let f = m.host_function("yield", |c| { let a = c.args(); c.yield_values(&a) }).unwrap(); def(&mut m, "yield", f);
    let f = m.host_function("resume", |c| { if c.state() == 0 { let a = c.args(); c.keep(&[])?; c.resume(a[0], &a[1..], 1) } else { match c.returned() { Ok(mut v) => { v.insert(0, Value::TRUE); c.return_values(&v) } Err(e) => c.return_values(&[Value::FALSE, e]) } } }).unwrap(); def(&mut m, "resume", f);
    for n in ["close", "check_close", "pack", "unpack"] { let f = m.host_function(n, |c| c.return_none()).unwrap(); m.define_function("lua", n, f); }
    let id = m.instantiate(program).unwrap();
    let main = m.closure(id, "main", &[g]).unwrap();
    match m.call(main, &[]) { Ok(_) => {} Err(minivm::Failure::Error { value, trace, .. }) => { let d = m.describe(value); println!("error: {d}\n{trace}"); } Err(e) => println!("{e:?}") }
}
