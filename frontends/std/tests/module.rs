//! Programs that import `std`, in the text form of bytecode; they also stop after every instruction, and go on in other machines.

use minivm::{CodeForm, Limits, Machine, RunState};
use minivm_std::Host;
use std::io;
use std::sync::{Arc, Mutex};

/// A host whose streams are in memory.
struct Streams {
    is_watched: bool,
    output: Arc<Mutex<String>>,
    input: &'static [u8],
}

impl Host for Streams {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.lock().expect("nobody panics").push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }

    fn write_error(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(format!("[{}]", String::from_utf8_lossy(bytes)).as_bytes())
    }

    fn is_watched(&mut self) -> bool {
        self.is_watched
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.len().min(buffer.len()).min(5);
        buffer[..count].copy_from_slice(&self.input[..count]);
        self.input = &self.input[count..];
        Ok(count)
    }
}

/// A program whose `main` is this code. Each line `name(operands)` calls a function; `r1 = name(operands)` takes its first result.
fn program(code: &str) -> minivm_isa::Verified {
    let names: Vec<&str> = minivm_std::names().collect();
    let mut text = "minivm 1\nsig0 = () dynamic\nsig1 = () variadic\nsig2 = (any, any) dynamic\n".to_owned();
    for (number, name) in names.iter().enumerate() {
        text += &format!("func{number} import \"std\" \"{name}\" sig1 () variadic\n");
    }
    let (main, greater) = (names.len(), names.len() + 1);
    text += &format!("export \"main\" func{main}\nfunc{main} \"main\" sig0 () dynamic {{\n  registers ");
    text += &(0..20).map(|number| format!("r{number}: any")).collect::<Vec<_>>().join(", ");
    text += "\nblock0:\n";
    for line in code.lines().map(str::trim) {
        let (results, call) = line.split_once(" = ").map_or(("", line), |(results, call)| (results, call));
        let results = if results.is_empty() { String::new() } else { format!("{results} = ") };
        match call
            .split_once('(')
            .and_then(|(name, rest)| Some((names.iter().position(|&it| it == name.trim())?, rest)))
        {
            Some((number, rest)) => {
                text += &format!("  r19 = ref_func func{number}\n  {results}call_any r19 ({rest}\n")
            }
            None => text += &format!("  {line}\n"),
        }
    }
    text += &format!(
        "  return_values ()\n}}\nfunc{greater} \"greater\" sig2 (any, any) dynamic {{\n  registers r2: any\nblock0:\n  r2 = less r1, r0\n  \
         return_values (r2)\n}}\n"
    );
    let text = text.replace("GREATER", &format!("func{greater}"));
    let program = minivm_isa::text::parse(&text).unwrap_or_else(|errors| panic!("{}\n{text}", errors[0]));
    minivm_isa::verify(program).unwrap_or_else(|rejections| panic!("{}\n{text}", rejections[0]))
}

const INPUT: &[u8] = b"first line\nsecond\n\nrest of\nit";

fn machine(output: &Arc<Mutex<String>>) -> Machine {
    let mut machine = Machine::new(Limits::default());
    minivm_std::install(&mut machine, Box::new(Streams { is_watched: false, output: output.clone(), input: INPUT }))
        .expect("there is room");
    machine
}

/// What a program writes; its error stands at the end.
fn run(code: &str) -> String {
    let output = Arc::new(Mutex::new(String::new()));
    let mut machine = machine(&output);
    let instance = machine.instantiate(program(code)).expect("it can be linked");
    let result = machine.invoke(instance, "main", &[]);
    minivm_std::flush(&mut machine).expect("memory can be written to");
    let mut text = output.lock().expect("nobody panics").clone();
    if let Err(error) = result {
        text += &format!("error: {}", error.to_string().lines().next().unwrap_or_default());
    }
    text
}

/// As [`run`], in slices of so many instructions, each in a machine of its own.
fn run_in_slices(code: &str, fuel: u64) -> String {
    let output = Arc::new(Mutex::new(String::new()));
    let mut machine = self::machine(&output);
    let instance = machine.instantiate(program(code)).expect("it can be linked");
    let main = machine.exported_function(instance, "main").expect("it is exported");
    machine.prepare(&main, &[]).expect("it is of this machine");
    for _ in 0..100_000 {
        machine.set_fuel(Some(fuel));
        match machine.resume() {
            RunState::Finished(_) => {
                minivm_std::flush(&mut machine).expect("memory can be written to");
                return output.lock().expect("nobody panics").clone();
            }
            RunState::OutOfFuel => {}
            RunState::Failed(failure) => panic!("{failure}"),
            _ => panic!("it waits for nothing"),
        }
        let saved = machine.save(b"", CodeForm::Whole).expect("it can be saved");
        // Input that was not read stays where it is; here there is none of it.
        let mut next = Machine::new(Limits::default());
        minivm_std::install(&mut next, Box::new(Streams { is_watched: false, output: output.clone(), input: b"" }))
            .expect("there is room");
        next.load(&saved).expect("it can be loaded");
        machine = next;
    }
    panic!("it does not end");
}

#[test]
fn output_has_the_texts_of_values() {
    let text = run("print(\"a\", 1, 2.5, true, nil)\nwrite(\"b\", 1e100)\nwrite_error(\"c\")\nprint()\nprint(1.0)");
    assert_eq!(text, "a\t1\t2.5\ttrue\tnil\nb1e+100[c]\n1.0\n");
}

#[test]
fn input_comes_in_lines_and_pieces() {
    let code = "r0 = read_line()\nprint(r0)\nr0 = read(3)\nprint(r0)\nr0 = read_line()\nprint(r0)\nr0 = read_line()\nprint(r0)\n\
                r0 = read_all()\nprint(r0)\nr0 = read_line()\nprint(r0)\nr0 = read(1)\nprint(r0)\nr0 = read_all()\nprint(r0)";
    assert_eq!(run(code), "first line\nsec\nond\n\nrest of\nit\nnil\nnil\n\n");
}

#[test]
fn texts_become_other_ones() {
    let check = |call: &str, expected: &str| {
        assert_eq!(run(&format!("r0 = {call}\nr1 = kind(r0)\nprint(r0, r1)")), format!("{expected}\n"), "{call}");
    };
    check("to_string(12)", "12\tstring");
    check("to_number(\" 0x10 \")", "16\tinteger");
    check("to_number(\"1.5\")", "1.5\tfloat");
    check("to_number(\"1.5x\")", "nil\tnil");
    check("to_number(\"zz\", 36)", "1295\tinteger");
    check("find(\"banana\", \"na\")", "2\tinteger");
    check("find(\"banana\", \"na\", 3)", "4\tinteger");
    check("find(\"banana\", \"x\")", "nil\tnil");
    check("find(\"banana\", \"\", 7)", "nil\tnil");
    check("replace(\"banana\", \"na\", \"-\")", "ba--\tstring");
    check("repeat(\"ab\", 3)", "ababab\tstring");
    check("upper(\"aBc\")", "ABC\tstring");
    check("lower(\"aBc\")", "abc\tstring");
    check("trim(\"  a b \\n\")", "a b\tstring");
    assert_eq!(run("r0 = split(\"a,,b\", \",\")\nr1 = length r0\nr0 = join(r0, \"|\")\nprint(r0, r1)"), "a||b\t3\n");
}

#[test]
fn lists_change() {
    let list = "r0 = table_new 0, 0\npush(r0, 3, 1, 2)\n";
    let check = |code: &str, expected: &str| {
        let after = "r1 = join(r0, \" \")\nprint(r1)";
        assert_eq!(run(&format!("{list}{code}\n{after}")), format!("{expected}\n"), "{code}");
    };
    check("r1 = pop(r0)\nprint(r1)", "2\n3 1");
    check("insert(r0, 1, 9)", "9 3 1 2");
    check("insert(r0, 4, 9)", "3 1 2 9");
    check("r1 = remove(r0, 1)\nprint(r1)", "3\n1 2");
    check("sort(r0)", "1 2 3");
    check("push(r0, 2.5, -1, 1)\nsort(r0)", "-1 1 1 2 2.5 3");
    check("r2 = ref_func GREATER\nsort(r0, r2)", "3 2 1");
    check("set r0, \"x\", 1\nr0 = keys(r0)", "1 2 3 x");
    check("r0 = table_new 0, 0\nsort(r0)", "");
}

#[test]
fn wrong_arguments_are_errors() {
    let check = |call: &str, expected: &str| {
        let text = run(call);
        assert!(text.contains(&format!("error: {expected}")), "{call}: {text}");
    };
    check("find(1, \"x\")", "argument 1 of std.find: string expected, found integer");
    check("find(\"x\")", "argument 2 of std.find: string expected, found nothing");
    check("split(\"x\", \"\")", "argument 2 of std.split: string that is not empty expected, found string");
    check("repeat(\"x\", -1)", "argument 2 of std.repeat: integer from 0 on expected, found integer");
    check("to_number(\"x\", 1)", "argument 2 of std.to_number: base from 2 to 36 expected, found integer");
    check("r0 = table_new 0, 0\nremove(r0, 1)", "argument 2 of std.remove: index from 1 to 0 expected, found integer");
    check("r0 = table_new 0, 0\npush(r0, 1, \"a\")\nsort(r0)", "std.sort cannot compare string with integer");
    check("sort(nil)", "argument 1 of std.sort: table expected, found nil");
}

#[test]
fn what_is_too_large_is_refused() {
    let mut machine = Machine::new(Limits { memory_bytes_max: 8 << 20, ..Limits::default() });
    let output = Arc::new(Mutex::new(String::new()));
    minivm_std::install(&mut machine, Box::new(Streams { is_watched: false, output, input: b"" }))
        .expect("there is room");
    let instance = machine.instantiate(program("repeat(\"ab\", 4611686018427387903)")).expect("it can be linked");
    let error = machine.invoke(instance, "main", &[]).expect_err("there is no room for that");
    assert!(error.to_string().contains("not enough memory"), "{error}");
}

#[test]
fn lines_are_let_out_at_once_where_somebody_watches() {
    for (is_watched, is_at_once) in [(false, false), (true, false), (false, true)] {
        let output = Arc::new(Mutex::new(String::new()));
        let mut machine = Machine::new(Limits::default());
        let streams = Streams { is_watched, output: output.clone(), input: b"" };
        minivm_std::install(&mut machine, Box::new(streams)).expect("there is room");
        if is_at_once {
            minivm_std::set_at_once(&mut machine);
        }
        let instance = machine.instantiate(program("print(1)\nwrite(2)")).expect("it can be linked");
        machine.invoke(instance, "main", &[]).expect("it writes");
        let expected = if is_at_once {
            "1\n2"
        } else if is_watched {
            "1\n"
        } else {
            ""
        };
        assert_eq!(*output.lock().expect("nobody panics"), expected);
    }
}

#[test]
fn without_a_clock_there_is_no_time() {
    assert_eq!(run("r0 = clock()\nr1 = time()\nprint(r0, r1)"), "nil\tnil\n");
    let mut process = minivm_std::Process::with_clock();
    assert!(process.clock().is_some_and(|seconds| seconds >= 0.0) && process.time().is_some_and(|time| time > 0));
}

#[test]
fn programs_go_on_in_other_machines() {
    let code = "r0 = read_line()\nprint(r0)\nr0 = table_new 0, 0\npush(r0, 5, 3, 9, 1, 7, 2, 8)\nr1 = ref_func GREATER\nsort(r0, r1)\n\
                r1 = join(r0, \" \")\nprint(r1)\nr0 = keys(r0)\nr1 = length r0\nprint(r1)";
    let whole = run(code);
    assert_eq!(whole, "first line\n9 8 7 5 3 2 1\n7\n");
    for fuel in [7, 64, 1_500] {
        assert_eq!(run_in_slices(code, fuel), whole, "{fuel}");
    }
}

#[test]
fn all_functions_are_described() {
    let documentation = include_str!("../src/lib.rs");
    for name in minivm_std::names() {
        assert!(documentation.contains(&format!("`{name}(")), "{name} is not in the table of functions");
    }
}
