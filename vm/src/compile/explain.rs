//! Threaded code for people: what the loader made of a function.

use super::{Form, Translated};
use crate::compile::plan::Plan;
use crate::heap::Str;
use crate::runtime::context::Context;
use crate::runtime::definitions::InstanceId;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::instance::Instance;
use crate::threaded::kinds::Names;
use crate::threaded::notes::Note;
use crate::threaded::slots::{Slots, window};
use crate::threaded::stack_map::Fate;
use crate::threaded::{Code, Pc};
use crate::value::{Tag, Value};
use minivm_isa::Kind;
use minivm_isa::entities::{Func, Reg};
use minivm_isa::program::{Function, FunctionDef};
use std::fmt;

/// What the loader made of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadedForm {
    /// The threaded instructions in the order of their places.
    pub lines: Vec<ThreadedLine>,
    /// For each canonical instruction that is done inside of another one: inside of which.
    pub inside: Vec<Option<u32>>,
}

/// One threaded instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadedLine {
    /// Where it starts, in units of 16 bits from the entry of the function.
    pub offset: u32,
    /// Canonical index of the instruction that it does, or helps to do.
    pub canonical: u32,
    /// Its name.
    pub name: String,
    /// Its operands by name.
    pub operands: Vec<(&'static str, String)>,
}

/// Why there is no threaded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainError {
    /// The function is imported, or there is no function of this number.
    NoCode,
    /// The loader refuses it.
    NotLoaded(String),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExplainError::NoCode => f.write_str("the function has no code of its own"),
            ExplainError::NotLoaded(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ExplainError {}

/// The instruction that an instruction is folded into, in the end.
fn root(plan: &Plan, index: usize) -> Option<u32> {
    let mut found = None;
    let mut at = index;
    while let Fate::Folded(into) = plan.fate(at) {
        found = Some(into);
        at = into as usize;
    }
    found
}

fn lines(code: &Code, notes: &[Note], names: &dyn Names) -> Vec<ThreadedLine> {
    let line = |(&(offset, canonical), note): (&(u32, u32), &Note)| {
        // SAFETY: there is a note for each instruction, in their order.
        let operands = unsafe { note.show(code, code.at(offset), names) };
        ThreadedLine { offset, canonical, name: note.name().to_owned(), operands }
    };
    code.instructions().iter().zip(notes).map(line).collect()
}

/// Characters of a string that are shown.
const STRING_MAX: usize = 40;

/// What the operands of a function mean.
struct FunctionNames<'a> {
    function: &'a Function,
    slots: &'a Slots,
    instance: &'a Instance,
    code: &'a Code,
}

impl Names for FunctionNames<'_> {
    fn word(&self, word: usize) -> String {
        let begins_before = |reg: &Reg| usize::from(self.slots.of(*reg)) <= word;
        if word < self.slots.words()
            && let Some(reg) = self.function.registers.keys().take_while(begins_before).last()
        {
            return match word - usize::from(self.slots.of(reg)) {
                0 => reg.to_string(),
                more => format!("{reg}+{more}"),
            };
        }
        let window = window(self.slots);
        match word.checked_sub(window) {
            Some(0) => "window".to_owned(),
            Some(more) => format!("window+{more}"),
            None => format!("scratch+{}", word - self.slots.words()),
        }
    }

    fn place(&self, pc: Pc) -> String {
        self.code.block_that_starts_at(pc).map_or_else(|| "?".to_owned(), |block| block.to_string())
    }

    fn address(&self, address: u64) -> String {
        let instance = self.instance;
        let program = &instance.program;
        let is_here = |place: usize| place as u64 == address;
        let function = |&func: &Func| {
            let info = instance.known_function(func);
            is_here(instance.closure(func).addr()) || info.is_some_and(|info| is_here(std::ptr::from_ref(info).addr()))
        };
        let layout = || instance.layouts().iter().position(|layout| is_here(std::ptr::from_ref(&**layout).addr()));
        let found = program.functions.keys().find(function).map(|func| func.to_string());
        found
            .or_else(|| program.globals.keys().find(|&global| is_here(instance.global(global).addr())).map(text))
            .or_else(|| program.memories.keys().find(|&memory| is_here(instance.memory(memory).addr())).map(text))
            .or_else(|| program.tables.keys().find(|&table| is_here(instance.table(table).addr())).map(text))
            .or_else(|| program.data.keys().find(|&data| is_here(instance.data(data).addr())).map(text))
            .or_else(|| program.elements.keys().find(|&element| is_here(instance.element(element).addr())).map(text))
            .or_else(|| layout().map(|index| format!("layout{index}")))
            .unwrap_or_else(|| "?".to_owned())
    }

    fn value(&self, value: Value) -> String {
        match value.tag() {
            Tag::INT | Tag::FLOAT => crate::format::number(value),
            Tag::STRING => {
                // SAFETY: the function keeps the strings of its constants alive.
                let text = value.as_string().map(|string| unsafe { Str::bytes(string) }).unwrap_or_default();
                let shown = text[..text.len().min(STRING_MAX)].escape_ascii();
                format!("\"{shown}{}\"", if text.len() > STRING_MAX { "…" } else { "" })
            }
            Tag::FUNCTION => self.address(value.payload()),
            tag => Kind::from_number(u64::from(tag.0)).map_or("?", Kind::name).to_owned(),
        }
    }

    fn signature(&self, number: u32) -> String {
        let index = self.instance.signature_of_number(number);
        index.map_or_else(|| "?".to_owned(), |index| format!("sig{index}"))
    }

    fn layout(&self, number: u32) -> String {
        let index = self.instance.layouts().iter().position(|layout| layout.number == number);
        index.map_or_else(|| "?".to_owned(), |index| format!("layout{index}"))
    }
}

fn text(index: impl fmt::Display) -> String {
    index.to_string()
}

/// What the compiler makes of a function; see [`Machine::threaded_form`](crate::raw::Machine::threaded_form).
pub(crate) fn threaded_form(
    cx: &mut Context,
    instance: InstanceId,
    function: Func,
) -> Result<ThreadedForm, ExplainError> {
    let instance = cx.instance(instance);
    if !matches!(instance.program.functions.get(function), Some(FunctionDef::Code(_))) {
        return Err(ExplainError::NoCode);
    }
    let info: *const FunctionInfo = instance.function_info(function);
    // SAFETY: functions live as long as their instances, in their own boxes.
    let info = unsafe { &*info };
    let Body::Guest(guest) = &info.body else { return Err(ExplainError::NoCode) };
    let refused = |error: crate::compile::CompileError| ExplainError::NotLoaded(error.to_string());
    guest.make_portable(cx.heap.budget()).map_err(|_| refused(crate::compile::CompileError::OutOfMemory))?;
    crate::compile::make_closures(cx, guest).map_err(refused)?;
    let constants = crate::compile::make_constants(cx, guest).map_err(refused)?;
    let translated = super::translate(guest, info, constants, cx.main_memory_of, Form::Explained);
    let Translated { code, plan, notes } = translated.map_err(refused)?;
    let inside = (0..guest.portable().code.len()).map(|index| root(&plan, index)).collect();
    // SAFETY: instances outlive their functions.
    let instance = unsafe { &*guest.instance };
    let names = FunctionNames { function: guest.portable(), slots: guest.slots(), instance, code: &code };
    Ok(ThreadedForm { lines: lines(&code, &notes, &names), inside })
}
