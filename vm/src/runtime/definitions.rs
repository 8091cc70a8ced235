//! What programs can import, and numbers of instances.

use crate::runtime::instance::{GlobalCell, SharedMemory, SharedTable};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Something a program can import.
#[derive(Clone)]
pub(crate) enum Definition {
    Function(Value),
    Global(Rc<GlobalCell>),
    Memory(SharedMemory),
    Table(SharedTable),
}

/// What programs can import, by module and name.
#[derive(Default)]
pub(crate) struct Definitions {
    items: BTreeMap<String, BTreeMap<String, Definition>>,
}

impl Definitions {
    pub(crate) fn get(&self, module: &str, name: &str) -> Option<&Definition> {
        self.items.get(module)?.get(name)
    }

    pub(crate) fn names(&self, module: &str) -> impl Iterator<Item = &str> {
        self.items.get(module).into_iter().flat_map(|items| items.keys().map(String::as_str))
    }

    pub(crate) fn set(&mut self, module: &str, name: &str, definition: Definition) {
        self.items.entry(module.to_string()).or_default().insert(name.to_string(), definition);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &Definition)> {
        self.items.iter().flat_map(|(module, items)| {
            items.iter().map(move |(name, definition)| (module.as_str(), name.as_str(), definition))
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Definition> + '_ {
        self.items.values().flat_map(BTreeMap::values)
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = Value> + '_ {
        self.items.values().flat_map(BTreeMap::values).filter_map(|definition| match definition {
            Definition::Function(value) => Some(*value),
            Definition::Global(_) | Definition::Memory(_) | Definition::Table(_) => None,
        })
    }
}

/// Names that are listed at most.
const LISTED_MAX: usize = 40;

/// The names in a module, else the modules, as the end of a sentence.
pub(crate) fn what_there_is(module: &str, known: [&Definitions; 2]) -> String {
    let all = || known.iter().flat_map(|definitions| definitions.iter());
    let names: BTreeSet<&str> = all().filter(|(found, ..)| *found == module).map(|(_, name, _)| name).collect();
    let modules: BTreeSet<&str> = all().map(|(module, ..)| module).collect();
    let list = |names: &BTreeSet<&str>| {
        let listed: Vec<&str> = names.iter().take(LISTED_MAX).copied().collect();
        let more = if names.len() > LISTED_MAX { ", …" } else { "" };
        listed.join(", ") + more
    };
    if !names.is_empty() {
        format!(": '{module}' has {}", list(&names))
    } else if !modules.is_empty() {
        format!(": there is no module '{module}', but {}", list(&modules))
    } else {
        String::new()
    }
}

/// A loaded program of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceId(pub(crate) u32);

impl InstanceId {
    /// Keeps the program, for an object of the host that knows it by its number: for its
    /// [`trace`](crate::heap::HostObject::trace).
    pub fn mark(self, marker: &mut crate::heap::Marker) {
        marker.mark_outside(self.0);
    }
}
