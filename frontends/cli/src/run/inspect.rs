//! `inspect`: shows what is in a snapshot.

use super::{lua, snapshot};
use crate::arguments::{Inspect, Resume};
use crate::commands;
use crate::exit::Exit;
use crate::grants::Size;
use crate::source::Failure;
use minivm::raw::{
    FiberActivity, FiberReport, Frame, FrameKind, Machine, ProgramReport, StateReport, Variable, VariableValue,
};

/// Frames that are shown of a fiber.
const FRAMES_MAX: usize = 200;
/// Characters that are shown of a string.
const STRING_CHARACTERS_MAX: usize = 60;

/// Memory that loading a snapshot may use, whatever the size of the file.
const MEMORY_MIN: u64 = 128 << 20;
/// The same for each byte of it.
const MEMORY_PER_BYTE: u64 = 64;

/// Shows what is in a snapshot.
pub(crate) fn inspect(options: &Inspect) -> Result<Exit, Failure> {
    let path = options.file.as_path();
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let default = Size(MEMORY_MIN.saturating_add(bytes.saturating_mul(MEMORY_PER_BYTE)));
    let memory_max = options.memory_max.unwrap_or(default);
    let (_, note) = snapshot::open(path, memory_max.0)?;
    let options = Resume {
        file: path.to_owned(),
        programs: options.programs.clone(),
        memory_max: Some(memory_max),
        ..Resume::default()
    };
    let mut session = snapshot::load(&options, &snapshot::Purpose::Inspect)?;
    let state = session.machine.report_state().map_err(|error| snapshot::refused(path, &error))?;
    let mut out = Out::new();
    let what = if state.is_stopped { "stopped" } else { "nothing runs in it" };
    out.line(format_args!("{}: {what}", session.name));
    let mut languages: Vec<&str> = state.programs.iter().map(language).collect();
    let (has_lua, has_wasi) = note.map_or((false, false), |note| (note.has_lua, note.has_wasi));
    languages.extend(has_lua.then_some("Lua"));
    languages.extend(has_wasi.then_some("WASI"));
    languages.sort_unstable();
    languages.dedup();
    if let Some(error) = state.uncaught_error {
        out.line(format_args!("uncaught error: {}", session.machine.show(&VariableValue::Any(error))));
    }
    out.line(format_args!("languages: {}", languages.join(", ")));
    for report in &state.fibers {
        fiber(&mut session.machine, report, &mut out);
        out.print()?;
    }
    globals(&mut session.machine, &state, &mut out);
    heap(&state, &mut out);
    parts(&state, &mut out);
    out.print()
}

/// What is printed, a part at a time: there may be much of it.
struct Out {
    text: String,
    exit: Exit,
}

impl Out {
    fn new() -> Self {
        Out { text: String::new(), exit: Exit::Success }
    }

    /// A line. What a snapshot says must not reach the terminal as a command.
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let line = line.to_string();
        for part in line.split_inclusive(char::is_control) {
            let end = part.chars().next_back().filter(|end| end.is_control());
            self.text.push_str(part.strip_suffix(char::is_control).unwrap_or(part));
            self.text.extend(end.into_iter().flat_map(char::escape_default));
        }
        self.text.push('\n');
    }

    /// An empty line.
    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn print(&mut self) -> Result<Exit, Failure> {
        let text = std::mem::take(&mut self.text);
        if self.exit == Exit::Success {
            self.exit = commands::print(text.as_bytes())?;
        }
        Ok(self.exit)
    }
}

/// What a program was made from, as far as it tells.
fn language(program: &ProgramReport) -> &'static str {
    let source = program.source.as_deref().unwrap_or_default();
    if program.sections.iter().any(|section| section == lua::SECTION) {
        "Lua"
    } else if source.ends_with(".wasm") || source.ends_with(".wat") {
        "WebAssembly"
    } else if source.ends_with(".tern") {
        "Tern"
    } else {
        "bytecode"
    }
}

fn fiber(machine: &mut Machine, report: &FiberReport, out: &mut Out) {
    let name = if report.is_main { "main thread".to_owned() } else { machine.describe(report.fiber) };
    let activity = match report.activity {
        FiberActivity::Running => "running",
        FiberActivity::Waiting => "waiting for one that it resumed",
        FiberActivity::Parked => "running, suspended",
        FiberActivity::Suspended => "suspended",
        FiberActivity::New => "not started",
        FiberActivity::Failed => "failed",
    };
    out.gap();
    out.line(format_args!("{name}, {activity}"));
    let mut frames = machine.frames_of_report(report);
    let innermost: Vec<Frame> = frames.by_ref().take(FRAMES_MAX).collect();
    let more = frames.count();
    let frames: Vec<&Frame> = innermost.iter().filter(|frame| frame.kind != FrameKind::Boundary).collect();
    let places: Vec<String> = frames.iter().map(|frame| place(frame)).collect();
    let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    for (frame, place) in frames.iter().zip(&places) {
        out.line(format_args!("  {place:width$}  {}", frame.name));
        // All functions of Lua capture the table of globals.
        let is_worth_it = |local: &&Variable| !(local.is_captured && local.name == "_ENV");
        let locals: Vec<&Variable> = frame.locals.iter().filter(is_worth_it).collect();
        let longest = locals.iter().map(|local| local.name.chars().count()).max().unwrap_or(0);
        for Variable { name, value, is_captured } in locals {
            let captured = if *is_captured { "  (captured)" } else { "" };
            out.line(format_args!("    {name:longest$} = {}{captured}", shown(machine, value)));
        }
    }
    if more > 0 {
        out.line(format_args!("  ... and {more} more frames below"));
    }
}

fn place(frame: &Frame) -> String {
    match &frame.position {
        Some(position) => format!("{}:{}", position.file.trim_start_matches(['@', '=']), position.line),
        None => "(host)".to_owned(),
    }
}

/// A value on one line.
fn shown(machine: &mut Machine, value: &VariableValue) -> String {
    let (VariableValue::Any(value) | VariableValue::Reference(value)) = *value else { return machine.show(value) };
    // With its identity, as the same object may be seen in several places; nothing runs here any more.
    let Some(bytes) = value.as_bytes() else { return machine.describe(value) };
    // No character has more than four bytes.
    let whole = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * STRING_CHARACTERS_MAX)]);
    let start: String = whole.chars().take(STRING_CHARACTERS_MAX).collect();
    if whole.len() == start.len() && bytes.len() <= 4 * STRING_CHARACTERS_MAX {
        format!("{start:?}")
    } else {
        format!("{start:?}... ({} bytes)", bytes.len())
    }
}

/// The globals that programs have given a name.
fn globals(machine: &mut Machine, state: &StateReport, out: &mut Out) {
    for (index, program) in state.programs.iter().enumerate() {
        let variables = machine.globals_of_report(index);
        if variables.is_empty() {
            continue;
        }
        out.gap();
        out.line(format_args!("globals of {}:", name_of(program)));
        let longest = variables.iter().map(|variable| variable.name.chars().count()).max().unwrap_or(0);
        for Variable { name, value, .. } in &variables {
            out.line(format_args!("  {name:longest$} = {}", shown(machine, value)));
        }
    }
}

/// What a program is called.
fn name_of(program: &ProgramReport) -> String {
    let name = program.source.clone().unwrap_or_else(|| "(without a name)".to_owned());
    name.trim_start_matches(['@', '=']).to_owned()
}

fn heap(state: &StateReport, out: &mut Out) {
    out.gap();
    out.line(format_args!("heap: {} bytes in use, {} collections", state.heap_bytes, state.collections));
    out.line(format_args!("  {:10} {:>10} {:>12}", "kind", "objects", "bytes"));
    for (kind, count, bytes) in &state.kinds {
        out.line(format_args!("  {kind:10} {count:>10} {bytes:>12}"));
    }
}

fn parts(state: &StateReport, out: &mut Out) {
    out.gap();
    out.line(format_args!("programs:"));
    for program in &state.programs {
        let (name, language) = (name_of(program), language(program));
        out.line(format_args!("  {name}: {language}, functions: {}", program.functions));
    }
    if !state.memories.is_empty() {
        out.gap();
        out.line(format_args!("memories, in pages of 64 KiB:"));
    }
    for memory in &state.memories {
        let of = match memory.program {
            Some(program) => format!("of {}", name_of(&state.programs[program])),
            None => "of no program".to_owned(),
        };
        let most = memory.pages_max.map_or(String::new(), |most| format!(", at most {most}"));
        let unit = if memory.page_bytes == 1 { " of one byte" } else { "" };
        out.line(format_args!("  {of}: {}{unit}{most}", memory.pages));
    }
}
