//! The `debug` library, as far as the machine tells: levels of the stack, functions, captured values, metatables.

use super::arguments::{Answer, Arguments, LibraryFunction, Text, out_of_memory};
use super::errors::LEVELS_MAX;
use super::library::library;
use super::text_builder::{Finished, TextBuilder};
use super::work::Work;
use minivm::raw::heap::HostObject;
use minivm::raw::{HookEvents, HostCall, LevelInfo, LevelVariable, Raise, Tag, Value, VariablePlace};
use std::any::Any;

/// The functions that tell where a program is, by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("debug", super::debug_prompt::debug),
    ("gethook", gethook),
    ("getinfo", getinfo),
    ("sethook", sethook),
    ("traceback", traceback),
];

/// The functions that reach what belongs to other functions and values, by name.
pub(super) const REACHING: &[(&str, LibraryFunction)] = &[
    ("getlocal", |call| granted(call, "getlocal", getlocal)),
    ("getmetatable", |call| granted(call, "getmetatable", getmetatable)),
    ("getregistry", |call| granted(call, "getregistry", getregistry)),
    ("getupvalue", |call| granted(call, "getupvalue", getupvalue)),
    ("getuservalue", |call| granted(call, "getuservalue", getuservalue)),
    ("setlocal", |call| granted(call, "setlocal", setlocal)),
    ("setmetatable", |call| granted(call, "setmetatable", setmetatable)),
    ("setupvalue", |call| granted(call, "setupvalue", setupvalue)),
    ("setuservalue", |call| granted(call, "setuservalue", setuservalue)),
    ("upvalueid", |call| granted(call, "upvalueid", upvalueid)),
    ("upvaluejoin", |call| granted(call, "upvaluejoin", upvaluejoin)),
];

/// Calls a function that reaches further, if the host grants that. Where it does not, programs find no such function, but a
/// state that is loaded may have one.
fn granted(call: &mut HostCall<'_>, name: &str, function: LibraryFunction) -> Answer {
    if library(call).host.grants_debug() {
        return function(call);
    }
    Err(call.error(format!("debug.{name} is not granted to this program")))
}

/// Name of the table that `getregistry` gives, in the machine's registry.
pub(super) const REGISTRY: &str = "lua.debug.registry";

/// The fiber that is the first argument, if it is one, and where the other arguments begin.
fn fiber_argument(call: &HostCall<'_>) -> (Option<Value>, usize) {
    let first = call.arg(0);
    if first.tag() == Tag::FIBER { (Some(first), 1) } else { (None, 0) }
}

fn is_running(call: &HostCall<'_>, fiber: Option<Value>) -> bool {
    fiber.is_none_or(|fiber| fiber.raw_equals(call.running_fiber().0))
}

fn traceback(call: &mut HostCall<'_>) -> Answer {
    if call.state() == MADE {
        return call.return_returned(None);
    }
    let (fiber, first) = fiber_argument(call);
    let message = call.arg(first);
    let text = call.to_text(message)?;
    if text.is_none() && !message.is_nil() {
        return call.return_one(message);
    }
    let here = is_running(call, fiber);
    let level = call.integer_or(first + 1, i64::from(here))?;
    // There is no level below 0, as there is none above the last.
    let level = usize::try_from(level).unwrap_or(usize::MAX);
    let trace = match fiber {
        Some(fiber) if !here => call.fiber_traceback(fiber, level),
        _ => call.traceback(level),
    };
    let mut out = TextBuilder::default();
    if let Some(text) = text {
        out.push_text(text);
        out.push(b"\n");
    }
    out.push(trace.as_bytes());
    match out.finish(call, Text(Value::NIL), (MADE, &[]))? {
        Finished::Text(text) => call.return_one(text),
        Finished::Later(outcome) => Ok(outcome),
    }
}

/// State in which a long text was made.
const MADE: u32 = 1;

/// What is known of the level or function that argument `index` names; `None` for a level that is not there.
fn info_of(call: &mut HostCall<'_>, fiber: Option<Value>, index: usize) -> Result<Option<LevelInfo>, Raise> {
    let subject = call.arg(index);
    if subject.tag() == Tag::FUNCTION {
        return Ok(call.function(subject));
    }
    let level = call.check_integer(index)?;
    call.charge_elements(usize::try_from(level).unwrap_or(0).min(LEVELS_MAX))?;
    let Ok(level) = usize::try_from(level) else { return Ok(None) };
    if !is_running(call, fiber) {
        return Ok(call.fiber_level(fiber.unwrap_or(Value::NIL), level));
    }
    Ok(call.level(level))
}

const OPTIONS: &[u8] = b"SlnrutLf";

fn getinfo(call: &mut HostCall<'_>) -> Answer {
    let (fiber, first) = fiber_argument(call);
    let options = call.optional_text(first + 1)?;
    let options = options.as_ref().map_or(&b"flnSrtu"[..], |text| text.bytes());
    if options.starts_with(b">") {
        return Err(call.argument_error(first + 1, "invalid option '>'"));
    }
    let Some(info) = info_of(call, fiber, first)? else { return call.return_one(Value::NIL) };
    if !options.iter().all(|option| OPTIONS.contains(option)) {
        return Err(call.argument_error(first + 1, "invalid option"));
    }
    let (grants_debug, is_function) = (library(call).host.grants_debug(), call.arg(first).tag() == Tag::FUNCTION);
    let table = call.table(0, 12)?;
    let mut fields = Fields { call, table };
    let wants = |option: u8| options.contains(&option);
    if wants(b'S') {
        fields.source(&info)?;
    }
    if wants(b'l') {
        fields.integer("currentline", info.line.map_or(-1, i64::from))?;
    }
    if wants(b'u') {
        let upvalues =
            fields.facts_of(info.function).map_or(info.captures as i64, |[.., upvalues]| i64::from(upvalues));
        fields.integer("nups", upvalues)?;
        fields.integer("nparams", info.params as i64)?;
        fields.set("isvararg", Value::bool(info.variadic))?;
    }
    if wants(b'n') {
        let (kind, name) = match &info.name {
            Some((kind, name)) => (kind.as_str(), Some(name)),
            None => ("", None),
        };
        fields.text("namewhat", kind)?;
        if let Some(name) = name {
            fields.text("name", name)?;
        }
    }
    if wants(b'r') {
        let (first, count) = info.transfer;
        fields.integer("ftransfer", if count > 0 { first as i64 + 1 } else { 0 })?;
        fields.integer("ntransfer", count as i64)?;
    }
    if wants(b't') {
        fields.set("istailcall", Value::bool(info.is_tail_call))?;
    }
    if wants(b'L') && !info.is_host {
        fields.active_lines(&info)?;
    }
    // A level tells of a function that may be another one's secret.
    if wants(b'f') && (grants_debug || is_function) {
        fields.set("func", info.function)?;
    }
    call.return_one(table)
}

/// A table under construction.
struct Fields<'c, 'm> {
    call: &'c mut HostCall<'m>,
    table: Value,
}

impl Fields<'_, '_> {
    fn set(&mut self, name: &str, value: Value) -> Result<(), Raise> {
        self.call.heap().table_set_name(self.table, name.as_bytes(), value).map_err(out_of_memory)
    }

    fn integer(&mut self, name: &str, value: i64) -> Result<(), Raise> {
        self.set(name, Value::int(value))
    }

    fn text(&mut self, name: &str, text: impl AsRef<[u8]>) -> Result<(), Raise> {
        let value = self.call.string(text)?;
        self.set(name, value)
    }

    fn source(&mut self, info: &LevelInfo) -> Result<(), Raise> {
        if info.is_host {
            self.text("source", "=[C]")?;
            self.text("short_src", "[C]")?;
            self.text("what", "C")?;
            self.integer("linedefined", -1)?;
            return self.integer("lastlinedefined", -1);
        }
        let short = info.source.as_deref().unwrap_or("?");
        let [first, last, _] = self.facts_of(info.function).unwrap_or_default();
        let name = match self.call.custom_section(&info.function, crate::codegen::CHUNK_SECTION) {
            Some((name, _)) => name.to_vec(),
            None => format!("@{short}").into_bytes(),
        };
        self.text("source", name)?;
        self.text("short_src", short)?;
        self.text("what", if info.own_name == "main chunk" { "main" } else { "Lua" })?;
        self.integer("linedefined", i64::from(first))?;
        self.integer("lastlinedefined", if first == 0 { 0 } else { i64::from(last) })
    }

    /// The first and last line of a function and its number of upvalues. Chunks begin at line 0.
    fn facts_of(&self, function: Value) -> Option<[u32; 3]> {
        let (section, number) = self.call.custom_section(&function, crate::codegen::LINES_SECTION)?;
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        // The compiler writes them in the order of their numbers.
        let entries = section.as_chunks::<16>().0;
        let found = entries.binary_search_by_key(&number, |entry| word(&entry[..4])).ok()?;
        let entry = &entries[found];
        Some([word(&entry[4..8]), word(&entry[8..12]), word(&entry[12..])])
    }

    fn active_lines(&mut self, info: &LevelInfo) -> Result<(), Raise> {
        let lines = self.call.table(0, 8)?;
        // The end of a function counts, even when nothing comes there; a chunk ends where its last statement does.
        let [first, last, _] = self.facts_of(info.function).unwrap_or_default();
        let found = self.call.function_lines(info.function);
        let end = (first > 0 && !found.is_empty()).then_some(last);
        for line in found.into_iter().chain(end) {
            self.call.heap().table_set_int(lines, i64::from(line), Value::TRUE).map_err(out_of_memory)?;
        }
        self.set("activelines", lines)
    }
}

fn getlocal(call: &mut HostCall<'_>) -> Answer {
    let (fiber, first) = fiber_argument(call);
    let number = call.check_integer(first + 1)?;
    let is_function = call.arg(first).tag() == Tag::FUNCTION;
    let Some(info) = info_of(call, fiber, first)? else {
        return Err(call.argument_error(first, "level out of range"));
    };
    if is_function {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let names = call.parameter_names(info.function);
        return match index.and_then(|index| names.get(index)) {
            Some(name) => call.return_text(name),
            None => call.return_one(Value::NIL),
        };
    }
    match variable(&info, number) {
        Some((name, value, _)) => {
            let name = call.string(name)?;
            call.return_values(&[name, value])
        }
        None => call.return_one(Value::NIL),
    }
}

/// The variable of a level with a number: from 1 on one of its own, from -1 down an argument past its parameters.
fn variable(info: &LevelInfo, number: i64) -> Option<(&str, Value, VariablePlace)> {
    let index = usize::try_from(number.unsigned_abs()).ok()?.checked_sub(1)?;
    if number < 0 {
        return Some(("(vararg)", *info.varargs.get(index)?, VariablePlace::Vararg(index)));
    }
    let LevelVariable { name, value, place } = info.variables.get(index)?;
    let without = if info.is_host { "(C temporary)" } else { "(temporary)" };
    Some((name.as_deref().unwrap_or(without), *value, *place))
}

fn setlocal(call: &mut HostCall<'_>) -> Answer {
    let (fiber, first) = fiber_argument(call);
    let level = call.check_integer(first)?;
    let number = call.check_integer(first + 1)?;
    let Some(info) = info_of(call, fiber, first)? else {
        return Err(call.argument_error(first, "level out of range"));
    };
    let value = call.check_any(first + 2)?;
    library(call).exact_upvalues = true;
    let Some((name, _, place)) = variable(&info, number) else { return call.return_one(Value::NIL) };
    // What was found is at a level that is not negative.
    call.set_variable(fiber, usize::try_from(level).unwrap_or(0), place, value);
    call.return_text(name)
}

fn getmetatable(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    let metatable = call.metatable(value);
    call.return_one(metatable)
}

fn setmetatable(call: &mut HostCall<'_>) -> Answer {
    let (value, metatable) = (call.arg(0), call.arg(1));
    if !matches!(metatable.tag(), Tag::NIL | Tag::TABLE) || call.arg_count() < 2 {
        return Err(call.kind_error(1, "nil or table"));
    }
    call.set_metatable(value, metatable)?;
    call.return_one(value)
}

fn getregistry(call: &mut HostCall<'_>) -> Answer {
    let registry = call.registered(REGISTRY);
    call.return_one(registry)
}

/// A function and the index of one of its captured values, from 0, with its name.
fn upvalue(call: &mut HostCall<'_>, first: usize) -> Result<Option<(Value, usize, String)>, Raise> {
    // What is loaded from here on is compiled so that this looks at what it expects.
    library(call).exact_upvalues = true;
    let number = call.check_integer(first + 1)?;
    let function = call.check_function(first)?;
    let Some(index) = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)) else { return Ok(None) };
    if call.heap().capture(function, index).is_none() {
        return Ok(None);
    }
    let unnamed = if call.function(function).is_some_and(|info| info.is_host) { "" } else { "(no name)" };
    let name = call.capture_name(function, index).unwrap_or(unnamed.to_owned());
    Ok(Some((function, index, name)))
}

fn getupvalue(call: &mut HostCall<'_>) -> Answer {
    let Some((function, index, name)) = upvalue(call, 0)? else { return call.return_none() };
    let value = call.heap().capture(function, index).unwrap_or(Value::NIL);
    let name = call.string(name)?;
    call.return_values(&[name, value])
}

fn setupvalue(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(2)?;
    let Some((function, index, name)) = upvalue(call, 0)? else { return call.return_none() };
    call.heap().set_capture(function, index, value);
    call.return_text(name)
}

fn upvalueid(call: &mut HostCall<'_>) -> Answer {
    let Some((function, index, _)) = upvalue(call, 0)? else { return call.return_one(Value::NIL) };
    let Some(identity) = call.heap().capture_identity(function, index) else { return call.return_one(Value::NIL) };
    let known = call.registered(UPVALUES);
    let mut value = call.heap().table_get_int(known, identity as i64);
    if value.is_nil() {
        value = call.heap().host_object(Box::new(UpvalueIdentity), Value::NIL).map_err(out_of_memory)?;
        call.heap().table_set_int(known, identity as i64, value).map_err(out_of_memory)?;
    }
    call.return_one(value)
}

/// Name of the table of values that stand for variables, by the number of the variable, in the machine's registry. It has weak
/// values: who compares such a value has it.
pub(super) const UPVALUES: &str = "lua.debug.upvalues";
/// The kind of these values in snapshots.
pub(super) const UPVALUE_KIND: &str = "upvalue";

/// What stands for a variable; only its identity counts.
pub(super) struct UpvalueIdentity;

impl HostObject for UpvalueIdentity {
    fn type_name(&self) -> &str {
        UPVALUE_KIND
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

fn upvaluejoin(call: &mut HostCall<'_>) -> Answer {
    let Some((function, index, _)) = upvalue(call, 0)? else {
        return Err(call.argument_error(1, "invalid upvalue index"));
    };
    let Some((other, other_index, _)) = upvalue(call, 2)? else {
        return Err(call.argument_error(3, "invalid upvalue index"));
    };
    if call.function(function).is_some_and(|info| info.is_host) {
        return Err(call.argument_error(0, "Lua function expected"));
    }
    if call.function(other).is_some_and(|info| info.is_host) {
        return Err(call.argument_error(2, "Lua function expected"));
    }
    call.heap().join_captures(function, index, other, other_index).map_err(out_of_memory)?;
    call.return_none()
}

fn getuservalue(call: &mut HostCall<'_>) -> Answer {
    call.integer_or(1, 1)?;
    call.return_one(Value::NIL)
}

fn setuservalue(call: &mut HostCall<'_>) -> Answer {
    call.integer_or(2, 1)?;
    let value = call.arg(0);
    if value.tag() != Tag::USERDATA {
        return Err(call.kind_error(0, "userdata"));
    }
    if call.heap().with_host_object(value, |_: &mut UpvalueIdentity| ()).is_some() {
        return Err(call.argument_error(0, "userdata expected, got light userdata"));
    }
    call.check_any(1)?;
    call.return_one(Value::NIL)
}

fn gethook(call: &mut HostCall<'_>) -> Answer {
    let (fiber, _) = fiber_argument(call);
    let Some((function, events)) = call.hook(fiber) else { return call.return_one(Value::NIL) };
    let letters = [(events.calls, 'c'), (events.returns, 'r'), (events.lines, 'l')];
    let mask: String = letters.into_iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter).collect();
    let mask = call.string(mask)?;
    call.return_values(&[function, mask, Value::int(i64::from(events.count))])
}

/// Name of the table of hooks, by their threads, among what [`REGISTRY`] has.
pub(super) const HOOKS: &str = "_HOOKKEY";

fn sethook(call: &mut HostCall<'_>) -> Answer {
    let (fiber, first) = fiber_argument(call);
    let hook = if call.is_absent(first) {
        None
    } else {
        let mask = call.check_text(first + 1)?;
        let has = |letter| mask.bytes().contains(&letter);
        let (calls, returns, lines) = (has(b'c'), has(b'r'), has(b'l'));
        let function = call.check_function(first)?;
        // As many as the reference implementation can count.
        let count = call.integer_or(first + 2, 0)?.clamp(0, i64::from(i32::MAX)) as u32;
        let events = HookEvents { calls, returns, lines, count };
        (events != HookEvents::default()).then_some((function, events))
    };
    let registry = call.registered(REGISTRY);
    let hooks = call.heap().table_get_name(registry, HOOKS.as_bytes());
    if hooks.is_table() {
        let thread = fiber.unwrap_or(call.running_fiber().0);
        let function = hook.map_or(Value::NIL, |(function, _)| function);
        call.heap().table_set(hooks, thread, function).map_err(out_of_memory)?;
    }
    if call.set_hook(fiber, hook) { Err(call.look_around()) } else { call.return_none() }
}
