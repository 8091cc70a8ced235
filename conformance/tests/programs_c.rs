//! Every C program, its wasm run through the library.

fn main() {}
