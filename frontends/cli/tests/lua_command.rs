//! `minivm lua` beside the `lua` program: command lines with what they print, what they tell and how they end.
//!
//! The snapshot holds what ours does. Where `lua5.4` is installed, its results are compared with ours, but for what is ours alone:
//! the version and the list of options.

mod common;

use common::Folder;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A command line.
struct Case {
    words: &'static [&'static str],
    input: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// How far the reference implementation does the same.
    same: Same,
}

/// What is the same in the reference implementation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    /// Everything.
    All,
    /// Everything but the first line of the output, which is the version.
    ButVersion,
    /// The first two lines of what is told, and the end.
    Usage,
    /// Only how it ends: a line editor reads ahead, and older versions lose the message of an unfinished last line.
    Code,
}

const fn case(words: &'static [&'static str]) -> Case {
    Case { words, input: "", variables: &[], same: Same::All }
}

const fn with_input(words: &'static [&'static str], input: &'static str) -> Case {
    Case { input, ..case(words) }
}

const fn prompt(words: &'static [&'static str], input: &'static str) -> Case {
    Case { input, same: Same::ButVersion, ..case(words) }
}

const fn usage(words: &'static [&'static str]) -> Case {
    Case { same: Same::Usage, ..case(words) }
}

const fn with_variables(variables: &'static [(&'static str, &'static str)], words: &'static [&'static str]) -> Case {
    Case { variables, ..case(words) }
}

const FILES: &[(&str, &str)] = &[
    ("args.lua", "print(#arg, ...) for i = -9, 9 do if arg[i] then print(i, arg[i]) end end"),
    ("fail.lua", "local function f()\n  error('went wrong')\nend\nf()\n"),
    ("value.lua", "error({})\n"),
    ("wrong.lua", "local x = 1\nlocal y = = 2\n"),
    ("open.lua", "print('a'\n"),
    ("shebang.lua", "#!/usr/bin/env lua\nprint(debug.getinfo(1, 'l').currentline, debug.getinfo(1, 'S').short_src)\n"),
    ("mod.lua", "return { name = ..., place = select(2, ...) }\n"),
    ("broken.lua", "local x = nil\nreturn x.field\n"),
    ("-", "print('the file -')\n"),
    ("init.lua", "initialised = 'by a file'\n"),
    ("sub/inner.lua", "return 'inner'\n"),
];

const CASES: &[Case] = &[
    // Options.
    case(&["-e", "print(1)"]),
    case(&["-eprint(1)", "-e", "x = 2", "-e", "print(x)"]),
    case(&["-e", "print(#arg, arg[0], arg[1], arg[-1])"]),
    case(&["-e", "print(...)", "args.lua", "one", "two"]),
    case(&["args.lua"]),
    case(&["args.lua", "-e", "x", "--", ""]),
    case(&["--", "args.lua", "-v"]),
    case(&["-W", "-E", "args.lua", "a"]),
    case(&["shebang.lua"]),
    Case { same: Same::ButVersion, ..case(&["-v"]) },
    Case { same: Same::ButVersion, ..case(&["-v", "-e", "print(_VERSION)"]) },
    usage(&["-x"]),
    usage(&["--help"]),
    usage(&["-vv"]),
    usage(&["-e"]),
    usage(&["-l", "-e"]),
    usage(&["-e", "print('not run')", "-E1"]),
    // Modules.
    case(&["-l", "mod", "-e", "print(mod.name, mod.place)"]),
    case(&["-lmod", "-l", "other=mod", "-e", "print(mod == other)"]),
    case(&["-l", "m=sub.inner", "-e", "print(m, package.loaded['sub.inner'])"]),
    case(&["-l", "nowhere", "-e", "print('not run')"]),
    case(&["-l", "broken", "-e", "print('not run')"]),
    case(&["-l", "wrong"]),
    case(&["-e", "require = nil", "-l", "mod"]),
    // Standard input.
    with_input(&[], "print(..., debug.getinfo(1, 'S').source)"),
    with_input(&["-", "a", "b"], "print(arg[0], ...)"),
    with_input(&["--", "-"], "print('not run')"),
    with_input(&["-e", "print(1)"], "print('not run')"),
    with_input(&["-E"], "error('from input')"),
    with_input(&[], "x = = 1"),
    with_input(&["-e", "print(io.read('n', 'l'))", "-"], "12 rest\nprint('the rest')"),
    // Errors.
    case(&["fail.lua"]),
    case(&["value.lua"]),
    case(&["wrong.lua"]),
    case(&["open.lua"]),
    case(&["nowhere.lua"]),
    case(&["sub"]),
    case(&["-e", "error()"]),
    case(&["-e", "error('plain', 0)"]),
    case(&["-e", "error('up to \\0 here')"]),
    case(&["-e", "error(12.5)"]),
    case(&["-e", "error(setmetatable({}, { __tostring = function() return 'shown' end }))"]),
    case(&["-e", "error(setmetatable({}, { __tostring = function() return 1 end }))"]),
    case(&["-e", "error(setmetatable({}, { __tostring = function() error('not shown') end }))"]),
    case(&["-e", "error(setmetatable({}, { __tostring = function() return nil + 1 end }))"]),
    case(&["-e", "error(print)"]),
    case(&["-e", "error(coroutine.create(print))"]),
    case(&["-e", "local t = {} t.x.y = 1", "-e", "print('not run')"]),
    case(&["-e", "x = 'unfinished"]),
    case(&["-e", "local a <close> = setmetatable({}, {__close = function() print('closed') end}) error('x')"]),
    case(&["-e", "coroutine.wrap(function() error('inside') end)()"]),
    case(&["-e", "arg = nil", "args.lua"]),
    case(&["-e", "arg = {'changed'}", "args.lua", "given"]),
    case(&["-e", "io.stderr:write('told\\n') os.exit(7)"]),
    case(&["-e", "os.exit(true, true)"]),
    case(&["-e", "os.exit(false)", "-e", "print('not run')"]),
    case(&["-e", "setmetatable({}, {__gc = function() print('collected') end})"]),
    // Warnings.
    case(&["-e", "warn('not shown') warn('@on') warn('shown', ' in ', 'parts') warn('@off') warn('not shown')"]),
    case(&["-W", "-e", "warn('shown') warn('@unknown') warn('@on', 'x')"]),
    case(&["-W", "-e", "setmetatable({}, {__gc = function() error('late', 0) end}) collectgarbage()"]),
    // The environment.
    with_variables(&[("LUA_INIT", "print('first')")], &["-e", "print('second')"]),
    with_variables(&[("LUA_INIT", "print('no')"), ("LUA_INIT_5_4", "print('yes')")], &["-e", ""]),
    with_variables(&[("LUA_INIT", "@init.lua")], &["-e", "print(initialised)"]),
    with_variables(&[("LUA_INIT", "@nowhere.lua")], &["-e", "print('not run')"]),
    with_variables(&[("LUA_INIT", "error('early')")], &["args.lua"]),
    with_variables(&[("LUA_INIT_5_4", "x = = 1")], &["args.lua"]),
    with_variables(&[("LUA_INIT", "error('early')")], &["-E", "-e", "print(os.getenv('LUA_INIT'))"]),
    with_variables(&[("LUA_PATH_5_4", "./sub/?.lua")], &["-l", "inner", "-e", "print(package.path, inner)"]),
    with_variables(&[("LUA_CPATH_5_4", "none/?.so")], &["-e", "print(package.cpath, pcall(require, 'x'))"]),
    with_variables(&[("LUA_PATH", "x")], &["-E", "-e", "print(package.path ~= 'x', package.path:find '?' ~= nil)"]),
    // The prompt.
    prompt(&["-i"], "x = 1\nx\n=x + 1\nx, nil, 'text'\n"),
    prompt(&["-i"], "for i = 1, 2 do\nprint(i)\nend\nf = function(a)\n  return a\nend\nf(3)\n"),
    prompt(&["-i"], "error('told')\nerror()\nx = = 1\nnope.field\nprint('goes on')\n"),
    prompt(&["-i"], "-- nothing\n\nlocal y = 5\nprint(y)\n"),
    Case { same: Same::Code, ..prompt(&["-i"], "io.read()\nthis line\nio.write('no newline') and nil\n") },
    prompt(
        &["-i"],
        "_PROMPT = 'ask '\n_PROMPT2 = setmetatable({}, {__tostring = function() return 'more ' end})\nx = \n7\nx\n",
    ),
    prompt(&["-i"], "print = nil\n1\nprint = function() error({}) end\n1\nprint = function() error('p', 0) end\n1\n"),
    prompt(&["-i"], "os.exit(3)\nnot reached\n"),
    prompt(&["-i", "args.lua", "a"], "arg[1]\nreturn ...\n"),
    prompt(&["-i", "-e", "x = 'set'"], "x"),
    prompt(&["-i", "fail.lua"], "print('not reached')\n"),
    prompt(&["-i"], "s = [[a\nb]]\ns\n#s\nreturn 1,\n2\ngoto done\n::done::\n"),
    Case { same: Same::Code, ..prompt(&["-i"], "x =\n") },
];

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    output: String,
    told: String,
    code: Option<i32>,
}

fn run(program: &Path, first: &[&str], folder: &Folder, case: &Case) -> End {
    let mut command = Command::new(program);
    command.args(first).args(case.words).current_dir(folder.path()).env_clear();
    command.env("LUA_PATH", "./?.lua").env("LUA_CPATH", "./?.so").env("TERM", "dumb");
    command.envs(case.variables.iter().copied());
    if first.is_empty() {
        command.arg0("lua");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is there");
    // A command that does not read is not an error of the test.
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), case.input.as_bytes());
    let output = child.wait_with_output().expect("the command ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    End { output: text(&output.stdout), told: text(&output.stderr), code: output.status.code() }
}

fn folder() -> Folder {
    let folder = Folder::new();
    for (name, text) in FILES {
        folder.write(name, text);
    }
    folder
}

/// A case and its end, as the snapshot has it.
fn shown(case: &Case, end: &End) -> String {
    let mut text = String::new();
    for (name, value) in case.variables {
        text += &format!("{name}={value:?} ");
    }
    text += "lua";
    for word in case.words {
        text += &format!(" {word:?}");
    }
    text += &format!("\nexit {:?}\n", end.code.expect("no signal has ended it"));
    for (name, part) in [("<", case.input), (">", &end.output), ("!", &end.told)] {
        text.extend(part.split_inclusive('\n').map(|line| format!("{name} {line}")));
        if !part.is_empty() && !part.ends_with('\n') {
            text += "\u{23ce}\n";
        }
    }
    text + "\n"
}

#[test]
fn command_lines_end_as_stored() {
    let folder = folder();
    let program = Path::new(env!("CARGO_BIN_EXE_minivm"));
    let table: String = CASES.iter().map(|case| shown(case, &run(program, &["lua"], &folder, case))).collect();
    insta::assert_snapshot!(table);
}

/// What of an end can be compared.
fn compared(case: &Case, mut end: End) -> End {
    match case.same {
        Same::All => {}
        Same::ButVersion => {
            let (version, rest) = end.output.split_once('\n').expect("there is a version");
            assert!(version.starts_with("Lua 5.4"), "{version}");
            end.output = rest.to_owned();
        }
        Same::Usage => end.told = end.told.lines().take(2).collect(),
        Same::Code => (end.output, end.told) = (String::new(), String::new()),
    }
    end
}

#[test]
fn the_reference_implementation_does_the_same() {
    let reference = Path::new("/usr/bin/lua5.4");
    if !reference.exists() {
        eprintln!("lua5.4 is not installed: nothing to compare with");
        return;
    }
    let folder = folder();
    let program = Path::new(env!("CARGO_BIN_EXE_minivm"));
    let mut different = String::new();
    for case in CASES {
        let ours = compared(case, run(program, &["lua"], &folder, case));
        let theirs = compared(case, run(reference, &[], &folder, case));
        if ours != theirs {
            different += &format!("ours:\n{}theirs:\n{}", shown(case, &ours), shown(case, &theirs));
        }
    }
    assert!(different.is_empty(), "{different}");
}

#[test]
fn a_link_named_lua_is_an_interpreter() {
    let folder = folder();
    folder.link(env!("CARGO_BIN_EXE_minivm"), "mylua");
    folder.shell("./mylua -e 'print(arg[0], arg[-1])' args.lua x").prints(
        "args.lua\tprint(arg[0], arg[-1])\n1\tx\n-3\t./mylua\n-2\t-e\n-1\tprint(arg[0], arg[-1])\n0\targs.lua\n1\tx\n",
    );
    let told = folder.shell("./mylua wrong.lua").fails(1, "./mylua: wrong.lua:2: unexpected symbol near '='\n");
    assert_eq!(told.lines().count(), 1);
    // Its arguments are bytes.
    folder.shell("./mylua -e 'print(#arg[1])' /dev/null \"$(printf '\\377')\"").prints("1\n");
    folder.shell("$M --color never lua -e 'print(arg[0])'").prints("lua\n");
    folder.shell("$M lua -e 'print(1)' | true; $M lua -e 'io.write(\"a\") io.stderr:write(\"b\")' 2>&1").succeeds();
}

#[test]
fn a_terminal_without_a_script_gets_a_prompt() {
    let folder = folder();
    folder.write("typed", "x = 20\nx + 2\nerror('told')\nos.exit(4)\n");
    if !folder.shell("command -v script").has_succeeded() {
        eprintln!("there is no `script` that makes a terminal");
        return;
    }
    // A line editor takes what is typed while it waits for a line.
    let typing = "while IFS= read -r line; do sleep 1; printf '%s\\n' \"$line\"; done < typed";
    let ended = folder.shell(&format!("{{ {typing}; }} | script -qec \"$M lua\" /dev/null"));
    let shown = ended.fails_with_output(4);
    let lines: Vec<&str> = shown.lines().map(|line| line.trim_end_matches('\r')).collect();
    assert!(lines.iter().any(|line| line.starts_with("Lua 5.4")), "{shown}");
    assert!(lines.contains(&"> stdin:1: told") || lines.contains(&"stdin:1: told"), "{shown}");
    assert!(lines.iter().any(|line| line.trim_start_matches(['>', ' ']) == "22"), "{shown}");
}
