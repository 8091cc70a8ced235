//! Finalisers: objects that are shown to the program once more when they are found dead.

use super::Heap;
use super::header::Header;
use super::marker::{Marker, Roots};
use super::segmented::Segmented;
use crate::value::Value;

/// How many objects ahead marks are fetched.
const AHEAD: usize = 8;
/// Bytes by which the next cycle comes nearer with each object that is registered.
const REGISTRATION_HURRY: usize = 512;

/// Objects with finalisers.
#[derive(Default)]
pub(super) struct Finalisers {
    /// In the order in which they were registered.
    registered: Segmented<*mut Header>,
    /// How far the search for dead ones has got, and how many it kept.
    cursor: usize,
    kept: usize,
    /// Found dead in this cycle, in the order of registration.
    condemned: Segmented<*mut Header>,
    /// To be given to the program, from the front.
    pending: Segmented<*mut Header>,
    /// How many of those to be given to the program were marked, from the end; of those found dead, from the start.
    traced: usize,
    /// The program is about to end: no more are registered.
    closed: bool,
}

impl Finalisers {
    /// Looks at up to `count` registered objects and takes the dead ones off the list; true when all were looked at.
    pub(super) fn separate(&mut self, marker: &Marker, count: usize) -> bool {
        for _ in 0..count {
            let Some(object) = self.registered.get(self.cursor) else {
                break;
            };
            self.cursor += 1;
            if let Some(ahead) = self.registered.get(self.cursor + AHEAD) {
                marker.prefetch_mark(ahead.expose_provenance() as u64);
            }
            // SAFETY: registered objects are not freed before they were separated and given to the program.
            if unsafe { marker.is_marked(object) } {
                self.registered.set(self.kept, object);
                self.kept += 1;
            } else {
                self.condemned.push(object);
            }
        }
        if self.cursor < self.registered.len() {
            return false;
        }
        self.registered.truncate(self.kept);
        (self.cursor, self.kept, self.traced) = (0, 0, 0);
        true
    }

    /// Begins to mark what the program has yet to be given.
    pub(super) fn restart_tracing(&mut self) {
        self.traced = 0;
    }

    /// Marks up to `count` of what the program has yet to be given; true when all are marked. Meanwhile it may be given some,
    /// which go through the barrier.
    pub(super) fn trace_pending(&mut self, marker: &mut Marker, count: usize) -> bool {
        for _ in 0..count {
            let next = self.pending.len().checked_sub(1 + self.traced);
            let Some(object) = next.and_then(|next| self.pending.get(next)) else {
                return true;
            };
            self.traced += 1;
            marker.add_work(16);
            // SAFETY: these objects are kept until they are given to the program.
            unsafe { marker.mark_object(object) };
        }
        false
    }

    /// Marks up to `count` of what was found dead; true when all are marked.
    pub(super) fn trace_condemned(&mut self, marker: &mut Marker, count: usize) -> bool {
        for _ in 0..count {
            let Some(object) = self.condemned.get(self.traced) else {
                return true;
            };
            self.traced += 1;
            marker.add_work(16);
            // SAFETY: as in `trace_pending`.
            unsafe { marker.mark_object(object) };
        }
        false
    }

    /// The registered objects and those to be given to the program, in order. Only between cycles.
    pub(super) fn lists(&self) -> [Vec<*mut Header>; 2] {
        [self.registered.iter().collect(), self.pending.iter().collect()]
    }

    /// Takes over lists that [`lists`](Self::lists) gave.
    pub(super) fn restore(&mut self, [registered, pending]: [Vec<*mut Header>; 2]) {
        let (registered, pending) = (registered.into_iter().collect(), pending.into_iter().collect());
        *self = Finalisers { registered, pending, ..Finalisers::default() };
    }

    /// Up to `count` of what was found dead in this cycle may be given to the program: last registered, first finalised. True
    /// when none are left.
    pub(super) fn release(&mut self, count: usize) -> bool {
        for _ in 0..count {
            let Some(object) = self.condemned.pop() else {
                return true;
            };
            self.pending.push(object);
        }
        self.condemned.is_empty()
    }
}

impl Heap {
    /// Registers a table or userdata for finalisation; to be called when a metatable with a finaliser is set. Does
    /// nothing if it is registered already, or waits to be finalised.
    ///
    /// # Safety
    /// `object` is a live cell of this heap.
    pub(crate) unsafe fn set_finaliser(&mut self, object: *mut Header) {
        // SAFETY: the caller gives a live cell.
        unsafe {
            if !(*object).has(Header::FINALISER) && !self.finalisers.closed {
                (*object).set(Header::FINALISER);
                self.finalisers.registered.push(object);
                // It lives for two cycles at least.
                self.hurry(REGISTRATION_HURRY);
            }
        }
    }

    /// Whether [`Heap::next_finaliser`] has an object to give.
    #[inline(always)]
    pub(crate) fn has_finalisers(&self) -> bool {
        !self.finalisers.pending.is_empty()
    }

    /// The objects that [`Heap::next_finaliser`] will give. A host may let go early of what its own objects hold.
    pub fn due_for_finalisation(&self) -> Vec<Value> {
        // SAFETY: pending objects are kept alive by `trace`.
        self.finalisers.pending.iter().map(|object| unsafe { Value::from_object(object) }).collect()
    }

    /// The next object whose finaliser is to be called. It is an ordinary object again, and may be registered again.
    pub fn next_finaliser(&mut self) -> Option<Value> {
        let object = self.finalisers.pending.pop_front()?;
        // SAFETY: pending objects are kept alive by `trace`; from now on the caller keeps this one.
        let value = unsafe {
            (*object).clear(Header::FINALISER);
            Value::from_object(object)
        };
        // It leaves the roots, where the collector may not have seen it yet.
        self.barrier(value);
        Some(value)
    }

    /// Takes every registered object, dead or not, for finalisation, last registered first: the program is about to
    /// end.
    pub(crate) fn finalise_all(&mut self, roots: &mut dyn Roots) {
        self.finish_cycle(roots);
        self.finalisers.closed = true;
        while let Some(object) = self.finalisers.registered.pop() {
            self.finalisers.pending.push(object);
        }
    }
}
