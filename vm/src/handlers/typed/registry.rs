//! All handlers of typed code by the key of their shape. Built once, when the first function is loaded.

use super::calls::{call_after, call_element, return_after, return_if, return_value, return_value_if};
use super::expression::Expr;
use super::shape::{self, Key};
use super::statement::{Statement, branch, branch_table, jump_after, statement};
use super::vector::processor;
use super::word::Word;
use crate::runtime::context::Handler;
use std::sync::OnceLock;

/// A hash table from keys to handlers with open addressing.
pub(crate) struct Registry {
    entries: Vec<(Key, Handler)>,
    /// Index into `entries` plus one.
    index: Vec<u16>,
}

/// Bits of the size of the index: room for twice the handlers there may be.
const INDEX_BITS: u32 = 14;

impl Registry {
    /// The registry of this process.
    pub(crate) fn get() -> &'static Registry {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(|| {
            let mut registry = Registry { entries: Vec::with_capacity(8000), index: vec![0; 1 << INDEX_BITS] };
            super::families::register(&mut registry);
            registry
        })
    }

    /// The handler with this key.
    pub(crate) fn find(&self, key: Key) -> Option<Handler> {
        let mut at = place(key);
        loop {
            let (found, handler) = self.entries[usize::from(self.index[at]).checked_sub(1)?];
            if found == key {
                return Some(handler);
            }
            at = (at + 1) % self.index.len();
        }
    }

    /// Number of handlers.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The handler that does this statement and goes on.
    #[inline(always)]
    pub(crate) fn statement<S: Statement>(&mut self) {
        self.add(const { shape::statement(S::KEY) }, statement::<S>);
    }

    /// The handler that does this statement on vectors and goes on, if the processor can.
    #[inline(always)]
    pub(crate) fn lanes<S: Statement>(&mut self) {
        if let Some(handler) = processor::statement::<S>() {
            self.add(const { shape::statement(S::KEY) }, handler);
        }
    }

    /// The handler that jumps when this is not zero.
    #[inline(always)]
    pub(crate) fn branch<E: Expr<Value = u32>>(&mut self) {
        self.add(const { shape::branch(E::KEY) }, branch::<E>);
    }

    /// The handler that jumps to the target with this number.
    #[inline(always)]
    pub(crate) fn table<E: Expr<Value = u32>>(&mut self) {
        self.add(const { shape::table(E::KEY) }, branch_table::<E>);
    }

    /// The handler that does this statement and jumps.
    #[inline(always)]
    pub(crate) fn jump_after<S: Statement>(&mut self) {
        self.add(const { shape::jump_after(S::KEY) }, jump_after::<S>);
    }

    /// The handler that does this statement and calls.
    #[inline(always)]
    pub(crate) fn call_after<S: Statement>(&mut self) {
        self.add(const { shape::call_after(S::KEY) }, call_after::<S>);
    }

    /// The handler that does this statement and calls an element of a table.
    #[inline(always)]
    pub(crate) fn call_element<S: Statement>(&mut self) {
        self.add(const { shape::call_element(S::KEY) }, call_element::<S>);
    }

    /// The handler that returns this.
    #[inline(always)]
    pub(crate) fn returns<E: Expr>(&mut self) {
        self.add(const { shape::returns(<E::Value as Word>::CLASS, E::KEY) }, return_value::<E>);
    }

    /// The handler that does this statement and returns nothing.
    #[inline(always)]
    pub(crate) fn returns_after<S: Statement>(&mut self) {
        self.add(const { shape::returns_after(S::KEY) }, return_after::<S>);
    }

    /// The handlers that return this value, or nothing, when a condition is not zero.
    #[inline(always)]
    pub(crate) fn returns_if<C: Expr<Value = u32>, E: Expr>(&mut self) {
        let value = const { shape::returns_if(C::KEY, shape::returns(<E::Value as Word>::CLASS, E::KEY)) };
        self.add(value, return_value_if::<C, E>);
        self.add(const { shape::returns_if(C::KEY, shape::returns_after(shape::NOTHING)) }, return_if::<C>);
    }

    /// Adds a handler; families may overlap, so it may be there.
    #[inline(never)]
    fn add(&mut self, key: Key, handler: Handler) {
        let mut at = place(key);
        while let Some(entry) = usize::from(self.index[at]).checked_sub(1) {
            if self.entries[entry].0 == key {
                return;
            }
            at = (at + 1) % self.index.len();
        }
        self.entries.push((key, handler));
        self.index[at] = u16::try_from(self.entries.len()).expect("there are fewer than 2^16 handlers");
    }
}

fn place(key: Key) -> usize {
    (key >> (64 - INDEX_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found() {
        let registry = Registry::get();
        assert!(registry.len() * 2 <= registry.index.len(), "{} handlers: enlarge the index", registry.len());
        for &(key, handler) in &registry.entries {
            assert_eq!(registry.find(key).map(|found| found as usize), Some(handler as usize));
        }
        assert!(registry.find(0x1234_5678).is_none());
    }
}
