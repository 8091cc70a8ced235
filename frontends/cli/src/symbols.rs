//! Names of the machine's handlers, from the symbols of this executable.

use std::collections::HashMap;

/// Names that were looked up.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    names: HashMap<usize, String>,
}

impl Symbols {
    /// The short name of the function at an address; the address itself where symbols were taken out of the executable.
    pub(crate) fn name(&mut self, address: usize) -> &str {
        self.names.entry(address).or_insert_with(|| look_up(address))
    }
}

fn look_up(address: usize) -> String {
    let mut found = None;
    // The crate is made for return addresses and looks one byte before.
    let inside = std::ptr::without_provenance_mut(address.wrapping_add(1));
    backtrace::resolve(inside, |symbol| {
        // The last one is the function itself; what is inlined into it comes before.
        found = symbol.name().map(|name| format!("{name:#}"));
    });
    found.map_or_else(|| format!("{address:#x}"), |name| short(&name))
}

/// A name without the modules that it and its parameters lie in.
fn short(name: &str) -> String {
    let mut text = String::new();
    let mut word_start = 0;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("::") {
            // `a::<T>` is `a<T>`; otherwise what stood before was a module.
            if !after.starts_with('<') {
                text.truncate(word_start);
            }
            rest = after;
            continue;
        }
        text.push(c);
        if !(c.is_alphanumeric() || c == '_') {
            word_start = text.len();
        }
        rest = &rest[c.len_utf8()..];
    }
    // The operators say what kind of number it is.
    ["<u32>", "<u64>", "<f32>", "<f64>"].iter().fold(text, |text, kind| text.replace(kind, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_modules() {
        assert_eq!(short("minivm::handlers::control::jump"), "jump");
        assert_eq!(short("a::b::set::<c::Add<d::e::Slot, u32>>"), "set<Add<Slot, u32>>");
        assert_eq!(short("main"), "main");
    }

    #[test]
    fn a_function_of_ours_has_a_name_or_an_address() {
        let address: fn(usize) -> String = look_up;
        let name = Symbols::default().name(address as usize).to_owned();
        assert!(name.contains("look_up") || name.starts_with("0x"), "{name}");
    }
}
