//! Index types for everything a program is made of; each prints with a prefix (`r3`, `block1`).

use cranelift_entity::entity_impl;

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);
        entity_impl!($name, $prefix);
    )*};
}

entities! {
    /// A typed register of one function; its parameters are the first ones.
    Reg "r";
    /// A basic block of one function.
    Block "block";
    /// A constant of one function.
    Const "const";
    /// A function of the program, imported or defined.
    Func "func";
    /// A function signature of the program.
    Sig "sig";
    /// A global variable of the program.
    Global "global";
    /// A linear memory of the program.
    Memory "memory";
    /// A table of `any` values of the program (function tables among them).
    Table "table";
    /// A data segment of the program.
    Data "data";
    /// An element segment of the program.
    Element "elem";
    /// A record or array layout of the program.
    Layout "layout";
    /// A declared type of the program.
    Declared "type";
    /// A source file that spans of the program point into.
    Source "source";
}
