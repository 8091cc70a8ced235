//! Names of functions and locals from the name section.

use std::collections::HashMap;
use std::fmt::{self, Write};
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
                    self.functions.extend(names.map(|naming| (naming.index, demangled(naming.name))));
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

/// The name of a function as it is in the source, where a compiler of Rust has made a symbol of it. Linkers do that for C++.
pub(super) fn demangled(symbol: &str) -> String {
    let is_mangled = ["_ZN", "_R"].iter().any(|start| symbol.starts_with(start));
    let demangled = rustc_demangle::try_demangle(symbol).ok().filter(|_| is_mangled);
    // A short symbol may mean a very long name.
    let mut name = Bounded { text: String::new(), left: 2 * symbol.len() };
    match demangled {
        Some(demangled) if write!(name, "{demangled:#}").is_ok() => name.text,
        _ => symbol.to_owned(),
    }
}

/// Text that may have so many bytes more.
struct Bounded {
    text: String,
    left: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.left = self.left.checked_sub(part.len()).ok_or(fmt::Error)?;
        self.text.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::demangled;

    #[test]
    fn symbols_of_rust_are_names_of_the_source() {
        assert_eq!(demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"), "core::fmt::Write::write_fmt");
        assert_eq!(demangled("_RNvCs15kBYyAo9fc_7mycrate7example"), "mycrate::example");
        for other in ["main", "_Z3addii", "_ZN", "__wasm_call_ctors", "core::fmt::write", ""] {
            assert_eq!(demangled(other), other);
        }
        // References back that double what there is again and again.
        let doubling = (0..40).fold("_RIC0".to_owned(), |symbol, _| symbol + "TB_B_E") + "E";
        assert!(demangled(&doubling).len() <= 2 * doubling.len());
    }
}
