//! What a function gets when it has been translated: names, and lines of what the module was compiled from.

use super::function::Body;
use super::lines::Lines;
use super::names::Names;
use minivm_isa::entities::Func;
use minivm_isa::program::{Export, Function, Item, Local};
use std::collections::HashMap;

/// Bytes that the entry of a name takes besides its text.
const EXPORTED_BYTES: usize = 64;

/// What a module says about its functions for people.
pub(super) struct Annotations {
    names: Names,
    /// The first name that functions are exported by.
    exported: HashMap<Func, String>,
    lines: Option<Lines>,
    /// Where the contents of the code section begin.
    code_start: u64,
}

impl Annotations {
    pub(super) fn new(names: Names, exports: &[Export], lines: Option<Lines>, code_start: u64) -> Self {
        let mut exported = HashMap::new();
        for export in exports {
            if let Item::Function(function) = export.item {
                exported.entry(function).or_insert_with(|| export.name.clone());
            }
        }
        Annotations { names, exported, lines, code_start }
    }

    /// Bytes that they take, about.
    pub(super) fn bytes(&self) -> usize {
        let exported: usize = self.exported.values().map(|name| EXPORTED_BYTES + name.len()).sum();
        self.names.bytes() + exported + self.lines.as_ref().map_or(0, Lines::bytes)
    }

    /// The name of a function of this module, if it has one.
    pub(super) fn name(&self, number: Func, module: &[u8]) -> Option<String> {
        self.names.function(number.as_u32(), module).or_else(|| self.exported.get(&number).cloned())
    }

    /// The function with everything that the module says about it.
    pub(super) fn annotated(&self, number: Func, body: Body, module: &[u8]) -> Function {
        let Body { mut function, locals, .. } = body;
        if let Some(name) = self.name(number, module) {
            function.name = name;
        }
        let end = u32::try_from(function.code.len()).expect("code is counted in u32");
        for (local, name) in self.names.locals(number.as_u32(), module) {
            // The section may name more locals than there are.
            if let Some(register) = locals.register(local) {
                function.locals.push(Local { name: name.to_owned(), register, start: 0, end });
            }
        }
        function.locals.shrink_to_fit();
        if let Some(lines) = &self.lines {
            lines.apply(&mut function, self.code_start);
        }
        function
    }
}
