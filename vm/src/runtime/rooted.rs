//! Values that handles of the host keep alive, and whose machine they are of.

use crate::value::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the states that machines of this process have had. Only compared, and never shown to a program.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// What a machine shares with the handles to its values. A machine that loads a state gets another one.
pub(crate) struct Owner {
    /// The number that tells this state from those of other machines and from those that this machine had before.
    pub(crate) number: u64,
    /// Slots whose handle was dropped, until the machine looks.
    dropped: Mutex<Vec<usize>>,
}

/// A slot that keeps a value alive until this is dropped.
pub(crate) struct Root {
    slot: usize,
    owner: Arc<Owner>,
}

impl Drop for Root {
    fn drop(&mut self) {
        self.owner.dropped.lock().unwrap_or_else(PoisonError::into_inner).push(self.slot);
    }
}

/// The values of a machine that have handles.
pub(crate) struct Rooted {
    values: Vec<Option<Value>>,
    free: Vec<usize>,
    pub(crate) owner: Arc<Owner>,
}

impl Default for Rooted {
    fn default() -> Self {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let owner = Owner { number, dropped: Mutex::new(Vec::new()) };
        Rooted { values: Vec::new(), free: Vec::new(), owner: Arc::new(owner) }
    }
}

impl Rooted {
    /// Keeps a value alive for as long as the answer.
    pub(crate) fn add(&mut self, value: Value) -> Root {
        if self.free.is_empty() {
            self.forget_dropped();
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.values.push(None);
            self.values.len() - 1
        });
        self.values[slot] = Some(value);
        Root { slot, owner: self.owner.clone() }
    }

    /// The value of a root; none when it is of another machine, or of a state that this one has no more.
    pub(crate) fn get(&self, root: &Root) -> Option<Value> {
        if Arc::ptr_eq(&self.owner, &root.owner) { self.values[root.slot] } else { None }
    }

    /// Lets go of the values whose handles were dropped. No barrier: what was a root when a cycle began is marked.
    pub(crate) fn forget_dropped(&mut self) {
        let dropped = std::mem::take(&mut *self.owner.dropped.lock().unwrap_or_else(PoisonError::into_inner));
        for &slot in &dropped {
            self.values[slot] = None;
        }
        self.free.extend(dropped);
    }

    /// All values that are kept, in the order of their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        self.values.iter().copied().flatten()
    }
}
