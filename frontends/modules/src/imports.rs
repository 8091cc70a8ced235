//! What a program imports, and what values of programs satisfy it.

use crate::arguments::shown;
use crate::objects::{item_of, kind_name};
use minivm::raw::{Extern, ExternKind, HostCall, Tag, Value};
use minivm_isa::program::{ElementType, FunctionDef, Import, Origin, Program};
use minivm_isa::{Signature, Type};
use std::collections::HashSet;

/// An import, with what has to be known of it.
pub(crate) struct Wanted {
    pub(crate) module: String,
    pub(crate) name: String,
    kind: Kind,
}

enum Kind {
    Function(Signature),
    Global { ty: Type, holds: ElementType, mutable: bool },
    Memory,
    Table,
}

/// Everything that a program imports.
pub(crate) fn wanted(program: &Program) -> Vec<Wanted> {
    let mut list = Vec::new();
    let mut add = |import: &Import, kind: Kind| {
        list.push(Wanted { module: import.module.clone(), name: import.name.clone(), kind });
    };
    for function in program.functions.values() {
        if let FunctionDef::Import { import, signature } = function {
            add(import, Kind::Function(program.signatures[*signature].clone()));
        }
    }
    for global in program.globals.values() {
        if let Origin::Import(import) = &global.origin {
            add(import, Kind::Global { ty: global.ty, holds: global.holds, mutable: global.mutable });
        }
    }
    for memory in program.memories.values() {
        if let Origin::Import(import) = &memory.origin {
            add(import, Kind::Memory);
        }
    }
    for table in program.tables.values() {
        if let Origin::Import(import) = &table.origin {
            add(import, Kind::Table);
        }
    }
    list
}

/// The names of the modules that a program imports from, each once.
pub(crate) fn modules(wanted: &[Wanted]) -> Vec<String> {
    let mut known = HashSet::new();
    wanted.iter().map(|import| &import.module).filter(|module| known.insert(*module)).cloned().collect()
}

/// Entries of a module that are looked at for its names, and names that are listed.
const ENTRIES_MAX: usize = 1000;
const LISTED_MAX: usize = 40;

/// The names in a module, in their order.
fn names_in(call: &mut HostCall<'_>, module: Value) -> Vec<String> {
    let (mut names, mut key) = (Vec::new(), Value::NIL);
    for _ in 0..ENTRIES_MAX {
        let Ok(Some((next, _))) = call.heap().table_next(module, key) else { break };
        key = next;
        names.extend(key.as_bytes().map(|name| String::from_utf8_lossy(name).into_owned()));
    }
    names.sort_unstable();
    if names.len() > LISTED_MAX {
        names.truncate(LISTED_MAX);
        names.push("…".to_owned());
    }
    names
}

impl Wanted {
    /// What kind of thing it is.
    pub(crate) fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Function(_) => "function",
            Kind::Global { holds, .. } if holds.is_tag() => "tag",
            Kind::Global { .. } => "global",
            Kind::Memory => "memory",
            Kind::Table => "table",
        }
    }

    /// What is needed, for messages.
    fn description(&self) -> String {
        match &self.kind {
            Kind::Function(signature) => format!("function {signature}"),
            Kind::Global { ty, mutable: true, .. } => format!("mutable global of type {ty}"),
            Kind::Global { ty, mutable: false, .. } => format!("global of type {ty}"),
            Kind::Memory => "memory".to_owned(),
            Kind::Table => "table".to_owned(),
        }
    }

    /// What a module's value has for this import; none where the host has defined it.
    ///
    /// # Errors
    /// A message that names the import.
    pub(crate) fn resolve(&self, call: &mut HostCall<'_>, module: Value) -> Result<Option<Extern>, String> {
        let place = format!("import '{}.{}'", self.module, self.name);
        let value = call.heap().table_get_name(module, self.name.as_bytes());
        if value.is_nil() {
            if call.defined(&self.module, &self.name).is_some() {
                return Ok(None);
            }
            let needed = self.description();
            let there_is = |names: Vec<String>| match names.is_empty() {
                true => "nothing".to_owned(),
                false => names.join(", "),
            };
            return Err(match module.tag() {
                Tag::TABLE => {
                    let names = there_is(names_in(call, module));
                    format!(
                        "unknown {place}: module '{}' has no such field, but {names} ({needed} expected)",
                        self.module
                    )
                }
                Tag::NIL if !call.defined_names(&self.module).is_empty() => {
                    let names = there_is(call.defined_names(&self.module));
                    format!("unknown {place}: '{}' has {names} ({needed} expected)", self.module)
                }
                Tag::NIL => format!("unknown {place}: there is no module '{}' ({needed} expected)", self.module),
                _ => {
                    let found = shown(call, module);
                    format!("unknown {place}: module '{}' is a {found}, not a table", self.module)
                }
            });
        }
        match self.item(call, value) {
            Ok(item) => Ok(Some(item)),
            Err(expected) => {
                let found = shown(call, value);
                Err(format!("incompatible {place}: {expected} expected, got {found}"))
            }
        }
    }

    /// The item that a value stands for, or what was expected.
    fn item(&self, call: &mut HostCall<'_>, value: Value) -> Result<Extern, String> {
        let kind = match &self.kind {
            Kind::Function(_) => ExternKind::Function,
            Kind::Global { .. } => ExternKind::Global,
            Kind::Memory => ExternKind::Memory,
            Kind::Table => ExternKind::Table,
        };
        if let Some(item) = item_of(call, value, kind) {
            return Ok(item);
        }
        match &self.kind {
            // A plain value is a global that never changes. Objects stand for what they are, unless anything may come.
            Kind::Global { ty, holds, mutable: false } => call.new_global((*ty, *holds), false, value),
            Kind::Function(_) => Err(self.description()),
            Kind::Global { .. } => Err(format!("{} ({})", kind_name(kind), self.description())),
            Kind::Memory | Kind::Table => Err(kind_name(kind).to_owned()),
        }
    }
}
