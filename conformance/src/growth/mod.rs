//! Inputs of any size that are as hard as can be on one pass each, and what passes they go through. What a pass does with an
//! input twice as large must be about twice as much.
//!
//! | file | inputs for |
//! |---|---|
//! | `text` | the parser of the text form, and what prints |
//! | `items` | the items of a program: signatures, layouts, imports, segments, initial values |
//! | `flow` | what follows the control flow of a function |
//! | `loading` | what makes threaded code, and the collector's view of it |
//! | `wasm` | the translation of WebAssembly |
//! | `lua` | the Lua compiler |
//! | [`stages`] | the passes |

mod flow;
mod items;
mod loading;
mod lua;
pub mod stages;
mod text;
mod wasm;

/// Something to compile.
pub enum Input {
    /// A program in the text form.
    Text(String),
    /// A WebAssembly module.
    Wasm(Vec<u8>),
    /// A Lua chunk.
    Lua(String),
}

/// A family of inputs of different sizes.
#[derive(Clone, Copy)]
pub struct Shape {
    /// What it is called.
    pub name: &'static str,
    /// A size at which the size itself, not what there is besides, decides how much is done; the test takes it and twice as
    /// much.
    pub size: usize,
    /// The input of a size.
    pub make: fn(usize) -> Input,
}

/// All families.
pub fn shapes() -> Vec<Shape> {
    let lists = [text::SHAPES, items::SHAPES, flow::SHAPES, loading::SHAPES, wasm::SHAPES, lua::SHAPES];
    lists.into_iter().flatten().copied().collect()
}

/// `count` pieces, one after the other.
fn repeat(count: usize, piece: impl FnMut(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// `count` pieces with a separator between them.
fn join(count: usize, separator: &str, piece: impl FnMut(usize) -> String) -> String {
    (0..count).map(piece).collect::<Vec<_>>().join(separator)
}
