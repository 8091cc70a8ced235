//! Putting native code in place and taking it away.

use super::log::NativeEvent;
use super::slot::{EntryPlace, HeldBytes, Installed, Native};
use super::state::Pending;
use super::tier::{NativeCode, Refusal};
use crate::runtime::context::Context;
use crate::runtime::function::GuestFunction;
use crate::threaded::HandlerAddress;

impl Context {
    /// Puts code in place that was compiled, if its function is still there.
    pub(super) fn install(&mut self, ticket: u64, result: Result<NativeCode, Refusal>) {
        let Some(pending) = self.native.pending.remove(&ticket) else { return };
        let Some(native) = pending.native.upgrade() else { return };
        // SAFETY: the function holds what was upgraded, so it is alive.
        let guest = unsafe { pending.guest.cast::<GuestFunction>().as_ref() };
        let code = match result {
            Ok(code) => code,
            Err(refusal) => {
                native.is_refused.set(native.is_refused.get() || pending.starts);
                self.native.refuse(&guest.portable().name, refusal);
                return;
            }
        };
        let Pending { starts, mut places, .. } = pending;
        // What was given up and asked for again may be there.
        places.retain(|place| native.find(place.pc).is_none());
        let starts = starts && places.iter().any(|place| place.number == 0);
        let Some(first) = places.first() else { return };
        let figures = &mut self.native.figures;
        figures.compiled += 1;
        figures.nanoseconds += code.nanoseconds;
        figures.nanoseconds_max = figures.nanoseconds_max.max(code.nanoseconds);
        let loaded = guest.loaded();
        if self.native.policy.logs {
            let head = if starts { None } else { Some(loaded.stop_at(first.pc)) };
            let (name, bytes, nanoseconds) = (guest.portable().name.clone(), code.bytes, code.nanoseconds);
            self.native.log.note(NativeEvent::Compiled { name, head, bytes, nanoseconds });
        }
        let enter = self.return_stubs.handlers().enter_native.0;
        let replace = |place: EntryPlace| (place, HandlerAddress(loaded.handler_at(place.pc).replace(enter)));
        let places = places.into_iter().map(replace).collect();
        if starts {
            loaded.native().set(code.body.expose_provenance() as u64);
        }
        let held = HeldBytes::new(&self.native.bytes, code.bytes);
        native.installed.borrow_mut().push(Installed { places, starts, code, _held: held });
    }

    /// Has the interpreter do a function itself whose native code other native code still calls: going in and out costs more than
    /// it saves.
    pub(super) fn detach(&mut self, guest: &GuestFunction, native: &Native) {
        native.installed.borrow().iter().for_each(|installed| installed.take_away(guest.loaded()));
        self.native.figures.detached += 1;
        if self.native.policy.logs {
            self.native.log.note(NativeEvent::Detached { name: guest.portable().name.clone() });
        }
    }

    /// Gives the native code of a function up. None runs meanwhile.
    pub(super) fn forget(&mut self, guest: &GuestFunction) {
        let native = guest.native().get();
        for installed in native.installed.borrow_mut().drain(..) {
            let loaded = guest.loaded();
            installed.take_away(loaded);
            if installed.starts {
                loaded.native().set(0);
            }
            self.native.figures.forgotten += 1;
        }
        native.asked.borrow_mut().clear();
    }
}
