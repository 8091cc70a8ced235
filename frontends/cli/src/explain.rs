//! `explain`: source lines, portable instructions and the machine's own code side by side.

use crate::arguments::Explain;
use crate::commands;
use crate::exit::Exit;
use crate::function_names::function_names;
use crate::load::{Loaded, load};
use crate::report::{Place, Report};
use crate::source::Failure;
use minivm::raw::{InstanceId, Limits, Machine, ThreadedForm, ThreadedLine};
use minivm_isa::entities::{Block, Func, Source};
use minivm_isa::program::{Constant, Function, FunctionDef, Initial, Origin, Program, SegmentMode};
use minivm_isa::text::InstructionText;
use minivm_isa::{Type, verify};
use minivm_wasm::Features;
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

/// Columns of the portable form, before the machine's own.
const PORTABLE_COLUMNS: usize = 58;

/// Explains a program, or the functions of one name.
pub(crate) fn explain(options: &Explain, features: Features) -> Result<Exit, Failure> {
    let Loaded { name, program, .. } = load(&options.file.file, features)?;
    let program = Program::clone(&program);
    let chosen = chosen(&program, options.function.as_deref());
    if let (true, Some(wanted)) = (chosen.is_empty(), &options.function) {
        let report =
            Report::new(format!("there is no function `{wanted}` with code")).place(Place::file(name.as_str()));
        let given = function_names(&program);
        let names = own_functions(&program).map(|(number, function)| match given.get(&number) {
            Some(name) => format!("{number} {name}: {}", function.name),
            None => format!("{number} {}", function.name),
        });
        return Err(Failure::new(Exit::Usage, report.note(names.collect::<Vec<_>>().join("\n"))));
    }
    let mut text = String::new();
    let mut lines = SourceLines::new();
    let mut loaded = Loader::new(&program);
    for number in chosen {
        if let FunctionDef::Code(function) = &program.functions[number] {
            let form = loaded.as_mut().map_err(|error| error.clone()).and_then(|loaded| loaded.form(number));
            let form = form.as_ref().map(Threaded::new).map_err(|reason| reason.as_str());
            let native = options.native.then(|| match &mut loaded {
                Ok(loaded) => loaded.native(number),
                Err(reason) => Err(reason.clone()),
            });
            let listing = Listing { program: &program, number, function, form, native };
            // Writing to a string does not fail.
            let _ = listing.write(&mut text, &mut lines);
        }
    }
    commands::print(text.as_bytes())
}

fn own_functions(program: &Program) -> impl Iterator<Item = (Func, &Function)> {
    program.functions.iter().filter_map(|(number, function)| match function {
        FunctionDef::Code(function) => Some((number, &**function)),
        FunctionDef::Import { .. } => None,
    })
}

/// Functions of a name, or the one of a number (`3` or `func3`); all if there is nothing to choose by. A name is that of the function,
/// of an export, or one that the text gives it.
fn chosen(program: &Program, wanted: Option<&str>) -> Vec<Func> {
    let Some(wanted) = wanted else { return own_functions(program).map(|(number, _)| number).collect() };
    let is_exported = |number: Func| {
        let named = |export: &minivm_isa::program::Export| {
            export.name == wanted && export.item == minivm_isa::program::Item::Function(number)
        };
        program.exports.iter().any(named)
    };
    let by_name: Vec<Func> = own_functions(program)
        .filter(|(number, function)| function.name == wanted || is_exported(*number))
        .map(|(number, _)| number)
        .collect();
    if !by_name.is_empty() {
        return by_name;
    }
    // A method is a field that its object is passed to.
    let wanted_field = wanted.replace(':', ".");
    let is_wanted = |name: &str| name == wanted_field || name.rsplit('.').next() == Some(&*wanted_field);
    let given = function_names(program);
    let by_given: Vec<Func> = own_functions(program)
        .map(|(number, _)| number)
        .filter(|number| given.get(number).is_some_and(|name| is_wanted(name)))
        .collect();
    if !by_given.is_empty() {
        return by_given;
    }
    let number = wanted.strip_prefix("func").unwrap_or(wanted).parse::<u32>();
    own_functions(program).map(|(number, _)| number).filter(|found| number == Ok(found.as_u32())).collect()
}

/// A machine that has loaded the program without running any of it.
struct Loader {
    machine: Machine,
    instance: InstanceId,
}

impl Loader {
    fn new(program: &Program) -> Result<Self, String> {
        let mut machine = crate::raw_machine::raw_machine(Limits::default());
        for function in program.functions.values() {
            if let FunctionDef::Import { import, .. } = function {
                let absent = |call: &mut minivm::raw::HostCall<'_>| Err(call.error("nothing runs here"));
                machine.define(&import.module, &import.name, absent).map_err(|error| error.to_string())?;
            }
        }
        let program = verify(at_rest(program.clone())).map_err(|rejections| {
            rejections.first().map_or_else(|| "it is not valid".to_owned(), ToString::to_string)
        })?;
        let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
        Ok(Loader { machine, instance })
    }

    fn form(&mut self, function: Func) -> Result<ThreadedForm, String> {
        self.machine.threaded_form(self.instance, function).map_err(|error| error.to_string())
    }
}

/// The machine code of a function by canonical instruction; none for what all of them share.
type MachineCode = HashMap<Option<usize>, Vec<String>>;

#[cfg(all(feature = "jit", target_arch = "x86_64"))]
impl Loader {
    /// What the native tier makes of a function.
    fn native(&mut self, function: Func) -> Result<MachineCode, String> {
        let job = self.machine.native_job(self.instance, function).ok_or("it cannot be loaded")?;
        let mut code = MachineCode::new();
        for line in minivm_jit::disassemble(&job)? {
            code.entry(line.canonical).or_default().push(format!("{:>5x}  {}", line.offset, line.text));
        }
        Ok(code)
    }
}

#[cfg(not(all(feature = "jit", target_arch = "x86_64")))]
impl Loader {
    fn native(&mut self, _: Func) -> Result<MachineCode, String> {
        Err("this build compiles nothing to machine code: that needs x86-64 and the feature `jit`".to_owned())
    }
}

/// The program with nothing to link but functions, and nothing that happens when it is loaded.
fn at_rest(mut program: Program) -> Program {
    program.start = None;
    for global in program.globals.values_mut().filter(|global| matches!(global.origin, Origin::Import(_))) {
        global.origin = Origin::Own(match global.ty {
            Type::I32 => Initial::Constant(Constant::I32(0)),
            Type::I64 => Initial::Constant(Constant::I64(0)),
            Type::F32 => Initial::Constant(Constant::F32(0)),
            Type::F64 => Initial::Constant(Constant::F64(0)),
            Type::V128 => Initial::Constant(Constant::V128(0)),
            Type::Any | Type::Cell | Type::Ref(_) => Initial::Null,
        });
    }
    for memory in program.memories.values_mut() {
        memory.origin = Origin::Own(());
    }
    for table in program.tables.values_mut().filter(|table| matches!(table.origin, Origin::Import(_))) {
        table.origin = Origin::Own(Initial::Null);
    }
    for data in program.data.values_mut() {
        data.mode = SegmentMode::Passive;
    }
    for element in program.elements.values_mut().filter(|element| matches!(element.mode, SegmentMode::Active(..))) {
        element.mode = SegmentMode::Passive;
    }
    program
}

/// The lines of each source, as bytes of its text.
type SourceLines = HashMap<Source, Vec<Range<usize>>>;

/// The threaded code of a function by canonical instruction.
struct Threaded<'a> {
    form: &'a ThreadedForm,
    lines: HashMap<usize, Vec<&'a ThreadedLine>>,
    /// For what is done inside of another instruction: the first with threaded code that is done inside of the same one.
    partners: HashMap<usize, usize>,
}

impl<'a> Threaded<'a> {
    fn new(form: &'a ThreadedForm) -> Self {
        let mut threaded = Threaded { form, lines: HashMap::new(), partners: HashMap::new() };
        for line in &form.lines {
            let at = line.canonical as usize;
            threaded.lines.entry(at).or_default().push(line);
            threaded.partners.entry(threaded.root(at)).or_insert(at);
        }
        threaded
    }

    /// The instruction that an instruction is done inside of, or itself.
    fn root(&self, at: usize) -> usize {
        self.form.inside.get(at).copied().flatten().map_or(at, |root| root as usize)
    }

    /// The instruction that shows the code which also does this one; none where nothing is to be done, as at a jump to the
    /// block that follows.
    fn partner(&self, at: usize) -> Option<usize> {
        self.partners.get(&self.root(at)).copied()
    }
}

/// One function with all its forms.
struct Listing<'a> {
    program: &'a Program,
    number: Func,
    function: &'a Function,
    form: Result<Threaded<'a>, &'a str>,
    /// Where it is wanted.
    native: Option<Result<MachineCode, String>>,
}

impl Listing<'_> {
    fn write(&self, text: &mut String, lines: &mut SourceLines) -> std::fmt::Result {
        let signature = &self.program.signatures[self.function.signature];
        if !text.is_empty() {
            text.push('\n');
        }
        writeln!(text, "{} {:?} {signature}", self.number, self.function.name)?;
        if let Err(reason) = &self.form {
            writeln!(text, "  no threaded form: {reason}")?;
        }
        if let Some(Err(reason)) = &self.native {
            writeln!(text, "  no machine code: {reason}")?;
        }
        let mut line: Option<(Source, u32)> = None;
        for (index, instruction) in self.function.code.iter().enumerate() {
            let here = self.function.span_at(index).map(|span| (span.source, span.line));
            if here != line {
                line = here;
                self.source_line(text, lines, here)?;
            }
            let block = self.function.block_of(index);
            if self.function.block_range(block).start == index {
                self.block(text, block)?;
            }
            let shown = InstructionText { program: Some(self.program), function: self.function, instruction };
            self.rows(text, index, &shown.to_string())?;
        }
        if let Some(Ok(code)) = &self.native
            && let Some(shared) = code.get(&None)
        {
            writeln!(text, "\n  entering and leaving:")?;
            shared.iter().try_for_each(|line| writeln!(text, "{:PORTABLE_COLUMNS$} | {line}", ""))?;
        }
        Ok(())
    }

    fn source_line(&self, text: &mut String, lines: &mut SourceLines, at: Option<(Source, u32)>) -> std::fmt::Result {
        let Some((source, line)) = at else { return writeln!(text) };
        let file = &self.program.sources[source];
        let content = file.text.as_deref().and_then(|bytes| {
            let lines = lines.entry(source).or_insert_with(|| lines_of(bytes));
            bytes.get(lines.get((line as usize).checked_sub(1)?)?.clone())
        });
        match content {
            Some(content) => {
                writeln!(text, "\n{}:{line}: {}", file.name, String::from_utf8_lossy(content).trim_end())
            }
            None => writeln!(text, "\n{}:{line}:", file.name),
        }
    }

    fn block(&self, text: &mut String, block: Block) -> std::fmt::Result {
        if self.function.blocks.len() > 1 { writeln!(text, "  {block}:") } else { Ok(()) }
    }

    /// A portable instruction, and beside it what does it.
    fn rows(&self, text: &mut String, index: usize, portable: &str) -> std::fmt::Result {
        let left = format!("{index:>5}  {}", portable.trim());
        let mut right: Vec<String> = Vec::new();
        if let Some(native) = &self.native {
            right.extend(native.iter().filter_map(|code| code.get(&Some(index))).flatten().cloned());
        } else if let Ok(form) = &self.form {
            for line in form.lines.get(&index).into_iter().flatten() {
                let operands = line.operands.iter().map(|(name, value)| format!(" {name}={value}"));
                right.push(format!("{:>5}  {}{}", line.offset, line.name, operands.collect::<String>()));
            }
            if right.is_empty() {
                right.push(form.partner(index).map_or(String::new(), |at| format!("       (with {at})")));
            }
        }
        let first = right.first().cloned().unwrap_or_default();
        if left.chars().count() > PORTABLE_COLUMNS {
            writeln!(text, "{left}")?;
            writeln!(text, "{}", format!("{:PORTABLE_COLUMNS$} | {first}", "").trim_end())?;
        } else {
            writeln!(text, "{}", format!("{left:PORTABLE_COLUMNS$} | {first}").trim_end())?;
        }
        for line in right.iter().skip(1) {
            writeln!(text, "{:PORTABLE_COLUMNS$} | {line}", "")?;
        }
        Ok(())
    }
}

/// The lines of a text, without their ends.
fn lines_of(text: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).chain([text.len()]);
    ends.map(|end| std::mem::replace(&mut start, end + 1)..end).collect()
}
