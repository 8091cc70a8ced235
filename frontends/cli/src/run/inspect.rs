//! `inspect`: shows what is in a snapshot.

use super::{lua, snapshot};
use crate::arguments::Resume;
use crate::commands;
use crate::exit::Exit;
use crate::source::Failure;
use minivm::{
    FiberActivity, FiberReport, Frame, FrameKind, Machine, ProgramReport, StateReport, Variable, VariableValue,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Characters that are shown of a string.
const STRING_CHARACTERS_MAX: usize = 60;

/// Shows what is in a snapshot.
pub(crate) fn inspect(path: &Path, programs: &[PathBuf]) -> Result<Exit, Failure> {
    let (_, note) = snapshot::open(path, u64::MAX)?;
    let options = Resume { file: path.to_owned(), programs: programs.to_vec(), ..Resume::default() };
    let mut session = snapshot::load(&options)?;
    let state = session.machine.report_state().map_err(|error| snapshot::refused(path, &error))?;
    let mut text = String::new();
    let what = if state.is_stopped { "stopped" } else { "nothing runs in it" };
    let _ = writeln!(text, "{}: {what}", session.name);
    let mut languages: Vec<&str> = state.programs.iter().map(language).collect();
    languages.extend(note.has_lua.then_some("Lua"));
    languages.extend(note.has_wasi.then_some("WASI"));
    languages.sort_unstable();
    languages.dedup();
    if let Some(error) = state.uncaught_error {
        let _ = writeln!(text, "uncaught error: {}", session.machine.show(&VariableValue::Any(error)));
    }
    let _ = writeln!(text, "languages: {}", languages.join(", "));
    for report in &state.fibers {
        fiber(&mut session.machine, report, &mut text);
    }
    heap(&state, &mut text);
    parts(&state, &mut text);
    commands::print(text.as_bytes())
}

/// What a program was made from, as far as it tells.
fn language(program: &ProgramReport) -> &'static str {
    let source = program.source.as_deref().unwrap_or_default();
    if program.sections.iter().any(|section| section == lua::SECTION) {
        "Lua"
    } else if source.ends_with(".wasm") || source.ends_with(".wat") {
        "WebAssembly"
    } else {
        "bytecode"
    }
}

fn fiber(machine: &mut Machine, report: &FiberReport, text: &mut String) {
    let name = if report.fiber.is_nil() { "main thread".to_owned() } else { machine.describe(report.fiber) };
    let activity = match report.activity {
        FiberActivity::Running => "running",
        FiberActivity::Waiting => "waiting for one that it resumed",
        FiberActivity::Parked => "running, put aside",
        FiberActivity::Suspended => "suspended",
        FiberActivity::New => "not started",
        FiberActivity::Failed => "failed",
    };
    let _ = writeln!(text, "\n{name}, {activity}");
    let frames: Vec<&Frame> = report.frames.iter().filter(|frame| frame.kind != FrameKind::Border).collect();
    let places: Vec<String> = frames.iter().map(|frame| place(frame)).collect();
    let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    for (frame, place) in frames.iter().zip(&places) {
        let _ = writeln!(text, "  {place:width$}  {}", frame.name);
        let longest = frame.locals.iter().map(|local| local.name.chars().count()).max().unwrap_or(0);
        for Variable { name, value } in &frame.locals {
            let _ = writeln!(text, "    {name:longest$} = {}", shown(machine, value));
        }
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
    let whole = String::from_utf8_lossy(bytes);
    let start: String = whole.chars().take(STRING_CHARACTERS_MAX).collect();
    if start.len() == whole.len() { format!("{start:?}") } else { format!("{start:?}... ({} bytes)", bytes.len()) }
}

fn heap(state: &StateReport, text: &mut String) {
    let _ = writeln!(text, "\nheap: {} bytes in use, {} collections", state.heap_bytes, state.collections);
    let _ = writeln!(text, "  {:10} {:>10} {:>12}", "kind", "objects", "bytes");
    for (kind, count, bytes) in &state.kinds {
        let _ = writeln!(text, "  {kind:10} {count:>10} {bytes:>12}");
    }
}

fn parts(state: &StateReport, text: &mut String) {
    let name = |program: &ProgramReport| program.source.clone().unwrap_or_else(|| "(without a name)".to_owned());
    let _ = writeln!(text, "\nprograms:");
    for program in &state.programs {
        let name = name(program);
        let _ = writeln!(
            text,
            "  {}: {}, functions: {}",
            name.trim_start_matches(['@', '=']),
            language(program),
            program.functions
        );
    }
    if !state.memories.is_empty() {
        let _ = writeln!(text, "\nmemories, in pages of 64 KiB:");
    }
    for memory in &state.memories {
        let of = match memory.program {
            Some(program) => format!("of {}", name(&state.programs[program])),
            None => "of no program".to_owned(),
        };
        let most = memory.pages_max.map_or(String::new(), |most| format!(", at most {most}"));
        let _ = writeln!(text, "  {of}: {}{most}", memory.pages);
    }
}
