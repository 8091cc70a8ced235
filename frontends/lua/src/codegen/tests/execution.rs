//! Generated code does what its source does: both run on `lua5.4`, the code by an interpreter that is written in Lua.

use super::program;
use crate::compile_file;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::{Constant, Function, FunctionDef, Item};
use minivm_isa::{Input, Operand, Type, Verified};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program as a Lua table; see `interpreter.lua`.
fn as_table(program: &Verified) -> String {
    let mut text = String::from("return {");
    for export in &program.exports {
        if let Item::Function(function) = export.item {
            let FunctionDef::Code(code) = &program.functions[function] else { continue };
            let boxed = code.captures == [Type::Cell];
            write!(text, "{} = {}, boxed = {boxed},", export.name, function.as_u32()).expect("a string");
        }
    }
    for (number, definition) in program.functions.iter() {
        write!(text, "\n[{}] = ", number.as_u32()).expect("a string");
        match definition {
            FunctionDef::Import { import, .. } => write!(text, "{{import = {:?}}},", import.name).expect("a string"),
            FunctionDef::Code(function) => {
                let params = program.signatures[function.signature].params.len();
                // A function of its own, since one has room for few constants.
                writeln!(text, "(function() local f = {{params = {params}, blocks = {{}}}}").expect("a string");
                text.push_str(&code(function));
                text.push_str("return f end)(),");
            }
        }
    }
    text.push('}');
    text
}

fn code(function: &Function) -> String {
    let mut text = String::new();
    for block in function.blocks.keys() {
        let instructions: Vec<String> = function.block_range(block).map(|index| instruction(function, index)).collect();
        writeln!(text, "f.blocks[{}] = (function() return {{{}}} end)()", block.as_u32(), instructions.join(","))
            .expect("a string");
    }
    text.push_str("f.regions = {");
    for region in &function.regions {
        let numbers = [region.start, region.end, region.handler].map(|block| block.as_u32());
        let (error, [first, past, handler]) = (region.error.as_u32(), numbers);
        write!(text, "{{first={first}, past={past}, handler={handler}, error={error}}},").expect("a string");
    }
    text.push_str("}\n");
    text
}

fn instruction(function: &Function, index: usize) -> String {
    let instruction = &function.code[index];
    let mut fields = vec![format!("{:?}", instruction.info().name)];
    let input = |operand: Operand| match operand.input() {
        Input::Reg(register) => register.as_u32().to_string(),
        Input::Const(constant) => format!("{{{}}}", literal(&function.constants[constant])),
    };
    instruction.for_each_operand(|_, operand| {
        fields.push(match operand {
            OperandRef::Out(register, _) | OperandRef::InOut(register, _) => register.as_u32().to_string(),
            OperandRef::In(operand, _) => input(operand),
            OperandRef::Outs(registers, _) => {
                let registers: Vec<String> = registers.iter().map(|register| register.as_u32().to_string()).collect();
                format!("{{{}}}", registers.join(","))
            }
            OperandRef::Ins(operands, _) => {
                format!("{{{}}}", operands.iter().map(|&operand| input(operand)).collect::<Vec<_>>().join(","))
            }
            OperandRef::Target(block) => block.as_u32().to_string(),
            OperandRef::Index(_, index) => index.to_string(),
            OperandRef::Immediate(_, value) => value.to_string(),
            OperandRef::Targets(_) => unreachable!("Lua has no branch tables"),
        });
    });
    format!("{{{}}}", fields.join(","))
}

fn literal(constant: &Constant) -> String {
    match constant {
        Constant::Nil => "nil".to_owned(),
        Constant::False => "false".to_owned(),
        Constant::True => "true".to_owned(),
        Constant::Integer(i64::MIN) => "math.mininteger".to_owned(),
        Constant::Integer(value) => value.to_string(),
        Constant::Float(bits) => {
            let bytes: String = bits.to_le_bytes().iter().map(|byte| format!("\\{byte:03}")).collect();
            format!("(string.unpack(\"<d\", \"{bytes}\"))")
        }
        Constant::String(bytes) => {
            let bytes: String = bytes.iter().map(|byte| format!("\\{byte:03}")).collect();
            format!("\"{bytes}\"")
        }
        other => unreachable!("{other:?} is no value of Lua"),
    }
}

/// What a command prints, both streams; `None` if it is not installed.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// A file in the temporary folder.
fn temporary(name: &str, content: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("minivm-lua-{}-{name}", std::process::id()));
    std::fs::write(&path, content).expect("the temporary folder takes files");
    path
}

/// What the interpreter prints for a program.
fn interpreted(program: &Verified, name: &str, folder: &Path) -> Option<String> {
    let interpreter = temporary(&format!("{name}.interpreter.lua"), include_bytes!("interpreter.lua"));
    let table = temporary(&format!("{name}.table.lua"), as_table(program).as_bytes());
    let text = output(Command::new("lua5.4").current_dir(folder).arg(&interpreter).arg(&table));
    for path in [interpreter, table] {
        std::fs::remove_file(path).expect("it was made here");
    }
    text
}

/// What `lua5.4` prints for a chunk that has a file `name.lua`; `None` if it is not installed.
pub(super) fn reference(name: &str, source: &str) -> Option<String> {
    // Messages show the name of the file, so that it is a short one in a folder of its own.
    let folder = std::env::temp_dir().join(format!("minivm-lua-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder takes folders");
    std::fs::write(folder.join("chunk"), source).expect("the temporary folder takes files");
    let text = output(Command::new("lua5.4").current_dir(&folder).arg("chunk"));
    std::fs::remove_dir_all(folder).expect("it was made here");
    text
}

/// Fails unless the code of `source` prints what the source prints.
fn check(name: &str, source: &str) {
    let folder = std::env::temp_dir();
    let Some(found) = interpreted(&program(source), name, &folder) else {
        eprintln!("skipped: lua5.4 is not installed");
        return;
    };
    let path = temporary(&format!("{name}.lua"), source.as_bytes());
    let expected = output(Command::new("lua5.4").arg(&path)).expect("it was there before");
    std::fs::remove_file(path).expect("it was made here");
    assert_eq!(found, expected, "{source}");
}

/// `text` without what differs in messages: the places `file.lua:1:`, and the names ` (local 'x')` of variables.
fn without_places(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split([' ', '\t']).collect();
        let is_place =
            |word: &&str| word.contains(".lua:") && word.ends_with(':') || word.starts_with('(') || word.ends_with(')');
        lines.push(words.into_iter().filter(|word| !is_place(word)).collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

/// Every file below the folder in `MINIVM_LUA_FILES`; prints where outputs differ, which the places in messages do. Run
/// by hand.
#[test]
#[ignore = "needs MINIVM_LUA_FILES"]
fn files_of_a_folder_run() {
    let folder = std::env::var_os("MINIVM_LUA_FILES").expect("MINIVM_LUA_FILES names a folder");
    let (mut folders, mut same) = (vec![PathBuf::from(folder)], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "lua") {
                continue;
            }
            let source = std::fs::read(&path).expect("a file");
            let Ok(program) = compile_file(&source, format!("@{}", path.display())) else { continue };
            let found = interpreted(&program, "file", &folder).expect("lua5.4 is installed");
            let expected = output(Command::new("lua5.4").current_dir(&folder).arg(&path)).expect("lua5.4 is installed");
            let (found, expected) = (without_places(&found), without_places(&expected));
            let lines = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            if found == expected {
                same += 1;
            } else if let Some((found, expected)) = lines {
                eprintln!("{}\n  lua5.4: {expected}\n  here:   {found}", path.display());
            } else {
                eprintln!(
                    "{}\n  lua5.4: {} lines\n  here: {} lines",
                    path.display(),
                    expected.lines().count(),
                    found.lines().count()
                );
            }
        }
    }
    eprintln!("{same} the same");
}

#[test]
fn small_programs() {
    check(
        "mixed",
        "
        local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
        print(fact(10), select('#', fact(3), nil, nil), ...)
        local t = setmetatable({1, 2, 3, n = 4, [10] = 5, fact(4)}, {__index = function(_, k) return k .. '!' end})
        print(t[1], t[4], t.n, t[10], t.other, #t)
        local a, b, c = (function(...) return ... end)(1, 2)
        a, b, c = b, a, a + b
        print(a, b, c, a and b or c, not a == b, a < b, a >= b, a ~= b)
        local s = ''
        for i = 3, 1, -1 do for j = 1, i do if j == 2 then goto next end s = s .. i .. j .. ' ' ::next:: end end
        print(s, 7 // 2, 7 % -3, 2 ^ 10, 7 / 2, 1 << 4 | 3 ~ 1, ~0, -s:len())
        local x = nil; x = x or {}; x.y = x and x.z or 'none'; print(x.y)
        local fs = {} for i = 1, 3 do local j = i; fs[i] = function() j = j + i; return j end end
        print(fs[1](), fs[1](), fs[2](), fs[3]())
        local i = 0 repeat local done = i >= 3; i = i + 1 until done print(i)
        while true do i = i - 1 if i < 0 then break end end print(i)
        for k, v in pairs({10}) do print(k, v) k = 'changed' end
        local i, list = 1, {} i, list[i] = i + 1, 'first' print(i, list[1], list[2])
        print(pcall(error, {1}) , (select(2, pcall(error, 'e', 0))))
        print((('x'):rep(3)), #'abc' + 1, 'a' .. 1 .. 2.0, 10 == '10', 0x7fffffffffffffff + 1 == math.mininteger)
        print(rawequal(t, t), -0.0, 1e15, 2^53, 1e300 * 1e10, -(0/0) ~= -(0/0))
    ",
    );
}

#[test]
fn variables_are_closed() {
    check(
        "closing",
        "
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
        for _, how in ipairs {'break', 'goto', 'return', 'many', 'error', 'end', 'other'} do
            print(how, pcall(f, how)) end
        local function iterate(n) return function(_, i) if i < n then return i + 1 end end, nil, 0, closable('loop') end
        for i in iterate(3) do if i == 2 then break end print(i) end
        for i in iterate(1) do for j in iterate(1) do print(i, j) end end
        print((function() for i in iterate(5) do for j in pairs {1} do return i, select('#', i, j) end end end)())
        print(pcall(function() for i in iterate(5) do error(i, 0) end end))
        print((select(2, pcall(function() local x <close> = 42 end)):match('variable.*')))
        local co = coroutine.wrap(function() local x <close> = closable('co') coroutine.yield(1) return 2 end)
        print(co(), co())
        local k = 0 repeat local r <close> = closable('r')
            k = k + 1 if k == 2 then goto continue end ::continue:: until k > 2
    ",
    );
}
