//! The chapters of the guide with Rust in them, so that `cargo test` compiles and runs all of it. `tests/guide.rs` checks the rest,
//! and that no chapter is missing here.

macro_rules! chapters {
    ($($name:ident $path:literal)*) => {
        $(#[doc = include_str!(concat!("../../../builder/guide/src/", $path))]
        mod $name {})*
    };
}

chapters! {
    hello "hello.md"
    values "values.md"
    cookbook "cookbook.md"
    mistakes "mistakes.md"
}
