//! The bridges that were made for calls lately.

use crate::heap::Closure;
use crate::value::Value;
use std::collections::HashMap;

/// Bridges by the function behind and the number of the signature.
///
/// The list is emptied whenever the collector begins to mark. So what is in it was made since then, and is marked until the cycle
/// ends: new cells are born marked, and functions at hand are reachable. Nothing here is ever dead, and nothing is kept alive
/// for longer than that.
#[derive(Default)]
pub(crate) struct KnownBridges {
    bridges: HashMap<(u64, u32), *mut Closure>,
}

impl KnownBridges {
    pub(crate) fn get(&self, callee: Value, signature: u32) -> Option<*mut Closure> {
        self.bridges.get(&(callee.payload(), signature)).copied()
    }

    pub(crate) fn add(&mut self, callee: Value, signature: u32, bridge: *mut Closure) {
        self.bridges.insert((callee.payload(), signature), bridge);
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        // What it has grown to for a while is given back.
        self.bridges = HashMap::new();
    }
}
