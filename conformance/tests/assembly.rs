//! Handlers stay leaves: from the entry of each one, some path reaches the jump to the next handler without a call, a push,
//! or a 16-byte copy of a slot; and none calls the next one. Looks at the disassembly of `target/release/minivm`; without that, or `objdump`, ignored.
//!
//! `cargo build --release && cargo test -p minivm-conformance --test assembly -- --nocapture`

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::workspace;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Functions that handlers leave the slow cases to, by the end of their name.
const SLOW_ENDINGS: [&str; 6] = ["_slow", "_now", "_marking", "_metamethod", "_error", "::work"];

/// Handlers that allocate, raise, switch fibers, compare long strings or types, or move many values: what they do costs more than a
/// push.
const HEAVY: [&str; 45] = [
    "boundary::",
    "call::many_varargs_to_open",
    "call::prepend_open",
    "call::continuation_returned",
    "call::return_block",
    "call::return_many",
    "call::return_more",
    "call::return_words",
    "call::varargs_to_open",
    "closure::closure",
    "control::branch_signature",
    "control::branch_subtype",
    "control::collect",
    "control::for_each_call",
    "control::out_of_memory",
    "control::stack_overflow",
    "control::throw",
    "control::trap",
    "convert::ref_of_subtype",
    "convert::same_string",
    "dynamic::concat_values",
    "entries::table_next",
    "fiber::fiber_close",
    "fiber::fiber_new",
    "fiber::fiber_resume",
    "fiber::fiber_yield",
    "fiber::yield_many",
    "method::find_method",
    "native::enter_native",
    "object::find_field_behind",
    "object::put_field",
    "list::append",
    "object::append_index",
    "object::cell_new",
    "object::closure",
    "object::get_any_key",
    "list::table_new",
    "record::array_new",
    "record::array_set",
    "record::record_new",
    "record::record_set",
    "string::string_",
    "typed::bulk",
    "typed::ranges",
    "stepping::",
];

/// Handlers that should be leaves and are not yet. One that has become a leaf must be taken off.
const NOT_YET: [&str; 12] = [
    "call::tail_call_typed_value",
    "control::for_each",
    "control::for_loop_float",
    "convert::same",
    "method::get_method",
    "object::get_str",
    "list::length",
    "object::set",
    "typed::statement::branch",
    "typed::statement::statement",
    "typed::vector::handler",
    "typed::vector::processor::with_sse",
];

const PREFIX: &str = "minivm::handlers::";

fn main() {
    let arguments = Arguments::from_args();
    let program = workspace().join("target/release/minivm");
    let possible =
        program.is_file() && Command::new("objdump").arg("--version").output().is_ok() && cfg!(target_arch = "x86_64");
    let trial = |name: &str, check: fn(&Path) -> Result<(), String>, program: PathBuf| {
        Trial::test(name, move || Ok(check(&program)?)).with_ignored_flag(!possible)
    };
    let trials = vec![
        trial("handlers_are_leaves", leaves, program.clone()),
        trial("handlers_jump_to_the_next", jumps, program.clone()),
        trial("slots_are_copied_by_words", copies, program),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// No handler calls the next one, which would use up the native stack: calls through the word at a place in code.
fn jumps(program: &Path) -> Result<(), String> {
    let mut problems = Vec::new();
    for (name, instructions) in functions(&disassembly(program)?) {
        let is_call_of_next = |text: &str| {
            let target = text.strip_prefix("call").map(str::trim_start).and_then(|target| target.strip_prefix("*(%"));
            target.is_some_and(|register| register.ends_with(')'))
        };
        if instructions.iter().any(|(_, text)| is_call_of_next(text)) {
            problems.push(format!("{name} calls the next handler"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn disassembly(program: &Path) -> Result<String, String> {
    let mut command = Command::new("objdump");
    let output = command.args(["-d", "-C", "--no-show-raw-insn", "--section=.text"]).arg(program).output();
    Ok(String::from_utf8_lossy(&output.map_err(|error| format!("objdump: {error}"))?.stdout).into_owned())
}

/// The functions of `handlers` with their instructions.
fn functions(text: &str) -> impl Iterator<Item = (&str, Vec<(u64, &str)>)> {
    text.split("\n\n").filter_map(|block| {
        let mut lines = block.lines().skip_while(|line| !line.ends_with(">:"));
        let (_, name) = lines.next()?.split_once(" <")?;
        let name = name.trim_end_matches(">:").strip_prefix(PREFIX)?;
        Some((name, lines.filter_map(instruction).collect()))
    })
}

/// What the paths without calls and pushes of one handler look like.
#[derive(Default)]
struct Paths {
    /// Whether one of them reaches the next handler.
    leaf: bool,
    /// The 16-byte copies on them.
    copies: Vec<String>,
}

/// By the name of the handler: one entry for each of its instances.
fn handlers(program: &Path) -> Result<BTreeMap<String, Vec<Paths>>, String> {
    let text = disassembly(program)?;
    let mut handlers: BTreeMap<String, Vec<Paths>> = BTreeMap::new();
    for (name, instructions) in functions(&text) {
        if instructions.iter().any(|(_, text)| is_next(text)) {
            handlers.entry(name.to_owned()).or_default().push(walk(&instructions));
        }
    }
    if handlers.is_empty() {
        Err("no handler is found; is this build without tail calls?".to_owned())
    } else {
        Ok(handlers)
    }
}

fn instruction(line: &str) -> Option<(u64, &str)> {
    let (address, text) = line.split_once(":\t")?;
    Some((u64::from_str_radix(address.trim(), 16).ok()?, text.trim()))
}

/// Whether an instruction goes on with the next handler.
fn is_next(text: &str) -> bool {
    text.starts_with("jmp") && text.contains('*')
}

/// Follows every path from the entry until it leaves, calls or pushes.
fn walk(instructions: &[(u64, &str)]) -> Paths {
    let places: HashMap<u64, usize> =
        instructions.iter().enumerate().map(|(place, (address, _))| (*address, place)).collect();
    let mut paths = Paths::default();
    let mut seen = HashSet::new();
    let mut open = vec![0];
    while let Some(place) = open.pop() {
        let Some((_, text)) = instructions.get(place) else { continue };
        let operation = text.split_whitespace().next().unwrap_or_default();
        if !seen.insert(place) || matches!(operation, "call" | "push" | "ret" | "ud2") {
            continue;
        }
        if is_next(text) {
            paths.leaf = true;
            continue;
        }
        if is_copy(operation, text) {
            paths.copies.push((*text).to_owned());
        }
        if operation.starts_with('j') {
            let target = text.split_whitespace().nth(1).and_then(|target| u64::from_str_radix(target, 16).ok());
            open.extend(target.and_then(|target| places.get(&target)));
        }
        if operation != "jmp" {
            open.push(place + 1);
        }
    }
    paths
}

/// Whether an instruction moves 16 bytes from or to memory; constants beside the code do not count.
fn is_copy(operation: &str, text: &str) -> bool {
    ["movup", "movap", "movdqu", "movdqa"].iter().any(|prefix| operation.starts_with(prefix))
        && text.contains('(')
        && !text.contains("(%rip)")
}

fn leaves(program: &Path) -> Result<(), String> {
    let handlers = handlers(program)?;
    let is_slow = |name: &str| SLOW_ENDINGS.iter().any(|ending| name.ends_with(ending));
    let unclean = |paths: &[Paths]| paths.iter().filter(|paths| !paths.leaf).count();
    let mut problems = Vec::new();
    let mut found = BTreeSet::new();
    for (name, instances) in &handlers {
        let count = unclean(instances);
        if count == 0 || is_slow(name) || HEAVY.iter().any(|heavy| name.starts_with(heavy)) {
            continue;
        }
        found.insert(name.as_str());
        println!("{name}: {count} of {} are no leaves", instances.len());
        if !NOT_YET.contains(&name.as_str()) {
            problems.push(format!("{name}: every path calls or pushes, in {count} of {} instances", instances.len()));
        }
    }
    let mended = NOT_YET.iter().filter(|name| !found.contains(*name));
    problems.extend(mended.map(|name| format!("{name} is a leaf now, or gone: take it off the list")));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// A 16-byte load of what two 8-byte stores have just written waits for them.
fn copies(program: &Path) -> Result<(), String> {
    // Some of them move `any` and `v128` as wholes.
    const MAY_COPY: [&str; 3] =
        ["typed::statement::branch", "typed::statement::statement", "typed::vector::processor::with_sse"];
    let mut problems = Vec::new();
    for (name, instances) in handlers(program)? {
        let copies: Vec<&String> =
            instances.iter().filter(|paths| paths.leaf).flat_map(|paths| &paths.copies).collect();
        if let Some(first) = copies.first()
            && !MAY_COPY.contains(&name.as_str())
        {
            problems.push(format!("{name}: {} copies, as {first}", copies.len()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
