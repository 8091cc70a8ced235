//! What a program says of itself before it is linked: what it imports, and what it can be called by.

use super::lua;
use minivm_isa::program::{FunctionDef, Import, Item, Origin};
use minivm_isa::{Program, Signature};
use minivm_wasm::wasi::{self, raw::THREADS_MODULE};
use std::collections::BTreeSet;

/// What the verified program has to say before the machine takes it.
pub(super) struct Outline {
    pub(super) imports_wasi: bool,
    pub(super) imports_std: bool,
    /// Whether it imports from modules that are not the command's own.
    pub(super) imports_modules: bool,
    pub(super) is_lua: bool,
    /// Whether something runs when it is instantiated.
    pub(super) has_start: bool,
    pub(super) exports: Vec<(String, Signature)>,
    /// The names of what exported functions capture, of those that capture anything.
    pub(super) captures: Vec<(String, Vec<String>)>,
}

impl Outline {
    /// What a program says.
    pub(super) fn new(program: &Program) -> Self {
        let is_lua = lua::is_chunk(program);
        let modules = imported_modules(program);
        let is_own = |module: &&str| [wasi::MODULE, THREADS_MODULE, minivm_std::MODULE].contains(module);
        let exports = program.exports.iter().filter_map(|export| match export.item {
            Item::Function(function) => {
                let signature = program.signatures[program.functions[function].signature()].clone();
                Some((export.name.clone(), signature))
            }
            Item::Global(_) | Item::Memory(_) | Item::Table(_) => None,
        });
        let captures = program.exports.iter().filter_map(|export| match export.item {
            Item::Function(function) => match &program.functions[function] {
                FunctionDef::Code(code) if !code.captures().is_empty() => {
                    let name = |index| code.capture_names.get(index).cloned().unwrap_or_else(|| format!("#{index}"));
                    Some((export.name.clone(), (0..code.captures.len()).map(name).collect()))
                }
                FunctionDef::Code(_) | FunctionDef::Import { .. } => None,
            },
            Item::Global(_) | Item::Memory(_) | Item::Table(_) => None,
        });
        Outline {
            imports_wasi: modules.contains(wasi::MODULE) || modules.contains(THREADS_MODULE),
            imports_std: modules.contains(minivm_std::MODULE),
            imports_modules: !is_lua && !modules.iter().all(is_own),
            is_lua,
            has_start: program.start.is_some(),
            exports: exports.collect(),
            captures: captures.collect(),
        }
    }

    /// The signature of an exported function.
    pub(super) fn export(&self, name: &str) -> Option<&Signature> {
        self.exports.iter().find(|(other, _)| other == name).map(|(_, signature)| signature)
    }
}

/// The modules that a program imports from.
fn imported_modules(program: &Program) -> BTreeSet<&str> {
    let functions = program.functions.values().filter_map(|function| match function {
        FunctionDef::Import { import, .. } => Some(import),
        FunctionDef::Code(_) => None,
    });
    let globals = program.globals.values().filter_map(|global| imported(&global.origin));
    let memories = program.memories.values().filter_map(|memory| imported(&memory.origin));
    let tables = program.tables.values().filter_map(|table| imported(&table.origin));
    functions.chain(globals).chain(memories).chain(tables).map(|import| import.module.as_str()).collect()
}

fn imported<T>(origin: &Origin<T>) -> Option<&Import> {
    match origin {
        Origin::Import(import) => Some(import),
        Origin::Own(_) => None,
    }
}
