//! Which fields a snapshot consists of, as they are read: for those who look for ways to forge one. Only with the feature
//! `snapshot-trace`; without it nothing here does anything.

/// What a field is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum FieldKind {
    /// A byte: a kind, a tag.
    Byte,
    /// 0 or 1.
    Flag,
    /// A number in LEB128: an index, a size, a reference to a cell.
    Number,
    /// A signed number in zigzag LEB128.
    Signed,
    /// The number of items that follow, in LEB128.
    Count,
    /// Eight bytes.
    Word,
    /// Four bytes.
    Half,
    /// Bytes whose number is known.
    Raw,
    /// The length of what follows, in LEB128, with its value.
    Length(u64),
}

/// A field of a payload.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where its bytes begin.
    pub at: usize,
    /// How many there are.
    pub bytes: usize,
    /// What it is.
    pub kind: FieldKind,
    /// What it belongs to.
    pub label: &'static str,
}

/// The origin of bytes that are no part of a payload.
pub(crate) const UNKNOWN: usize = usize::MAX;

#[cfg(feature = "snapshot-trace")]
pub(super) use on::Tracer;
#[cfg(feature = "snapshot-trace")]
pub use on::fields;

#[cfg(not(feature = "snapshot-trace"))]
pub(super) use off::Tracer;

#[cfg(feature = "snapshot-trace")]
mod on {
    use super::{Field, FieldKind, UNKNOWN};
    use std::cell::RefCell;

    thread_local! {
        static FIELDS: RefCell<Option<Vec<Field>>> = const { RefCell::new(None) };
    }

    /// The fields of a payload that are read while `load` loads it on this thread, in the order in which they lie.
    pub fn fields(load: impl FnOnce()) -> Vec<Field> {
        FIELDS.with(|fields| *fields.borrow_mut() = Some(Vec::new()));
        load();
        let mut fields = FIELDS.with(|fields| fields.borrow_mut().take()).unwrap_or_default();
        fields.sort_by_key(|field| (field.at, field.bytes));
        fields
    }

    /// Notes what a reader reads.
    pub(in crate::bytes) struct Tracer {
        origin: usize,
        label: &'static str,
    }

    impl Tracer {
        /// For bytes that begin `origin` bytes from the start of the payload.
        pub(in crate::bytes) fn new(origin: usize) -> Self {
            let is_on = FIELDS.with(|fields| fields.borrow().is_some());
            Tracer { origin: if is_on { origin } else { UNKNOWN }, label: "" }
        }

        pub(in crate::bytes) fn label(&mut self, label: &'static str) {
            self.label = label;
        }

        /// How far from the start of the payload a place is.
        pub(in crate::bytes) fn offset(&self, place: usize) -> usize {
            if self.origin == UNKNOWN { UNKNOWN } else { self.origin + place }
        }

        /// Notes a field that ends at a place.
        #[inline(always)]
        pub(in crate::bytes) fn note(&self, kind: FieldKind, end: usize, bytes: usize) {
            if self.origin != UNKNOWN && bytes > 0 {
                let field = Field { at: self.offset(end) - bytes, bytes, kind, label: self.label };
                FIELDS.with(|fields| {
                    if let Some(fields) = &mut *fields.borrow_mut() {
                        fields.push(field);
                    }
                });
            }
        }
    }
}

#[cfg(not(feature = "snapshot-trace"))]
mod off {
    use super::FieldKind;

    /// Notes nothing.
    pub(in crate::bytes) struct Tracer;

    impl Tracer {
        #[inline(always)]
        pub(in crate::bytes) fn new(_: usize) -> Self {
            Tracer
        }

        #[inline(always)]
        pub(in crate::bytes) fn label(&mut self, _: &'static str) {}

        #[inline(always)]
        pub(in crate::bytes) fn offset(&self, _: usize) -> usize {
            super::UNKNOWN
        }

        #[inline(always)]
        pub(in crate::bytes) fn note(&self, _: FieldKind, _: usize, _: usize) {}
    }
}
