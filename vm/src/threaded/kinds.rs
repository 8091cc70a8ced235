//! The kinds of operands of threaded instructions: how each lies in the code, what it is read as, and how it is shown.
//!
//! A kind is a type without values; rows of the [table](super::instructions) name one for each operand.

use crate::threaded::operands::Cursor;
use crate::threaded::{Assembler, Pc, ReturnInfo};
use crate::value::{Tag, Value};
use minivm_isa::entities::Block;
use std::marker::PhantomData;
use std::ptr::with_exposed_provenance_mut;

/// What operands mean, for people: nothing that differs from run to run, so never an address.
pub(crate) trait Names {
    /// The register, or the part of the frame, that a word belongs to.
    fn word(&self, word: usize) -> String;
    /// A place in the code.
    fn place(&self, pc: Pc) -> String;
    /// What lies at an address that the compiler wrote into the code.
    fn address(&self, address: u64) -> String;
    /// A constant.
    fn value(&self, value: Value) -> String;
    /// A signature, by the number that the machine gave it.
    fn signature(&self, number: u32) -> String;
    /// A layout, by the number that the machine gave it.
    fn layout(&self, number: u32) -> String;
}

/// A kind of operand.
pub(crate) trait OperandKind {
    /// What it is read and written as.
    type Value: Copy;
    /// Units of 16 bits that it takes.
    const HALVES: usize;
    /// Its place counts from the start of the instruction in multiples of so many units.
    const ALIGN: usize = 1;
    /// Whether elements follow that [`HALVES`](Self::HALVES) does not count.
    const IS_LIST: bool = false;

    /// Reads it.
    ///
    /// # Safety
    /// The cursor is at such an operand.
    unsafe fn read(c: &mut Cursor) -> Self::Value;

    /// Writes it.
    fn write(value: Self::Value, asm: &mut Assembler);

    /// Shows it, as an operand of the instruction at `pc`.
    fn show(value: Self::Value, pc: Pc, names: &dyn Names) -> String;
}

/// Operands of 16 bits that are read as numbers.
macro_rules! halves {
    ($($(#[$doc:meta])* $name:ident |$value:ident, $names:ident| $show:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}
        impl OperandKind for $name {
            type Value = usize;
            const HALVES: usize = 1;
            #[inline(always)]
            unsafe fn read(c: &mut Cursor) -> usize {
                // SAFETY: passed on.
                unsafe { c.u16() }
            }
            fn write(value: usize, asm: &mut Assembler) {
                asm.u16(u16::try_from(value).expect("frames, lists and captures are counted in 16 bits"));
            }
            fn show($value: usize, _: Pc, $names: &dyn Names) -> String {
                let _ = $names;
                $show
            }
        }
    )*};
}

halves! {
    /// A word of the frame: the first of a register, or of values in the window.
    Slot |word, names| names.word(word);
    /// A register of `any` that is known to hold an integer.
    IntSlot |word, names| format!("{}:int", names.word(word));
    /// A register of `any` that is known to hold a float.
    FloatSlot |word, names| format!("{}:float", names.word(word));
    /// A register of `any` that the instruction just before has written.
    Latest |word, names| format!("{}:latest", names.word(word));
    /// As [`Latest`], of a register that is known to hold a float.
    LatestFloat |word, names| format!("{}:latest_float", names.word(word));
    /// A captured value of the running closure, by its number.
    Capture |index, names| format!("capture{index}");
    /// A number of values, words or parameters.
    Count |count, names| count.to_string();
}

/// What the instruction charges, in canonical instructions.
pub(crate) enum Cost {}
impl OperandKind for Cost {
    type Value = i64;
    const HALVES: usize = 1;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> i64 {
        // SAFETY: passed on.
        unsafe { c.u16() as i64 }
    }
    fn write(value: i64, asm: &mut Assembler) {
        asm.u16(u16::try_from(value).expect("stretches of code are so short that their cost fits 16 bits"));
    }
    fn show(value: i64, _: Pc, _: &dyn Names) -> String {
        value.to_string()
    }
}

/// Whether something holds.
pub(crate) enum Flag {}
impl OperandKind for Flag {
    type Value = bool;
    const HALVES: usize = 1;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> bool {
        // SAFETY: passed on.
        unsafe { c.u16() != 0 }
    }
    fn write(value: bool, asm: &mut Assembler) {
        asm.u16(u16::from(value));
    }
    fn show(value: bool, _: Pc, _: &dyn Names) -> String {
        value.to_string()
    }
}

/// The tag of a value.
pub(crate) enum ValueTag {}
impl OperandKind for ValueTag {
    type Value = Tag;
    const HALVES: usize = 1;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> Tag {
        // SAFETY: passed on.
        unsafe { Tag(c.u16() as u32) }
    }
    fn write(value: Tag, asm: &mut Assembler) {
        asm.u16(value.0 as u16);
    }
    fn show(value: Tag, _: Pc, _: &dyn Names) -> String {
        minivm_isa::Kind::from_number(u64::from(value.0))
            .map_or_else(|| value.0.to_string(), |kind| kind.name().to_owned())
    }
}

/// A 32-bit integer, as a value.
pub(crate) enum Int {}
impl OperandKind for Int {
    type Value = i64;
    const HALVES: usize = 2;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> i64 {
        // SAFETY: passed on.
        unsafe { i64::from(c.u32() as i32) }
    }
    fn write(value: i64, asm: &mut Assembler) {
        asm.u32(i32::try_from(value).expect("larger integers are constants of another kind") as u32);
    }
    fn show(value: i64, _: Pc, _: &dyn Names) -> String {
        value.to_string()
    }
}

/// A float, as a value: its bits.
pub(crate) enum Float {}
impl OperandKind for Float {
    type Value = u64;
    const HALVES: usize = 4;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> u64 {
        // SAFETY: passed on.
        unsafe { c.u64() }
    }
    fn write(value: u64, asm: &mut Assembler) {
        asm.u64(value);
    }
    fn show(value: u64, _: Pc, names: &dyn Names) -> String {
        names.value(Value::float(f64::from_bits(value)))
    }
}

/// Any constant: payload, tag.
pub(crate) enum Inline {}
impl OperandKind for Inline {
    type Value = Value;
    const HALVES: usize = 5;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> Value {
        // SAFETY: passed on.
        unsafe {
            let payload = c.u64();
            Value::from_parts(payload, Tag(c.u16() as u32))
        }
    }
    fn write(value: Value, asm: &mut Assembler) {
        asm.u64(value.payload());
        asm.u16(value.tag().0 as u16);
    }
    fn show(value: Value, _: Pc, names: &dyn Names) -> String {
        names.value(value)
    }
}

/// Operands of 32 bits that are read as numbers.
macro_rules! numbers32 {
    ($($(#[$doc:meta])* $name:ident |$value:ident, $names:ident| $show:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}
        impl OperandKind for $name {
            type Value = u32;
            const HALVES: usize = 2;
            #[inline(always)]
            unsafe fn read(c: &mut Cursor) -> u32 {
                // SAFETY: passed on.
                unsafe { c.u32() }
            }
            fn write(value: u32, asm: &mut Assembler) {
                asm.u32(value);
            }
            fn show($value: u32, _: Pc, $names: &dyn Names) -> String {
                let _ = $names;
                $show
            }
        }
    )*};
}

numbers32! {
    /// A number.
    Number32 |number, names| number.to_string();
    /// A signature, by its number in the machine.
    SignatureNumber |number, names| names.signature(number);
    /// A layout, by its number in the machine.
    LayoutNumber |number, names| names.layout(number);
    /// A block.
    BlockNumber |number, names| Block::from_u32(number).to_string();
}

/// A word as it is.
pub(crate) enum Bits64 {}
impl OperandKind for Bits64 {
    type Value = u64;
    const HALVES: usize = 4;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> u64 {
        // SAFETY: passed on.
        unsafe { c.u64() }
    }
    fn write(value: u64, asm: &mut Assembler) {
        asm.u64(value);
    }
    fn show(value: u64, _: Pc, _: &dyn Names) -> String {
        format!("{value:#x}")
    }
}

/// The address of an interned string, which is one of the function's constants.
pub(crate) enum Key {}
impl OperandKind for Key {
    type Value = u64;
    const HALVES: usize = 4;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> u64 {
        // SAFETY: passed on.
        unsafe { c.u64() }
    }
    fn write(value: u64, asm: &mut Assembler) {
        asm.u64(value);
    }
    fn show(value: u64, _: Pc, names: &dyn Names) -> String {
        // SAFETY: the compiler wrote the address of a string that the function keeps alive.
        names.value(unsafe { Value::from_parts(value, Tag::STRING) })
    }
}

/// The address of something of the instance or the machine, which outlives the code.
pub(crate) struct Address<T>(PhantomData<T>);
impl<T> OperandKind for Address<T> {
    type Value = *mut T;
    const HALVES: usize = 4;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> *mut T {
        // SAFETY: passed on.
        unsafe { with_exposed_provenance_mut(c.u64() as usize) }
    }
    fn write(value: *mut T, asm: &mut Assembler) {
        asm.u64(value.expose_provenance() as u64);
    }
    fn show(value: *mut T, _: Pc, names: &dyn Names) -> String {
        names.address(value.addr() as u64)
    }
}

/// Where a table had a key when it was last looked for; the handler rewrites it.
pub(crate) enum Cache {}

/// A [`Cache`] as it is read.
#[derive(Clone, Copy)]
pub(crate) struct CachedIndex {
    /// Index of the node.
    pub(crate) index: u32,
    /// Where it stands.
    pub(crate) place: CachePlace,
}

/// Where an index is remembered.
#[derive(Clone, Copy)]
pub(crate) struct CachePlace(Pc);

impl CachePlace {
    /// Remembers an index.
    ///
    /// # Safety
    /// It is that of an instruction whose code is still there, or of numbers that live.
    #[inline(always)]
    pub(crate) unsafe fn remember(self, index: u32) {
        // SAFETY: the caller vouches for the place.
        unsafe { self.0.cast_mut().cast::<u32>().write_unaligned(index) }
    }
}

impl From<&mut [u16; 2]> for CachePlace {
    fn from(forgotten: &mut [u16; 2]) -> Self {
        CachePlace(forgotten.as_mut_ptr().cast_const())
    }
}

impl CachedIndex {
    /// What stands in new code: no table has a node of this index.
    pub(crate) const EMPTY: CachedIndex = CachedIndex { index: u32::MAX, place: CachePlace(std::ptr::null()) };
}

impl OperandKind for Cache {
    type Value = CachedIndex;
    const HALVES: usize = 2;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> CachedIndex {
        // SAFETY: passed on.
        unsafe {
            let place = CachePlace(c.here());
            CachedIndex { index: c.u32(), place }
        }
    }
    fn write(value: CachedIndex, asm: &mut Assembler) {
        asm.u32(value.index);
    }
    fn show(value: CachedIndex, _: Pc, _: &dyn Names) -> String {
        if value.index == u32::MAX { "empty".to_owned() } else { value.index.to_string() }
    }
}

/// Where a branch goes to, and what it charges when it is taken.
pub(crate) enum Branch {}

/// A [`Branch`] as it is read: its place, as what stands there is only wanted when it is taken, and would cost registers until
/// then; or what the assembler makes one of.
#[derive(Clone, Copy)]
pub(crate) struct BranchTo {
    at: Pc,
    block: u32,
    pending: u32,
}

impl BranchTo {
    /// A branch to a block, with `pending` canonical instructions not paid for; see [`Assembler::cost`].
    pub(crate) fn block(block: Block, pending: u32) -> Self {
        BranchTo { at: std::ptr::null(), block: block.as_u32(), pending }
    }

    /// What it charges when it is taken.
    ///
    /// # Safety
    /// It was read from an instruction.
    #[inline(always)]
    pub(crate) unsafe fn cost(self) -> i64 {
        // SAFETY: the caller vouches for the place.
        unsafe { *self.at as i16 as i64 }
    }

    /// Where it goes to.
    ///
    /// # Safety
    /// It was read from the instruction at `pc`.
    #[inline(always)]
    pub(crate) unsafe fn target(self, pc: Pc) -> Pc {
        // SAFETY: the assembler wrote the distance to a block of the same code behind the cost.
        unsafe { pc.offset(self.at.add(1).cast::<i32>().read_unaligned() as isize) }
    }
}

impl OperandKind for Branch {
    type Value = BranchTo;
    const HALVES: usize = 3;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> BranchTo {
        // SAFETY: passed on.
        unsafe {
            let at = c.here();
            let _ = (c.i16(), c.u32());
            BranchTo { at, block: 0, pending: 0 }
        }
    }
    fn write(value: BranchTo, asm: &mut Assembler) {
        let block = Block::from_u32(value.block);
        asm.cost(value.pending, block);
        asm.target(block);
    }
    fn show(value: BranchTo, pc: Pc, names: &dyn Names) -> String {
        // SAFETY: it was read from the instruction at `pc`.
        let (target, cost) = unsafe { (value.target(pc), value.cost()) };
        format!("{}(cost {cost})", names.place(target))
    }
}

/// What the return needs to know of a call: the last operand; the call returns to what follows.
pub(crate) enum Returns {}
impl OperandKind for Returns {
    type Value = ReturnInfo;
    const HALVES: usize = 4;
    const ALIGN: usize = 4;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> ReturnInfo {
        // SAFETY: passed on. Its fields are read one by one: taking one load apart is slower.
        unsafe {
            let info = c.here().cast::<ReturnInfo>();
            let _ = c.u64();
            ReturnInfo { dst: (*info).dst, results: (*info).results, delta: (*info).delta }
        }
    }
    fn write(value: ReturnInfo, asm: &mut Assembler) {
        asm.return_info(value);
    }
    fn show(value: ReturnInfo, _: Pc, names: &dyn Names) -> String {
        let first = names.word(usize::from(value.dst));
        match value.results {
            crate::threaded::OPEN => format!("open@{first}"),
            results => format!("{results}@{first}"),
        }
    }
}

/// A number of operands of one kind, which follow it: the last operand of its instruction.
pub(crate) struct List<K>(PhantomData<K>);

/// A [`List`] as it is read.
pub(crate) struct Elements<K> {
    /// How many they are.
    pub(crate) count: usize,
    at: Pc,
    kind: PhantomData<K>,
}

impl<K> Clone for Elements<K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Elements<K> {}

impl<K: OperandKind> Elements<K> {
    /// Those that the assembler is given with the instruction.
    pub(crate) fn of(elements: &[K::Value]) -> Self {
        Elements { count: elements.len(), at: std::ptr::null(), kind: PhantomData }
    }

    /// Where the elements begin.
    #[inline(always)]
    pub(crate) fn cursor(self) -> Cursor {
        Cursor::at(self.at)
    }

    /// What follows the instruction at `pc`.
    ///
    /// # Safety
    /// The list was read from the instruction at `pc`.
    #[inline(always)]
    pub(crate) unsafe fn next(self, pc: Pc) -> Pc {
        let end = (self.at as usize - pc as usize) / 2 + self.count * K::HALVES;
        // SAFETY: the compiler pads every instruction to 8 bytes and ends code with a terminator.
        unsafe { pc.add((end + 3) & !3) }
    }
}

impl<K: OperandKind> OperandKind for List<K> {
    type Value = Elements<K>;
    const HALVES: usize = 1;
    const IS_LIST: bool = true;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> Elements<K> {
        // SAFETY: passed on.
        unsafe {
            let count = c.u16();
            Elements { count, at: c.here(), kind: PhantomData }
        }
    }
    fn write(value: Elements<K>, asm: &mut Assembler) {
        Count::write(value.count, asm);
    }
    fn show(value: Elements<K>, pc: Pc, names: &dyn Names) -> String {
        let mut c = value.cursor();
        // SAFETY: the list says how many elements follow it.
        let elements = (0..value.count).map(|_| K::show(unsafe { K::read(&mut c) }, pc, names));
        format!("[{}]", elements.collect::<Vec<_>>().join(" "))
    }
}

/// What a new closure captures: a register, and whether it is one of a cell.
pub(crate) enum Captured {}
impl OperandKind for Captured {
    type Value = (usize, bool);
    const HALVES: usize = 2;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> (usize, bool) {
        // SAFETY: passed on.
        unsafe { (Slot::read(c), Flag::read(c)) }
    }
    fn write((slot, is_cell): (usize, bool), asm: &mut Assembler) {
        Slot::write(slot, asm);
        Flag::write(is_cell, asm);
    }
    fn show((slot, is_cell): (usize, bool), _: Pc, names: &dyn Names) -> String {
        let word = names.word(slot);
        if is_cell { format!("{word}:cell") } else { word }
    }
}

/// How many halves the instruction has up to the place that its call returns to; filled in when all operands are written.
pub(crate) enum Distance {}
impl OperandKind for Distance {
    type Value = u32;
    const HALVES: usize = 2;
    #[inline(always)]
    unsafe fn read(c: &mut Cursor) -> u32 {
        // SAFETY: passed on.
        unsafe { c.u32() }
    }
    fn write(_: u32, asm: &mut Assembler) {
        asm.length();
    }
    fn show(value: u32, _: Pc, _: &dyn Names) -> String {
        value.to_string()
    }
}
