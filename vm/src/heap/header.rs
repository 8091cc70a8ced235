//! The header word that every heap cell a value can refer to begins with.

use crate::value::Tag;

/// Kind (8 bits), flags (10 bits), sequence number (46 bits).
///
/// The kind is the tag of values that refer to the cell. Marks are not here but in bitmaps beside the cells. The
/// sequence number stands in for the address wherever a program could see it (hashing, ordering, printing); it is 0
/// until first asked for.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header(u64);

impl Header {
    // Bit 8 is reserved for a generational mode: the cell has survived a collection.
    /// A finaliser is registered.
    pub(crate) const FINALISER: u64 = 1 << 9;
    /// Tables: keys are weak.
    pub(crate) const WEAK_KEYS: u64 = 1 << 10;
    /// Tables: values are weak.
    pub(crate) const WEAK_VALUES: u64 = 1 << 11;
    /// Tables: keys or values are weak, so the contents are in a table of their own.
    pub(crate) const WEAK: u64 = Header::WEAK_KEYS | Header::WEAK_VALUES;
    /// Functions: what they capture belongs to the machine, which relies on it.
    pub(crate) const SEALED: u64 = 1 << 12;
    /// Strings: longer than the interned ones.
    pub(crate) const LONG: u64 = 1 << 12;
    /// Strings: the hash field is filled in. Always set for short ones.
    pub(crate) const HASHED: u64 = 1 << 13;
    /// Tables: where the four bits of the inline array capacity begin.
    const INLINE_SHIFT: u32 = 12;
    /// Tables: where the two bits begin that say how far below the end of the inline array slots the border is.
    const BORDER_SHIFT: u32 = 16;
    const ID_SHIFT: u32 = 18;
    /// Sequence numbers are below this.
    pub(crate) const IDS_END: u64 = 1 << (64 - Header::ID_SHIFT);

    /// A header with the kind of `tag` and these flags.
    #[inline(always)]
    pub(crate) const fn new(tag: Tag, flags: u64) -> Header {
        Header(tag.0 as u64 | flags)
    }

    /// A table header whose cell holds this many array slots behind the fixed part (at most 15).
    #[inline(always)]
    pub(crate) const fn table(inline_slots: usize) -> Header {
        Header(Tag::TABLE.0 as u64 | (inline_slots as u64) << Header::INLINE_SHIFT)
    }

    /// The kind: the number of the tag of values that refer to the cell.
    #[inline(always)]
    pub(crate) const fn kind(self) -> u8 {
        self.0 as u8
    }

    /// Makes the cell one of another kind, without flags.
    #[inline(always)]
    pub(crate) fn become_kind(&mut self, tag: Tag) {
        self.0 = self.0 >> Header::ID_SHIFT << Header::ID_SHIFT | tag.0 as u64;
    }

    /// Whether any of these flags is set.
    #[inline(always)]
    pub(crate) const fn has(self, flags: u64) -> bool {
        self.0 & flags != 0
    }

    /// Those of these flags that are set.
    #[inline(always)]
    pub(crate) const fn flags(self, flags: u64) -> u64 {
        self.0 & flags
    }

    /// Sets flags.
    #[inline(always)]
    pub(crate) fn set(&mut self, flags: u64) {
        self.0 |= flags;
    }

    /// Clears flags.
    #[inline(always)]
    pub(crate) fn clear(&mut self, flags: u64) {
        self.0 &= !flags;
    }

    /// Array slots in the cell of a table.
    #[inline(always)]
    pub(crate) const fn inline_slots(self) -> u32 {
        (self.0 >> Header::INLINE_SHIFT) as u32 & 15
    }

    /// Gives up inline array slots; the border is at the end of those that stay.
    #[inline(always)]
    pub(crate) fn set_inline_slots(&mut self, slots: u32) {
        debug_assert!(slots <= self.inline_slots());
        let cleared = self.0 & !(15 << Header::INLINE_SHIFT | 3 << Header::BORDER_SHIFT);
        self.0 = cleared | u64::from(slots) << Header::INLINE_SHIFT;
    }

    /// Where to look for a border of inline array slots first.
    #[inline(always)]
    pub(crate) const fn inline_border(self) -> u32 {
        self.inline_slots() - ((self.0 >> Header::BORDER_SHIFT) as u32 & 3)
    }

    /// Sets it: at most three below the number of slots.
    #[inline(always)]
    pub(crate) fn set_inline_border(&mut self, border: u32) {
        let below = u64::from(self.inline_slots() - border);
        debug_assert!(below <= 3);
        self.0 = self.0 & !(3 << Header::BORDER_SHIFT) | below << Header::BORDER_SHIFT;
    }

    /// The sequence number, 0 if none was asked for yet.
    #[inline(always)]
    pub(crate) const fn id(self) -> u64 {
        self.0 >> Header::ID_SHIFT
    }

    /// Gives the cell its sequence number.
    #[inline(always)]
    pub(crate) fn set_id(&mut self, id: u64) {
        debug_assert!(self.id() == 0 && id < Header::IDS_END);
        self.0 |= id << Header::ID_SHIFT;
    }
}
