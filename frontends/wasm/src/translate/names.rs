//! Names of functions and locals from the name section.

use std::fmt::{self, Write};
use std::ops::Range;
use wasmparser::{Name, NameSectionReader, Naming};

/// What the name section says: where in the module the names are, so that only those take room that somebody wants to know.
#[derive(Default)]
pub(super) struct Names {
    /// Names of functions by index, ascending; of two for one function the last counts.
    functions: Vec<(u32, Place)>,
    /// Which of the names of locals are those of a function, likewise.
    locals: Vec<(u32, Range<usize>)>,
    /// Names of locals by index.
    names_of_locals: Vec<(u32, Place)>,
}

/// Where a name begins in the module, and its bytes.
#[derive(Clone, Copy)]
struct Place {
    start: u32,
    length: u32,
}

impl Place {
    /// Where a part of the module is.
    fn of(name: &str, module: &[u8]) -> Option<Place> {
        let start = name.as_ptr().addr().checked_sub(module.as_ptr().addr())?;
        Some(Place { start: u32::try_from(start).ok()?, length: u32::try_from(name.len()).ok()? })
    }

    fn name(self, module: &[u8]) -> &str {
        let name = module.get(self.start as usize..self.start as usize + self.length as usize);
        std::str::from_utf8(name.unwrap_or_default()).unwrap_or_default()
    }
}

/// What a list by index, ascending, says last of an index.
fn last_of<T>(list: &[(u32, T)], index: u32) -> Option<&T> {
    let after = list.partition_point(|(other, _)| *other <= index);
    list[..after].last().filter(|(other, _)| *other == index).map(|(_, found)| found)
}

impl Names {
    /// Reads what is well formed in the section of a module: a damaged name section is no error.
    pub(super) fn read(&mut self, section: NameSectionReader<'_>, module: &[u8]) {
        let placed = |naming: Naming<'_>| Some((naming.index, Place::of(naming.name, module)?));
        for subsection in section {
            match subsection {
                Ok(Name::Function(names)) => {
                    self.functions.extend(names.into_iter().map_while(Result::ok).filter_map(placed));
                }
                Ok(Name::Local(functions)) => {
                    for function in functions.map_while(Result::ok) {
                        let start = self.names_of_locals.len();
                        self.names_of_locals.extend(function.names.map_while(Result::ok).filter_map(placed));
                        self.locals.push((function.index, start..self.names_of_locals.len()));
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        // Sections are in order as a rule; what came later stays behind what it replaces.
        self.functions.sort_by_key(|&(index, _)| index);
        self.locals.sort_by_key(|&(index, _)| index);
        self.functions.shrink_to_fit();
        self.locals.shrink_to_fit();
        self.names_of_locals.shrink_to_fit();
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.functions) + size_of_val(&*self.locals) + size_of_val(&*self.names_of_locals)
    }

    /// The name of a function.
    pub(super) fn function(&self, index: u32, module: &[u8]) -> Option<String> {
        last_of(&self.functions, index).map(|place| demangled(place.name(module)))
    }

    /// The names of the locals of a function.
    pub(super) fn locals<'m>(&self, function: u32, module: &'m [u8]) -> impl Iterator<Item = (u32, &'m str)> {
        let range = last_of(&self.locals, function).cloned().unwrap_or_default();
        self.names_of_locals[range].iter().map(|&(local, place)| (local, place.name(module)))
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
