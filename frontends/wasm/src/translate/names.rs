//! Names of functions and locals from the name section.

use std::collections::HashMap;
use wasmparser::{Name, NameSectionReader};

/// What the name section says.
#[derive(Default)]
pub(super) struct Names {
    /// Names of functions by index.
    pub(super) functions: HashMap<u32, String>,
    /// Names of locals, by function.
    pub(super) locals: HashMap<u32, Vec<(u32, String)>>,
}

impl Names {
    /// Reads what is well formed: a damaged name section is no error.
    pub(super) fn read(&mut self, section: NameSectionReader<'_>) {
        for subsection in section {
            match subsection {
                Ok(Name::Function(names)) => {
                    let names = names.into_iter().map_while(Result::ok);
                    self.functions.extend(names.map(|naming| (naming.index, naming.name.to_owned())));
                }
                Ok(Name::Local(functions)) => {
                    for function in functions.map_while(Result::ok) {
                        let names = function.names.map_while(Result::ok);
                        let names = names.map(|naming| (naming.index, naming.name.to_owned())).collect();
                        self.locals.insert(function.index, names);
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}
