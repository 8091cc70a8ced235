//! From the resolved tree to a verified program. Knows the tree and the builder; not the parser, not the machine.
//!
//! One portable function for each Lua function. Locals live in registers of their own; a local that closures share and
//! that is assigned after its declaration lives in a cell; one that is never assigned again is copied into closures, unless
//! the debug library might look (see [`Options::exact_upvalues`]).
//! Expressions are evaluated straight into the register that wants them. Temporaries that stay within one block have
//! registers apart from all others, so that a loader can see at once that they may vanish into larger instructions.

mod assignments;
mod calls;
mod closings;
mod conditions;
mod expressions;
mod function;
mod jumps;
mod loops;
mod registers;
mod statements;
mod tables;
#[cfg(test)]
mod tests;

use crate::syntax::hir::{Chunk, ExpressionId, ExpressionKind, FunctionId, LocalId, Span, TableItem, UpvalueId};
use crate::syntax::{Stack, SyntaxError, file_start, on_large_stack, parse_here, spawn_on_large_stack};
use cranelift_entity::{EntityRef, PrimaryMap, SecondaryMap};
use function::FunctionGenerator;
use minivm_builder::{BuildError, ProgramBuilder};
use minivm_isa::entities::{Func, Reg, Source};
use minivm_isa::program::CustomSection;
use minivm_isa::size::checking_bytes;
use minivm_isa::verify::Rule;
use minivm_isa::{Allowance, Rejection, Signature, Verified, verify};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that a function or a local variable takes in the tables of a chunk that is generated.
const UNIT_BYTES: u64 = 160;

/// Name of the custom section that tells of functions: for each own function, in order, its number, first and last line (0
/// and the last line for the main function) and its number of upvalues, each as a little-endian `u32`.
pub const LINES_SECTION: &str = "lua.lines";

/// Name of the custom section of programs whose closures share every captured variable, see [`Options::exact_upvalues`].
pub const EXACT_SECTION: &str = "lua.upvalues";

/// Name of the custom section that holds the whole name of the chunk, as it was given.
pub const CHUNK_SECTION: &str = "lua.chunk";

/// Module of the functions that compiled code imports: `check_close(value, name)`, `__close(value, error)`, `pack(...)`,
/// `unpack(packed)`.
pub const SUPPORT_MODULE: &str = "lua";

/// How a chunk is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether it is a file: a byte order mark and a first line that begins with `#` are skipped.
    pub is_file: bool,
    /// Whether closures share every variable that they capture, in the order of its first use. Else a variable that is never
    /// assigned again is copied into them, which is faster, and which only the debug library can tell: by setting or joining
    /// upvalues, or asking whether they are one. A chunk that names one of these functions is always compiled exactly.
    pub exact_upvalues: bool,
}

/// Functions of the debug library that tell copied variables from shared ones, and known values from those of variables. Who wants
/// to call them names them, or gets at them by a name that is made up while the program runs.
const LOOKING: [&[u8]; 5] = [b"getupvalue", b"setupvalue", b"upvalueid", b"upvaluejoin", b"setlocal"];

/// Compiles a chunk to a program that exports it as function `main`, which takes any number of arguments and captures
/// the environment (`_ENV`): make a closure over it with that one value.
///
/// `chunk_name` is what `load` takes:
/// `@file`, `=name`, or any other text, usually the source itself.
///
/// # Errors
/// The first error in the chunk, worded as the reference implementation does.
pub fn compile(source: &[u8], chunk_name: impl AsRef<[u8]>) -> Result<Verified, SyntaxError> {
    compile_with(source, chunk_name, Options::default(), &mut Allowance::default())
}

/// As [`compile`], in so much memory.
///
/// # Errors
/// As for [`compile`], or when the allowance does not suffice: it says so then.
pub fn compile_within(
    source: &[u8],
    chunk_name: impl AsRef<[u8]>,
    allowance: &mut Allowance,
) -> Result<Verified, SyntaxError> {
    compile_with(source, chunk_name, Options::default(), allowance)
}

/// Compiles a file: as [`compile`], but a byte order mark and a first line that begins with `#` are skipped.
///
/// # Errors
/// The first error in the file, worded as the reference implementation does.
pub fn compile_file(source: &[u8], chunk_name: impl AsRef<[u8]>) -> Result<Verified, SyntaxError> {
    compile_file_within(source, chunk_name, &mut Allowance::default())
}

/// As [`compile_file`], in so much memory.
///
/// # Errors
/// As for [`compile_file`], or when the allowance does not suffice: it says so then.
pub fn compile_file_within(
    source: &[u8],
    chunk_name: impl AsRef<[u8]>,
    allowance: &mut Allowance,
) -> Result<Verified, SyntaxError> {
    compile_with(source, chunk_name, Options { is_file: true, ..Options::default() }, allowance)
}

/// As [`compile_within`], with these options.
///
/// # Errors
/// As for [`compile_within`].
pub fn compile_with(
    source: &[u8],
    chunk_name: impl AsRef<[u8]>,
    options: Options,
    allowance: &mut Allowance,
) -> Result<Verified, SyntaxError> {
    let chunk_name = chunk_name.as_ref();
    if let Some(compiled) = compile_at_hand(source, chunk_name, options, allowance) {
        return compiled;
    }
    on_large_stack(|| compile_here(source, chunk_name, options, allowance, &mut Stack::large()))
        .unwrap_or_else(|error| Err(no_thread(source, chunk_name, &error)))
}

/// Chunks that are longer are not tried on the native stack at hand.
const AT_HAND_BYTES_MAX: usize = 4096;

/// Compiles on the native stack at hand, if it is sure to suffice.
fn compile_at_hand(
    source: &[u8],
    chunk_name: &[u8],
    options: Options,
    allowance: &mut Allowance,
) -> Option<Result<Verified, SyntaxError>> {
    if source.len() > AT_HAND_BYTES_MAX {
        return None;
    }
    let (mut left, mut stack) = (allowance.clone(), Stack::at_hand());
    let compiled = compile_here(source, chunk_name, options, &mut left, &mut stack);
    if stack.is_too_small {
        return None;
    }
    *allowance = left;
    Some(compiled)
}

/// Compiles on the native stack at hand.
fn compile_here(
    source: &[u8],
    chunk_name: &[u8],
    options: Options,
    allowance: &mut Allowance,
    stack: &mut Stack,
) -> Result<Verified, SyntaxError> {
    let start = if options.is_file { file_start(source) } else { 0 };
    let mut chunk = parse_here(source, start, chunk_name, allowance, stack)?;
    let is_exact = options.exact_upvalues || chunk.strings.values().any(|text| LOOKING.contains(&&**text));
    if is_exact {
        share_captured(&mut chunk);
    }
    generate(&chunk, source, is_exact, allowance)
}

fn no_thread(source: &[u8], chunk_name: &[u8], error: &std::io::Error) -> SyntaxError {
    let detail = format!("cannot start the thread that compiles: {error}");
    let id = crate::syntax::chunk_id(chunk_name);
    SyntaxError::new(source, &id, 1, 0..0, detail.as_bytes())
}

/// What compiling has come to, and what it has taken of its allowance.
pub(crate) type Compiled = (Result<Verified, SyntaxError>, Allowance);

/// A chunk that a thread compiles.
pub(crate) struct Compilation {
    source: Arc<[u8]>,
    chunk_name: Arc<[u8]>,
    options: Options,
    /// It is closed when the thread is done.
    done: mpsc::Receiver<()>,
    thread: Option<JoinHandle<Compiled>>,
}

impl Compilation {
    /// Begins to compile a chunk, in so much memory.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn begin(
        source: &[u8],
        chunk_name: &[u8],
        options: Options,
        mut allowance: Allowance,
    ) -> Result<Self, SyntaxError> {
        let (done_sender, done) = mpsc::channel();
        let (source, chunk_name): (Arc<[u8]>, Arc<[u8]>) = (source.into(), chunk_name.into());
        let (text, name) = (source.clone(), chunk_name.clone());
        let thread = spawn_on_large_stack(move || {
            let _done = done_sender;
            let compiled = compile_here(&text, &name, options, &mut allowance, &mut Stack::large());
            (compiled, allowance)
        });
        let thread = Some(thread.map_err(|error| no_thread(&source, &chunk_name, &error))?);
        Ok(Self { source, chunk_name, options, done, thread })
    }

    /// Whether it is of this chunk.
    pub(crate) fn is_of(&self, source: &[u8], chunk_name: &[u8], options: Options) -> bool {
        *self.source == *source && *self.chunk_name == *chunk_name && self.options == options
    }

    /// Whether it is done within a while.
    pub(crate) fn is_done(&self, time: Duration) -> bool {
        !matches!(self.done.recv_timeout(time), Err(mpsc::RecvTimeoutError::Timeout))
    }

    /// What it has come to, if it is done within a while; to be asked until it is.
    pub(crate) fn wait(&mut self, time: Duration) -> Option<Compiled> {
        if !self.is_done(time) {
            return None;
        }
        let result = self.thread.take()?.join();
        Some(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }
}

/// Whether closures of a program share every captured variable.
pub fn has_exact_upvalues(program: &minivm_isa::Program) -> bool {
    program.custom.iter().any(|section| section.name == EXACT_SECTION)
}

/// Makes every captured variable one that closures share, and has every variable read. Constants have no storage.
fn share_captured(chunk: &mut Chunk) {
    for local in chunk.locals.values_mut().filter(|local| !local.folded) {
        local.reassigned |= local.captured;
        local.known = None;
    }
}

/// Generates the program of a resolved chunk. Recurses as deep as the chunk nests.
fn generate(chunk: &Chunk, source: &[u8], is_exact: bool, allowance: &mut Allowance) -> Result<Verified, SyntaxError> {
    let exhausted = |_| SyntaxError::new(source, &chunk.id, 1, 0..0, b"not enough memory");
    allowance.take(UNIT_BYTES * (chunk.functions.len() + chunk.locals.len()) as u64).map_err(exhausted)?;
    let mut unit = Unit::new(chunk, source);
    unit.is_exact = is_exact;
    // Inner functions first: a closure needs to know what its function captures.
    for id in chunk.functions.keys().rev() {
        let generator = FunctionGenerator::new(&mut unit, id, allowance.left());
        match generator.run() {
            Ok(bytes) => allowance.take(bytes).map_err(exhausted)?,
            Err(error) => {
                if error == BuildError::OutOfMemory {
                    let _ = allowance.take(u64::MAX);
                }
                return Err(unit.refuse(id, &error));
            }
        }
    }
    unit.program.export_function("main", unit.numbers[chunk.main]);
    let lines = CustomSection { name: LINES_SECTION.to_owned(), bytes: unit.lines() };
    let mut program = unit.program.finish_unverified();
    program.custom.push(lines);
    let name = chunk.name.clone().into_boxed_slice();
    program.custom.push(CustomSection { name: CHUNK_SECTION.to_owned(), bytes: name });
    if is_exact {
        program.custom.push(CustomSection { name: EXACT_SECTION.to_owned(), bytes: Box::default() });
    }
    allowance.touch(checking_bytes(&program)).map_err(exhausted)?;
    verify(program).map_err(|rejections| refuse_program(chunk, source, rejections))
}

/// The error for a program that the verifier refuses: too large for a machine, or else a mistake of the generator.
fn refuse_program(chunk: &Chunk, source: &[u8], rejections: Vec<Rejection>) -> SyntaxError {
    let place = rejections.first().and_then(|rejection| rejection.place.source.clone());
    let (line, span) = place.map_or((1, 0..0), |place| (place.line, place.start..place.end));
    let detail = match rejections.first().map(|rejection| rejection.rule) {
        Some(Rule::ListLength | Rule::FrameSize) => TOO_MANY_REGISTERS.to_owned(),
        Some(Rule::FunctionSize) => "function has too many blocks and variables".to_owned(),
        _ => format!("the generated code is refused: {}", BuildError::Rejected(rejections)),
    };
    SyntaxError::new(source, &chunk.id, line, span, detail.as_bytes())
}

/// What the reference implementation says about expressions that are too large for its machine.
const TOO_MANY_REGISTERS: &str = "function or expression needs too many registers";

/// What the functions of a chunk share while they are generated.
struct Unit<'a> {
    chunk: &'a Chunk,
    text: &'a [u8],
    program: ProgramBuilder,
    source: Source,
    /// The number of each function in the program.
    numbers: PrimaryMap<FunctionId, Func>,
    /// What closures over a function capture, in order.
    captured: SecondaryMap<FunctionId, Vec<UpvalueId>>,
    /// The register of each local, while its function is generated.
    places: SecondaryMap<LocalId, Option<Reg>>,
    /// Whether evaluating an expression needs more than one block.
    splits: SecondaryMap<ExpressionId, bool>,
    imports: [Option<Func>; 4],
    /// Whether functions capture all upvalues that they have in the reference implementation.
    is_exact: bool,
}

/// Functions that generated code imports.
#[derive(Clone, Copy)]
enum Import {
    CheckClose,
    Close,
    Pack,
    Unpack,
}

impl<'a> Unit<'a> {
    fn new(chunk: &'a Chunk, text: &'a [u8]) -> Self {
        let mut program = ProgramBuilder::new();
        let name = String::from_utf8_lossy(&chunk.id).into_owned();
        let source = program.source(name, Some(text.into()));
        let numbers = chunk
            .functions
            .values()
            .map(|function| program.declare(Signature::dynamic(function.parameters.len(), function.vararg)))
            .collect();
        let (mut captured, mut places) = (SecondaryMap::new(), SecondaryMap::new());
        captured.resize(chunk.functions.len());
        places.resize(chunk.locals.len());
        Self {
            chunk,
            text,
            program,
            source,
            numbers,
            captured,
            places,
            splits: find_splits(chunk),
            imports: [None; 4],
            is_exact: false,
        }
    }

    /// The number of an imported function.
    fn import(&mut self, import: Import) -> Func {
        let (name, signature) = match import {
            Import::CheckClose => ("check_close", Signature::dynamic(2, false)),
            Import::Close => ("__close", Signature::dynamic(2, false)),
            Import::Pack => ("pack", Signature::dynamic(0, true)),
            Import::Unpack => ("unpack", Signature::dynamic(1, false)),
        };
        let program = &mut self.program;
        *self.imports[import as usize].get_or_insert_with(|| program.import_function(SUPPORT_MODULE, name, signature))
    }

    /// The content of the section about lines.
    fn lines(&self) -> Box<[u8]> {
        let mut bytes = Vec::with_capacity(self.numbers.len() * 16);
        for (id, number) in self.numbers.iter() {
            let function = &self.chunk.functions[id];
            let upvalues = function.upvalues.len() as u32;
            for value in [number.as_u32(), function.line_defined, function.last_line, upvalues] {
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        bytes.into()
    }

    /// The error of a function that cannot be built, in the words the reference implementation has for too large ones.
    fn refuse(&self, id: FunctionId, error: &BuildError) -> SyntaxError {
        let Span { start, end, .. } = self.chunk.functions[id].span;
        let line = self.chunk.functions[id].line_defined.max(1);
        let detail = match error {
            BuildError::FrameTooLarge { .. } => TOO_MANY_REGISTERS.to_owned(),
            BuildError::OutOfMemory => error.to_string(),
            other => format!("the generated code is refused: {other}"),
        };
        SyntaxError::new(self.text, &self.chunk.id, line, start..end, detail.as_bytes())
    }
}

/// Which expressions evaluate in more than one block: those with `and` or `or` in them, outside of nested functions.
fn find_splits(chunk: &Chunk) -> SecondaryMap<ExpressionId, bool> {
    let mut splits = SecondaryMap::with_default(false);
    splits.resize(chunk.expressions.len());
    // Operands have smaller numbers than what they are operands of.
    for (id, expression) in chunk.expressions.iter() {
        let mut found = matches!(expression.kind, ExpressionKind::And { .. } | ExpressionKind::Or { .. });
        for_each_operand(&expression.kind, |operand| {
            debug_assert!(operand.index() < id.index(), "operands are made first");
            found |= splits[operand];
        });
        splits[id] = found;
    }
    splits
}

/// Visits the operands of an expression, in the order of evaluation.
fn for_each_operand(kind: &ExpressionKind, mut visit: impl FnMut(ExpressionId)) {
    match kind {
        ExpressionKind::Constant(_) | ExpressionKind::Vararg | ExpressionKind::Function(_) => {}
        ExpressionKind::Variable(_) | ExpressionKind::Global { .. } => {}
        ExpressionKind::First(operand) | ExpressionKind::Unary { operand, .. } => visit(*operand),
        ExpressionKind::Index { table: left, key: right }
        | ExpressionKind::Binary { left, right, .. }
        | ExpressionKind::And { left, right }
        | ExpressionKind::Or { left, right } => {
            visit(*left);
            visit(*right);
        }
        ExpressionKind::Call { callee: first, arguments }
        | ExpressionKind::MethodCall { receiver: first, arguments, .. } => {
            visit(*first);
            arguments.iter().copied().for_each(visit);
        }
        ExpressionKind::Concat(operands) => operands.iter().copied().for_each(visit),
        ExpressionKind::Table(items) => {
            for item in items {
                match *item {
                    TableItem::Positional(value) => visit(value),
                    TableItem::Keyed { key, value } => {
                        visit(key);
                        visit(value);
                    }
                }
            }
        }
    }
}
