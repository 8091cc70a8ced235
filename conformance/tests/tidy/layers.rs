//! The layers of `vm`: each may name only itself and what stands before it in [`ORDER`].

use crate::sources::collect;

/// From the bottom up. What a lower layer needs of a higher one comes down to it as data, see `vm/src/runtime/engine.rs`.
const ORDER: [&str; 15] = [
    "bytes",
    "value",
    "number",
    "format",
    "memory",
    "heap",
    "threaded",
    "runtime",
    "link",
    "handlers",
    "compile",
    "snapshot",
    "api",
    "raw",
    "embedding",
];

/// The layer of a file below `vm/src/`; none for `lib.rs`, which names them all.
fn layer(path: &str) -> Option<usize> {
    let name = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    ORDER.iter().position(|layer| *layer == name)
}

/// The names after `crate::` in a line of code.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
}

#[test]
fn no_layer_names_one_above_it() {
    let mut problems = Vec::new();
    for source in collect(&["rs"]) {
        let Some(path) = source.path.strip_prefix("vm/src/") else { continue };
        let Some(own) = layer(path) else {
            assert_eq!(path, "lib.rs", "vm/src/{path} is in no layer; add it to ORDER where it belongs");
            continue;
        };
        for (index, line) in source.text.lines().enumerate() {
            for name in named(line) {
                if layer(name).is_some_and(|other| other > own) {
                    problems.push(format!(
                        "vm/src/{path}:{}: `{}` names `{name}`, which is above",
                        index + 1,
                        ORDER[own]
                    ));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} places go up:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_rule_sees_what_it_forbids() {
    assert_eq!(named("use crate::api::machine::Machine; // crate::heap").collect::<Vec<_>>(), ["api"]);
    assert!(layer("heap/mod.rs") < layer("api/run.rs") && layer("lib.rs").is_none());
}
