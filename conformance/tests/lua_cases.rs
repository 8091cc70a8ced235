//! Every Lua case and program, run through the library.

fn main() {}
