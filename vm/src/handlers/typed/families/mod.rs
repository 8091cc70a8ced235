//! Which trees there are handlers for.
//!
//! Families are chosen by classes of operators, not for single programs. A family is closed: with a tree, every tree that has
//! one of its outermost inner operators replaced by a register is there, too, so that the compiler finds large trees by growing
//! small ones.

/// Registers a family: `each!(registry; O in list!; I in [A B]; statement Set<…O…I…>; branch …)`. Lists are macros that pass
/// their types on, or stand in brackets.
macro_rules! each {
    ($registry:ident;) => {};
    ($registry:ident; statement $shape:ty; $($rest:tt)*) => {
        $registry.statement::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; lanes $shape:ty; $($rest:tt)*) => {
        $registry.lanes::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; branch $shape:ty; $($rest:tt)*) => {
        $registry.branch::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; table $shape:ty; $($rest:tt)*) => {
        $registry.table::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; jump_after $shape:ty; $($rest:tt)*) => {
        $registry.jump_after::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; call $shape:ty; $($rest:tt)*) => {
        $registry.call_after::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; call_element $shape:ty; $($rest:tt)*) => {
        $registry.call_element::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; returns $shape:ty; $($rest:tt)*) => {
        $registry.returns::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; returns_after $shape:ty; $($rest:tt)*) => {
        $registry.returns_after::<$shape>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; returns_if $shape:ty => $value:ty; $($rest:tt)*) => {
        $registry.returns_if::<$shape, $value>();
        each!($registry; $($rest)*);
    };
    ($registry:ident; $name:ident in $list:ident!; $($rest:tt)*) => {
        $list! { each $registry; $name; $($rest)* }
    };
    ($registry:ident; $name:ident in [$($member:ty),* $(,)?]; $($rest:tt)*) => {
        each! { @loop $registry; $name; [$($member),*]; { $($rest)* } }
    };
    (@loop $registry:ident; $name:ident; [$($member:ty),*]; $body:tt) => {
        $(each! { @once $registry; $name; $member; $body })*
    };
    (@once $registry:ident; $name:ident; $member:ty; { $($body:tt)* }) => {{
        type $name = $member;
        each!($registry; $($body)*);
    }};
}

/// Defines lists for [`each`].
#[cfg(minivm_tail)]
macro_rules! lists {
    ($($(#[$doc:meta])* $list:ident = [$($member:ty),* $(,)?];)*) => {
        $(lists! { @define ($) $(#[$doc])* $list [$($member),*] })*
        $(#[allow(unused_imports, reason = "not every build uses every list")] pub(crate) use $list;)*
    };
    (@define ($d:tt) $(#[$doc:meta])* $list:ident [$($member:ty),*]) => {
        $(#[$doc])*
        macro_rules! $list {
            (each $d registry:ident; $d name:ident; $d ($d rest:tt)*) => {
                each! { $d registry; $d name in [$($member),*]; $d ($d rest)* }
            };
        }
    };
}

mod base;
#[cfg(minivm_tail)]
mod branches;
#[cfg(minivm_tail)]
mod calls;
#[cfg(minivm_tail)]
mod floats;
#[cfg(minivm_tail)]
mod integers;
#[cfg(minivm_tail)]
mod memory;
#[cfg(minivm_tail)]
mod pairs;
mod sample;
mod shapes;
#[cfg(minivm_tail)]
mod vectors;

use super::registry::Registry;

/// Registers all handlers. Without tail calls, which is how development builds are, there is only the base set and a sample of
/// the others: they take long to compile.
pub(crate) fn register(registry: &mut Registry) {
    base::register(registry);
    sample::register(registry);
    #[cfg(minivm_tail)]
    {
        integers::register(registry);
        memory::register(registry);
        floats::register(registry);
        branches::register(registry);
        pairs::register(registry);
        calls::register(registry);
        vectors::register(registry);
    }
}
