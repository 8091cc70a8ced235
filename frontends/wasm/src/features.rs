//! The proposals of WebAssembly: which are translated, which a user may switch off, and how a module's need for one is found out.
//! Every list of them (errors, help, the README) follows from [`PROPOSALS`].

use std::fmt;
use std::str::FromStr;
use wasmparser::{Validator, WasmFeatures};

/// An extension of WebAssembly 1.0.
#[derive(Debug)]
pub struct Proposal {
    /// The name that switches it off, which is that of its repository.
    pub name: &'static str,
    /// The version of the standard that it is part of, if it is.
    pub version: Option<&'static str>,
    /// What it adds.
    pub adds: &'static str,
    /// Whether it is translated.
    pub is_supported: bool,
    /// Its bit in a choice as a number, for ever.
    bit: u32,
    flags: WasmFeatures,
}

/// All proposals that a module can use, in the order in which they are named when it uses several. One that builds on another
/// stands before it.
pub const PROPOSALS: &[Proposal] = &[
    no(0, "shared-everything-threads", None, "objects that threads share", WasmFeatures::SHARED_EVERYTHING_THREADS),
    no(1, "stack-switching", None, "continuations", WasmFeatures::STACK_SWITCHING),
    no(2, "memory-control", None, "pages given back", WasmFeatures::MEMORY_CONTROL),
    yes(3, "custom-page-sizes", None, "memories with pages of one byte", WasmFeatures::CUSTOM_PAGE_SIZES),
    yes(4, "wide-arithmetic", None, "128-bit arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    yes(5, "threads", None, "shared memories and atomic access, threads of WASI", WasmFeatures::THREADS),
    yes(6, "relaxed-simd", Some("3.0"), "vector instructions that machines choose", WasmFeatures::RELAXED_SIMD),
    yes(7, "simd", Some("2.0"), "vectors of 128 bits", WasmFeatures::SIMD),
    yes(8, "memory64", Some("3.0"), "memories and tables with 64-bit addresses", WasmFeatures::MEMORY64),
    yes(21, "custom-descriptors", None, "values that describe types, exact types", WasmFeatures::CUSTOM_DESCRIPTORS),
    yes(9, "gc", Some("3.0"), "structs and arrays on the heap", WasmFeatures::GC),
    yes(10, "legacy-exceptions", None, "exceptions as compilers made them before 3.0", WasmFeatures::LEGACY_EXCEPTIONS),
    yes(11, "exception-handling", Some("3.0"), "exceptions", WasmFeatures::EXCEPTIONS),
    yes(12, "function-references", Some("3.0"), "references to functions of a type", WasmFeatures::FUNCTION_REFERENCES),
    yes(13, "multi-memory", Some("3.0"), "several memories", WasmFeatures::MULTI_MEMORY),
    yes(14, "extended-const", Some("3.0"), "arithmetic in constant expressions", WasmFeatures::EXTENDED_CONST),
    yes(15, "tail-call", Some("3.0"), "calls in place of returns", WasmFeatures::TAIL_CALL),
    yes(16, "reference-types", Some("2.0"), "`funcref` and `externref`, several tables", WasmFeatures::REFERENCE_TYPES),
    yes(17, "bulk-memory-operations", Some("2.0"), "filling and copying, passive segments", WasmFeatures::BULK_MEMORY),
    yes(18, "multi-value", Some("2.0"), "several results, parameters of blocks", WasmFeatures::MULTI_VALUE),
    yes(
        19,
        "nontrapping-float-to-int-conversions",
        Some("2.0"),
        "conversions that saturate",
        WasmFeatures::SATURATING_FLOAT_TO_INT,
    ),
    yes(20, "sign-extension-ops", Some("2.0"), "sign extension", WasmFeatures::SIGN_EXTENSION),
];

/// Proposals that mean nothing without another one.
const BUILT_ON: [(&str, &str); 5] = [
    ("custom-descriptors", "gc"),
    ("relaxed-simd", "simd"),
    ("legacy-exceptions", "exception-handling"),
    ("gc", "function-references"),
    ("function-references", "reference-types"),
];

const fn yes(
    bit: u32,
    name: &'static str,
    version: Option<&'static str>,
    adds: &'static str,
    flags: WasmFeatures,
) -> Proposal {
    Proposal { name, version, adds, is_supported: true, bit, flags }
}

const fn no(
    bit: u32,
    name: &'static str,
    version: Option<&'static str>,
    adds: &'static str,
    flags: WasmFeatures,
) -> Proposal {
    Proposal { name, version, adds, is_supported: false, bit, flags }
}

/// Which proposals modules may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features(WasmFeatures);

impl Default for Features {
    /// All that are supported.
    fn default() -> Self {
        let supported = PROPOSALS.iter().filter(|proposal| proposal.is_supported);
        Features(supported.fold(WasmFeatures::WASM1, |flags, proposal| flags.union(proposal.flags)))
    }
}

impl Features {
    /// What the validator is given.
    pub(crate) fn flags(self) -> WasmFeatures {
        self.0
    }

    /// Switches a proposal off, and those that build on it.
    fn remove(&mut self, proposal: &Proposal) {
        self.0.remove(proposal.flags);
        let built = BUILT_ON.iter().filter(|(_, on)| *on == proposal.name).map(|(built, _)| *built);
        for built in built {
            PROPOSALS.iter().filter(|other| other.name == built).for_each(|other| self.remove(other));
        }
    }

    /// The choice as a number, for a state that is saved.
    pub fn to_bits(self) -> u64 {
        let on = PROPOSALS.iter().filter(|proposal| self.0.contains(proposal.flags));
        on.fold(0, |sum, proposal| sum | 1 << proposal.bit)
    }

    /// The choice that a number says; what is not supported stays off.
    pub fn from_bits(bits: u64) -> Features {
        let mut features = Features::default();
        let off = PROPOSALS.iter().filter(|proposal| bits >> proposal.bit & 1 == 0);
        off.for_each(|proposal| features.remove(proposal));
        features
    }
}

/// Why a list of proposals makes no sense.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeaturesError(String);

impl fmt::Display for FeaturesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FeaturesError {}

impl FromStr for Features {
    type Err = FeaturesError;

    /// Names separated by commas, from the first to the last: `-name` switches a proposal off, `name` on, and `none` and `all` all
    /// of them.
    fn from_str(text: &str) -> Result<Self, FeaturesError> {
        let mut features = Features::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match (word, word.strip_prefix('-')) {
                ("all", _) => features = Features::default(),
                ("none", _) => features = Features(WasmFeatures::WASM1),
                (_, Some(name)) => features.remove(known(name)?),
                (name, None) => {
                    let proposal = known(name)?;
                    if !proposal.is_supported {
                        return Err(FeaturesError(format!("the WebAssembly proposal '{name}' is not supported")));
                    }
                    features.0.insert(proposal.flags);
                }
            }
        }
        Ok(features)
    }
}

fn known(name: &str) -> Result<&'static Proposal, FeaturesError> {
    let found = PROPOSALS.iter().find(|proposal| proposal.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> =
            PROPOSALS.iter().filter(|proposal| proposal.is_supported).map(|known| known.name).collect();
        FeaturesError(format!("unknown WebAssembly proposal '{name}'; there are {}", names.join(", ")))
    })
}

/// The proposals that a module needs and is not given, for a module that is valid when it may use everything. None when it is
/// not: then the error is the one that holds whatever is switched on.
pub(crate) fn missing(bytes: &[u8], given: Features) -> Result<Vec<&'static Proposal>, wasmparser::Error> {
    let is_valid = |flags| Validator::new_with_features(flags).validate_all(bytes).map(drop);
    // A component is not a module, whatever its instructions are.
    let all = WasmFeatures::all().difference(WasmFeatures::COMPONENT_MODEL);
    is_valid(all)?;
    let (mut flags, mut missing) = (all, Vec::new());
    for proposal in PROPOSALS.iter().filter(|proposal| !given.0.contains(proposal.flags)) {
        let without = flags.difference(proposal.flags);
        match is_valid(without) {
            Ok(()) => flags = without,
            Err(_) => missing.push(proposal),
        }
    }
    Ok(missing)
}

/// The supported proposals as a paragraph of help.
pub fn help() -> String {
    let list = |is_supported| {
        let names: Vec<&str> =
            PROPOSALS.iter().filter(|known| known.is_supported == is_supported).map(|known| known.name).collect();
        names.join(", ")
    };
    format!("WebAssembly 1.0 and: {}.\nNot supported: {}.", list(true), list(false))
}

/// All proposals as a table in Markdown.
pub fn table() -> String {
    let mut rows: Vec<String> = PROPOSALS
        .iter()
        .rev()
        .map(|Proposal { name, version, adds, is_supported, .. }| {
            let support = if *is_supported { "yes" } else { "no" };
            format!("| `{name}` | {} | {adds} | {support} |\n", version.unwrap_or("–"))
        })
        .collect();
    rows.insert(0, "| proposal | in | adds | supported |\n|---|---|---|---|\n".to_owned());
    rows.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_their_order() {
        let features = |text: &str| text.parse::<Features>();
        assert_eq!(features(""), Ok(Features::default()));
        assert_eq!(features("none,all"), Ok(Features::default()));
        assert_eq!(features("none").map(Features::flags), Ok(WasmFeatures::WASM1));
        let without = features("-tail-call, -multi-memory").expect("both are known");
        assert!(
            !without.flags().contains(WasmFeatures::TAIL_CALL) && without.flags().contains(WasmFeatures::MULTI_VALUE)
        );
        assert_eq!(features("none,tail-call").map(|one| one.to_bits().count_ones()), Ok(1));
        assert!(features("-nonsense").is_err_and(|error| error.to_string().contains("unknown")));
        assert!(features("stack-switching").is_err_and(|error| error.to_string().contains("not supported")));
    }

    #[test]
    fn a_choice_is_a_number() {
        for text in ["all", "none", "-tail-call", "none,multi-value"] {
            let features: Features = text.parse().expect("all are known");
            assert_eq!(Features::from_bits(features.to_bits()), features);
        }
    }

    /// `MINIVM_BLESS=1` renews it.
    #[test]
    fn the_readme_has_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
        let text = std::fs::read_to_string(path).expect("it is there");
        let (begin, end) = ("<!-- proposals -->\n", "<!-- end of proposals -->");
        let (before, rest) = text.split_once(begin).expect("the table has a place");
        let (found, after) = rest.split_once(end).expect("the table has an end");
        if std::env::var_os("MINIVM_BLESS").is_some() {
            std::fs::write(path, [before, begin, &table(), end, after].concat()).expect("it can be written");
        } else {
            assert_eq!(found, table());
        }
    }
}
