//! Positions and tracebacks.

use super::names::call_site_name;
use super::words::InlinedCall;
use crate::heap::Closure;
use crate::heap::Table;
use crate::runtime::context::Context;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::frames::Standing;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction, HostFunction};
use crate::runtime::walk::{Level, Walk};
use crate::threaded::frame::Frame;
use crate::threaded::stack_map::Place;
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::Operand;
use minivm_isa::facts::Waits;
use minivm_isa::program::{NO_LINE, Span};
use std::collections::VecDeque;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Levels that a traceback shows at each end before it leaves some out.
const LEVELS_FIRST: usize = 10;
const LEVELS_LAST: usize = 11;
/// The first line of a traceback.
const HEAD: &str = "stack traceback:";

/// `source:line:` and a space for an instruction, or nothing.
fn position(guest: &GuestFunction, instruction: usize) -> String {
    match guest.portable().span_at(instruction) {
        Some(span) => {
            let name = &guest.program().sources[span.source].name;
            match span.line {
                0 => format!("{name}:{:#x}: ", span.start),
                NO_LINE => format!("{name}:-1: "),
                line => format!("{name}:{line}: "),
            }
        }
        None => String::new(),
    }
}

/// `source:line:` and a space when `at` is in guest code, or nothing.
pub(crate) fn position_at(cx: &Context, at: Flow) -> String {
    if cx.is_machine_place(at.pc) || at.pc.is_null() {
        return String::new();
    }
    // SAFETY: `at` is the state of the running frame.
    match unsafe { Walk::new(cx, at, false).next() } {
        Some((Level::Guest { guest, instruction, .. }, _)) => position(guest, instruction),
        _ => String::new(),
    }
}

/// The position where the function that runs at `at` was called; nothing if that is not in guest code.
pub(crate) fn position_of_call(cx: &Context, at: Flow) -> String {
    let mut walk = Walk::new(cx, at, false);
    // SAFETY: `at` is the state of the running frame.
    let caller = unsafe { walk.next_shown().and_then(|_| walk.next_shown()) };
    match caller {
        Some(Level::Guest { guest, instruction, .. }) => position(guest, instruction),
        _ => String::new(),
    }
}

/// The position of the function `level` calls above the host function whose values start at `at.regs`.
pub(crate) fn position_of_caller(cx: &Context, base: Regs, level: usize) -> String {
    let mut found = 0;
    let mut walk = Walk::from_host(cx, base);
    // SAFETY: the walk starts at the running host function.
    while let Some(next) = unsafe { walk.next_shown() } {
        found += 1;
        if found == level {
            return match next {
                Level::Guest { guest, instruction, .. } => position(guest, instruction),
                Level::Host { .. } | Level::Continuation { .. } | Level::Boundary { .. } => String::new(),
            };
        }
    }
    String::new()
}

/// Name in the registry of a table of modules, by their names: functions, or tables of functions, by theirs. Tracebacks call
/// functions that are in one `module.name`, whoever calls them; those of the module `_G` only `name`.
pub const MODULES: &str = "modules";

/// The names of functions in modules, in the order of the tables.
struct KnownFunctions(Vec<(Value, String)>);

impl KnownFunctions {
    /// None where there is no table of modules: functions of the host are called by their own names then.
    fn of(cx: &Context) -> Option<KnownFunctions> {
        let modules = cx.registry.get(MODULES)?.as_table()?;
        let mut found = Vec::new();
        for (name, module) in entries(modules) {
            if module.as_function().is_some() {
                found.push((module, name));
                continue;
            }
            let Some(table) = module.as_table() else { continue };
            let prefix = if name == "_G" { String::new() } else { name + "." };
            let functions = entries(table).into_iter().filter(|(_, value)| value.as_function().is_some());
            found.extend(functions.map(|(name, value)| (value, format!("{prefix}{name}"))));
        }
        Some(KnownFunctions(found))
    }

    fn name(&self, function: Value) -> Option<&str> {
        self.0.iter().find(|(value, _)| value.raw_equals(function)).map(|(_, name)| name.as_str())
    }
}

/// The entries of a table that have a string as key, unless it is weak or very large.
fn entries(table: *mut Table) -> Vec<(String, Value)> {
    // SAFETY: the table is reachable from the registry, and nothing changes it meanwhile.
    let found = unsafe { Table::named_entries(table) };
    let text = |key: Value| String::from_utf8_lossy(key.as_bytes().unwrap_or_default()).into_owned();
    found.into_iter().map(|(key, value)| (text(key), value)).collect()
}

/// The level that the host is which started the program, where programs expect to see it.
fn ground(cx: &Context, names: Option<&KnownFunctions>) -> Option<String> {
    (names.is_some() && cx.run.fiber == cx.run.main_fiber).then(|| "[C]: in ?".to_string())
}

/// A traceback in PUC Lua's form, from the state `at` down.
pub(crate) fn traceback(cx: &Context, at: Flow, calling: bool) -> String {
    let names = KnownFunctions::of(cx);
    let below = ground(cx, names.as_ref());
    let inlines = true;
    Trace { cx, walk: Walk::new(cx, at, calling), above: None, below, names: names.as_ref(), inlines }.text(0)
}

/// A traceback from the running host function down, leaving out its first `skip` levels. The host that started the program
/// is the last level.
pub(crate) fn traceback_of_caller(cx: &Context, base: Regs, skip: usize) -> String {
    let names = KnownFunctions::of(cx);
    let walk = Walk::from_host(cx, base);
    // SAFETY: the frame of the running host function begins with its closure, which points to its function.
    let above = unsafe { host_line(cx, Frame::at(base).closure(), walk.peek(), names.as_ref()) };
    let below = ground(cx, names.as_ref());
    Trace { cx, walk, above, below, names: names.as_ref(), inlines: false }.text(skip)
}

/// A traceback of a fiber that does not run.
pub(crate) fn traceback_of_fiber(cx: &Context, fiber: Value, skip: usize) -> String {
    let Some((at, calling)) = fiber_state(fiber) else { return HEAD.to_string() };
    let names = KnownFunctions::of(cx);
    let above = suspended_in(cx, fiber).and_then(|info| match &info.body {
        Body::Host(host) => Some(format!("[C]: in {}", host_name(cx, host, None, Some(at), names.as_ref()))),
        Body::Guest(_) | Body::Bridge(_) => None,
    });
    let walk = Walk::new(cx, at, calling);
    Trace { cx, walk, above, below: None, names: names.as_ref(), inlines: false }.text(skip)
}

/// What a traceback is made of.
struct Trace<'a> {
    cx: &'a Context,
    walk: Walk,
    /// The line of a level above those of the walk.
    above: Option<String>,
    /// The line of a level below those of the walk.
    below: Option<String>,
    names: Option<&'a KnownFunctions>,
    /// Whether it tells of inlined calls; programs see what is the same wherever they run.
    inlines: bool,
}

impl Trace<'_> {
    /// The lines, without the first `skip` levels and those in the middle of very many.
    fn text(self, skip: usize) -> String {
        let elided_from = skip.saturating_add(LEVELS_FIRST);
        // Where the walk is before each level that may be shown: it goes over the stack once, which may be deep.
        let (mut first, mut last) = (Vec::new(), VecDeque::new());
        let mut count = usize::from(self.above.is_some());
        let mut walk = self.walk;
        loop {
            let before = walk.clone();
            // SAFETY: the walk starts at a live state.
            if unsafe { walk.next_shown() }.is_none() {
                break;
            }
            if count >= elided_from {
                // PUC Lua does not leave out only one.
                if last.len() == LEVELS_LAST + 1 {
                    last.pop_front();
                }
                last.push_back((count, before));
            } else if count >= skip {
                first.push((count, before));
            }
            count += 1;
        }
        let below = self.below.map(|line| (count, line));
        count += usize::from(below.is_some());
        let elided = count.saturating_sub(skip).saturating_sub(LEVELS_FIRST + LEVELS_LAST);
        let elided = if elided == 1 { 0 } else { elided };
        let lines = first.into_iter().chain(last).map(|(level, mut walk)| {
            // SAFETY: the stack is as it was, and has this level.
            let (shown, line) = unsafe {
                let shown = walk.next_shown().expect("it was there before");
                let line = level_line(self.cx, &shown, walk.peek(), self.names);
                (shown, line)
            };
            (level, if self.inlines { with_inlined(self.cx, &shown, line) } else { line })
        });
        let mut text = String::from(HEAD);
        for (level, line) in self.above.map(|line| (0, line)).into_iter().chain(lines).chain(below) {
            if elided > 0 && level == elided_from + elided {
                // It counts one less than it leaves out.
                let _ = write!(text, "\n\t...\t(skipping {} levels)", elided - 1);
            }
            if level >= skip && (elided == 0 || level < elided_from || level >= elided_from + elided) {
                let _ = write!(text, "\n\t{line}");
            }
        }
        text
    }
}

/// The line of a level after those of the calls that are inlined in it: what is executing is in the innermost of them.
fn with_inlined(cx: &Context, level: &Level, line: String) -> String {
    let Level::Guest { guest, instruction, .. } = level else { return line };
    let calls = inlined_calls(cx, guest, *instruction);
    let mut place = position(guest, *instruction);
    let Some(function) = line.strip_prefix(place.trim_end()).filter(|_| !calls.is_empty()) else { return line };
    let mut text = String::new();
    for InlinedCall { function, file, line } in calls {
        let shown = place.strip_suffix(' ').unwrap_or("?:");
        let _ = write!(text, "{shown} in function '{function}'\n\t");
        place = if file.is_empty() { String::new() } else { format!("{file}:{line}: ") };
    }
    text + place.strip_suffix(' ').unwrap_or("?:") + function
}

/// The inlined calls around an instruction, the innermost first, as far as the host knows any. A panic there is as good as none:
/// it may not unwind through handlers.
fn inlined_calls(cx: &Context, guest: &GuestFunction, instruction: usize) -> Vec<InlinedCall> {
    let Some(inlined) = &cx.errors.inlined else { return Vec::new() };
    let is_of_table = |span: &&Span| span.start == span.end && !matches!(span.line, 0 | NO_LINE);
    let span = guest.portable().span_at(instruction).filter(is_of_table);
    let Some((span, module)) = span.zip(guest.program().sources.values().next()) else { return Vec::new() };
    catch_unwind(AssertUnwindSafe(|| inlined(&module.name, span.start))).unwrap_or_default()
}

/// The line of a level.
///
/// # Safety
/// The level is one of a whole stack.
unsafe fn level_line(cx: &Context, level: &Level, caller: Option<Flow>, names: Option<&KnownFunctions>) -> String {
    match level {
        Level::Guest { guest, closure, instruction, .. } => {
            let position = position(guest, *instruction);
            let position = position.strip_suffix(' ').unwrap_or("?:");
            // SAFETY: the closure of a frame lives as long as the frame.
            let known = names.and_then(|names| names.name(unsafe { Value::from_function(*closure) }));
            // SAFETY: passed on.
            let is_tail_call = caller.is_some_and(|at| unsafe { is_tail_called(cx, *closure, at) });
            let name = match known {
                Some(name) => format!("function '{name}'"),
                None => guest_name(cx, guest, caller.filter(|_| !is_tail_call)),
            };
            let tail = if is_tail_call { "\n\t(...tail calls...)" } else { "" };
            format!("{position} in {name}{tail}")
        }
        // SAFETY: the closure of a frame lives as long as the frame.
        Level::Host { closure, .. } => unsafe { host_line(cx, *closure, caller, names) }.unwrap_or_default(),
        Level::Continuation { .. } | Level::Boundary { .. } => String::new(),
    }
}

/// The line of a host function that is called at `caller`; parts of the language have none.
///
/// # Safety
/// The closure is live.
unsafe fn host_line(
    cx: &Context,
    closure: *mut Closure,
    caller: Option<Flow>,
    names: Option<&KnownFunctions>,
) -> Option<String> {
    // SAFETY: closures point to functions.
    let (info, function) = unsafe { (&*(*closure).function.cast::<FunctionInfo>(), Value::from_function(closure)) };
    match &info.body {
        Body::Host(host) if !host.is_internal.get() => {
            Some(format!("[C]: in {}", host_name(cx, host, Some(function), caller, names)))
        }
        Body::Host(_) | Body::Guest(_) | Body::Bridge(_) => None,
    }
}

fn guest_name(cx: &Context, guest: &GuestFunction, caller: Option<Flow>) -> String {
    let own = &guest.portable().name;
    match caller.and_then(|at| call_site_name(cx, at)) {
        Some((kind, name)) => format!("{kind} '{name}'"),
        None if own == "main chunk" || own.starts_with("function <") => own.clone(),
        None => format!("function '{own}'"),
    }
}

/// What a host function is called. Its closure may not be known; then its own name tells.
fn host_name(
    cx: &Context,
    host: &HostFunction,
    function: Option<Value>,
    caller: Option<Flow>,
    names: Option<&KnownFunctions>,
) -> String {
    let own = (!host.name.is_empty()).then_some(host.name.as_str());
    let known = match (names, function) {
        (Some(names), Some(function)) => names.name(function),
        _ => own,
    };
    if let Some(name) = known {
        return format!("function '{name}'");
    }
    match caller.and_then(|at| call_site_name(cx, at)) {
        Some((kind, name)) => format!("{kind} '{name}'"),
        None => "?".to_string(),
    }
}

/// Whether the guest frame of `closure` has taken the place of what the call at `caller` has called.
///
/// # Safety
/// `caller` is the state below the frame, on the stack as it is.
unsafe fn is_tail_called(cx: &Context, closure: *mut Closure, caller: Flow) -> bool {
    // SAFETY: passed on; the register of a callee is live while the call runs.
    unsafe {
        let Some((Level::Guest { guest, regs, instruction, .. }, _)) = Walk::new(cx, caller, true).next() else {
            return false;
        };
        let callee = guest.portable().code[instruction].callee();
        let Some(called) = callee.and_then(Operand::reg) else { return false };
        let called = crate::threaded::operands::get_any(regs, guest.slots().of(called) as usize);
        // A function of the host may have called another in its own place, which is no tail call.
        called.as_function().is_some_and(|called| called != closure && !is_host(called))
    }
}

/// Whether a closure is one of a function of the host.
///
/// # Safety
/// The closure is live.
unsafe fn is_host(closure: *mut Closure) -> bool {
    // SAFETY: closures point to functions.
    unsafe { matches!((*(*closure).function.cast::<FunctionInfo>()).body, Body::Host(_)) }
}

/// The state of a fiber that has a stack and does not run, and whether its place is a return place.
pub(crate) fn fiber_state(fiber: Value) -> Option<(Flow, bool)> {
    // SAFETY: the value at hand is reachable.
    let fiber = unsafe { Fiber::of(fiber.as_fiber()?) };
    let waits = match fiber.state {
        FiberState::Suspended | FiberState::Parked => !fiber.pc.is_null(),
        FiberState::Normal => true,
        FiberState::Dead => fiber.failed,
        FiberState::Running => false,
    };
    waits.then(|| (Flow { pc: fiber.pc, regs: fiber.saved_regs() }, fiber.waits_for_call()))
}

/// The host function that has suspended a fiber; none when an instruction did, or when it is not suspended.
pub(crate) fn suspended_in(cx: &Context, fiber: Value) -> Option<&'static FunctionInfo> {
    let (at, calling) = fiber_state(fiber)?;
    // SAFETY: the value at hand is reachable; a suspended fiber has a stack to walk.
    unsafe {
        let fiber = Fiber::of(fiber.as_fiber()?);
        if fiber.state != FiberState::Suspended {
            return None;
        }
        if let Some((Level::Guest { guest, instruction, .. }, _)) = Walk::new(cx, at, calling).next() {
            let instruction = &guest.portable().code[instruction];
            if instruction.info().facts.waits == Some(Waits::Yield) {
                return None;
            }
        }
        fiber.suspended_in.as_ref()
    }
}

/// What is known of a function by itself.
pub(crate) fn static_info(info: &FunctionInfo) -> LevelInfo {
    match &info.body {
        Body::Guest(guest) => {
            let function = guest.portable();
            let source = function.spans.first().map(|span| guest.program().sources[span.source].name.clone());
            LevelInfo {
                source,
                own_name: function.name.clone(),
                captures: function.captures.len(),
                params: guest.params as usize,
                variadic: guest.convention == minivm_isa::Convention::Variadic,
                ..LevelInfo::default()
            }
        }
        Body::Host(host) => {
            LevelInfo { own_name: host.name.clone(), is_host: true, variadic: true, ..LevelInfo::default() }
        }
        Body::Bridge(_) => LevelInfo { is_host: true, ..LevelInfo::default() },
    }
}

/// What is known of a level of the stack.
///
/// # Safety
/// The level comes from a walk of the stack as it is.
pub(crate) unsafe fn level_info(cx: &Context, level: &Level, above: Option<Regs>, caller: Option<Flow>) -> LevelInfo {
    // SAFETY: the caller vouches for the level.
    unsafe {
        let closure = match level {
            Level::Guest { closure, .. } | Level::Host { closure, .. } => *closure,
            Level::Continuation { .. } | Level::Boundary { .. } => return LevelInfo::default(),
        };
        let mut info = static_info(&*(*closure).function.cast::<FunctionInfo>());
        info.function = Value::from_function(closure);
        info.is_tail_call = caller.is_some_and(|at| is_tail_called(cx, closure, at));
        let caller = caller.filter(|_| !info.is_tail_call);
        info.name = caller.and_then(|at| call_site_name(cx, at)).map(|(kind, name)| (kind.to_string(), name));
        match level {
            Level::Guest { guest, regs, instruction, calling, baseline, .. } => {
                let place = Place { instruction: *instruction, calling: *calling, baseline: *baseline };
                let has_begun = above.is_none_or(|above| !super::variables::is_before(above));
                let standing = Standing { guest, regs: *regs, place, has_begun };
                info.line = standing.span().map(|span| span.line).filter(|&line| line > 0 && line != NO_LINE);
                super::variables::of_guest(&mut info, &standing, above);
            }
            Level::Host { base, continuation, .. } => super::variables::of_host(&mut info, *base, *continuation),
            Level::Continuation { .. } | Level::Boundary { .. } => {}
        }
        info
    }
}

/// What is known of a level of the stack, or of a function.
#[derive(Clone, Debug, Default)]
pub struct LevelInfo {
    /// The function.
    pub function: Value,
    /// Name of its source, for guest functions.
    pub source: Option<String>,
    /// The line it is at.
    pub line: Option<u32>,
    /// What it was called as: kind ("global", "local", "method", …) and name.
    pub name: Option<(String, String)>,
    /// Its own name.
    pub own_name: String,
    /// Number of captured values.
    pub captures: usize,
    /// Number of parameters.
    pub params: usize,
    /// Whether it takes more arguments.
    pub variadic: bool,
    /// Whether it is a function of the host.
    pub is_host: bool,
    /// Whether it has taken the place of the function that its caller called.
    pub is_tail_call: bool,
    /// Its visible local variables, in order, then values that it holds without a name.
    pub variables: Vec<LevelVariable>,
    /// The arguments past the parameters.
    pub varargs: Vec<Value>,
    /// Which of the variables are handed over by the call or return that is being reported to a hook: how many come before, and
    /// how many they are.
    pub transfer: (usize, usize),
}

/// A variable of a level of the stack.
#[derive(Clone, Debug)]
pub struct LevelVariable {
    /// Its name; none for values that have none.
    pub name: Option<String>,
    /// What it holds.
    pub value: Value,
    /// Where it is.
    pub place: VariablePlace,
}

/// Where a variable of a level is, for [`HostCall::set_variable`](crate::raw::HostCall::set_variable).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VariablePlace {
    /// In a register.
    Register(u32),
    /// Among the arguments past the parameters.
    Vararg(usize),
    /// Among the values of a host function.
    Value(usize),
    /// Nowhere that could be written to.
    Elsewhere,
}
