//! The table of threaded instructions of `any` code, and of the fixed parts of those of typed code.
//!
//! A row says which operands an instruction has, in their order, and what they are. What reads, writes and shows them follows
//! from it; the handler of each row stands in `handlers/table.rs`. `r[x]` is the register that operand `x` names, `window[i]` value
//! `i` of those from the word that `window` names on, `open` the number of values of the open list if `open` holds, else 0.

use crate::heap::Closure as HeapClosure;
use crate::memory::TableInstance;
use crate::threaded::kinds::{
    Address, Bits64, BlockNumber, Branch, Cache, Capture, Captured, Cost, Count, Distance, Flag, Inline, Key,
    LayoutNumber, List, Names, Number32, OperandKind, Returns, SignatureNumber, Slot, ValueTag,
};
use crate::threaded::operands::Cursor;
use crate::threaded::table::{Row, Variant, end_of, threaded};
use crate::threaded::{Assembler, Pc};

threaded! {
    // Calls and returns.

    /// Calls `r[callee]` with `window[0..arguments]`.
    CallAny = call_any { callee: Slot, window: Slot, arguments: Count, cost: Cost, returns: Returns }
    /// Calls `r[callee]` with `window[0..arguments + open]`; the open list is the last of them.
    CallAnyOpen = call_any_open { callee: Slot, window: Slot, arguments: Count, cost: Cost, returns: Returns }
    /// Moves the open list up by so many values, and puts them before it.
    PrependOpen = prepend_open { window: Slot, values: List<Slot> }
    /// Calls `r[callee]` with `window[0..arguments + open]` in place of this function.
    TailCallAny = tail_call_any {
        callee: Slot, window: Slot, arguments: Count, cost: Cost, open: Flag, variadic: Flag,
    }
    /// Calls a typed function with the words from the window on in place of this function.
    TailCallTyped = tail_call_typed { closure: Address<HeapClosure>, window: Slot, words: Count, cost: Cost }
    /// The same of `r[callee]`, which traps unless it has the signature: with `null` where it is nil.
    TailCallTypedValue = tail_call_typed_value {
        callee: Slot, window: Slot, signature: SignatureNumber, words: Count, cost: Cost, null: Count,
    }
    /// Returns `r[value]` from a function that is not variadic.
    ReturnAny = return_any { value: Slot, cost: Cost }
    /// Returns `window[0..values + open]`.
    ReturnBlock = return_block { window: Slot, values: Count, cost: Cost, open: Flag, variadic: Flag }
    /// Returns the words from the window on.
    ReturnWords = return_words { window: Slot, words: Count, cost: Cost }
    /// Returns one word, in baseline code.
    ReturnWord = return_word { value: Slot }
    /// The registers get the arguments past the parameters, or nil.
    Varargs = varargs { params: Count, results: List<Slot> }
    /// The open list gets the arguments past the parameters.
    VarargsToOpen = varargs_to_open { params: Count, window: Slot }
    /// The registers get the values of the open list, or nil; `r[count]` how many there are.
    TakeOpen = take_open { window: Slot, count: Slot, results: List<Slot> }
    /// Calls a typed function, after a statement whose operands follow, then the return information.
    CallAfter = call_after { closure: Address<HeapClosure>, window: Slot, cost: Cost, length: Distance }
    /// Calls the element `r[index]` of a table, after a statement whose operands follow, then the return information.
    CallElement = call_element {
        table: Address<TableInstance>, index: Slot, window: Slot, signature: SignatureNumber, length: Distance, cost: Cost,
    }
    /// Calls `r[callee]`, which traps unless it has the signature.
    CallValue = call_value { callee: Slot, window: Slot, signature: SignatureNumber, cost: Cost, returns: Returns }

    // Moves.

    /// `r[dst] = r[src]`.
    CopyAny = copy_any { dst: Slot, src: Slot }
    /// `r[first] = r[first_src]; r[second] = r[second_src]`.
    CopyTwo = copy_two { first: Slot, first_src: Slot, second: Slot, second_src: Slot }
    /// `r[dst] = value`.
    CopyConstant = copy_constant { value: Inline, dst: Slot }
    /// One word: `r[dst] = r[src]`.
    CopyWord = copy_word { dst: Slot, src: Slot }
    /// One word: `r[dst] = word`.
    WordConstant = word_constant { dst: Slot, word: Bits64 }
    /// `r[dst] = table[r[index]]`; traps as calls through tables do.
    TableElement = table_element { dst: Slot, index: Slot, table: Address<TableInstance> }

    // Branches and loops.

    /// Goes on elsewhere.
    Jump = jump { branch: Branch }
    /// Charges for what is not paid for.
    Charge = charge { cost: Number32 }
    /// Branches on whether `r[cond]` is truthy.
    BranchTruthy[S] = branch_truthy { cond: Slot, branch: Branch }
    /// Branches on whether `r[src]` is of the kind.
    BranchKind[S] = branch_kind { src: Slot, kind: ValueTag, branch: Branch }
    /// Branches on whether `r[src]` is that short string.
    BranchSame[S] = branch_same { src: Slot, string: Key, branch: Branch }
    /// Branches when `r[src]` is of the kind: `r[dst]` is its payload, else 0.
    BranchUnbox = branch_unbox { dst: Slot, src: Slot, kind: ValueTag, branch: Branch }
    /// Branches when `r[src]` is an object of the layout: `r[dst]` is that, else null.
    BranchRef = branch_ref { dst: Slot, src: Slot, layout: LayoutNumber, branch: Branch }
    /// As [`BranchRef`], for objects of exactly the layout.
    BranchRefExact = branch_ref_exact { dst: Slot, src: Slot, layout: LayoutNumber, branch: Branch }
    /// Branches when `r[src]` is a function of the signature.
    BranchSignature = branch_signature { src: Slot, signature: SignatureNumber, branch: Branch }
    /// As [`BranchSignature`], for functions of exactly the signature.
    BranchSignatureExact = branch_signature_exact { src: Slot, signature: SignatureNumber, branch: Branch }
    /// Branches on a comparison.
    BranchCompare[O, S]<L, R> = branch_compare { lhs: L, rhs: R, branch: Branch }
    /// Branches out of a loop that does not run; `r[limit]` becomes the number of rounds of one over integers.
    ForPrepare = for_prepare { index: Slot, limit: Slot, step: Slot, variable: Slot, branch: Branch }
    /// Branches to the next round of a loop.
    ForLoop = for_loop { index: Slot, limit: Slot, step: Slot, variable: Slot, branch: Branch }
    /// The same of a loop that is known to be over integers.
    ForLoopInt = for_loop_int { index: Slot, limit: Slot, step: Slot, variable: Slot, branch: Branch }
    /// Calls `r[iterator]` with `r[state]` and `r[control]`, or does what it would.
    ForEach = for_each {
        iterator: Slot, state: Slot, control: Slot, window: Slot, cost: Cost, wanted: Count, returns: Returns,
    }
    /// Branches when the iterator has given something.
    ForEachTest = for_each_test { first: Slot, branch: Branch }
    /// Raises `r[value]`.
    Throw = throw { value: Slot }
    /// Traps.
    Trap = trap { code: Count }

    // Operators.

    /// `r[dst] = lhs op rhs`.
    Arithmetic[O]<L, R> = arithmetic { dst: Slot, lhs: L, rhs: R }
    /// `r[dst] = lhs op rhs`, a comparison.
    Compare[O]<L, R> = compare { dst: Slot, lhs: L, rhs: R }
    /// `r[dst] = -r[src]`.
    Negate = negate { dst: Slot, src: Slot }
    /// `r[dst] = ~r[src]`.
    BitNot = bit_not { dst: Slot, src: Slot }
    /// `r[dst] = not r[src]`.
    Not = not { dst: Slot, src: Slot }
    /// `r[dst] = #r[src]`.
    Length = length { dst: Slot, src: Slot }
    /// `r[dst]` = the values joined.
    Concat = concat { dst: Slot, values: List<Slot> }

    // Strings.

    /// `r[dst]` = byte `r[index]` of the string `r[src]`.
    StringByte = string_byte { dst: Slot, src: Slot, index: Slot }
    /// `r[dst]` = the bytes from `r[start]` up to `r[end]` of the string `r[src]`.
    StringSlice = string_slice { dst: Slot, src: Slot, start: Slot, end: Slot }
    /// `r[dst]` = a string of the low bytes of so many words from the window on.
    StringNew = string_new { dst: Slot, window: Slot, bytes: Count }
    /// `r[dst]` = a string of `r[length]` bytes of the array from `r[index]` on.
    StringFromArray = string_from_array { dst: Slot, object: Slot, index: Slot, length: Slot }

    // Tables.

    /// `r[dst] = object[key]`.
    GetField<S> = get_field { dst: Slot, object: S, cache: Cache, key: Key }
    /// `r[dst] = object[key]`.
    Get<S, K> = get { dst: Slot, object: S, key: K }
    /// `r[receiver] = r[argument] = r[object]; r[function] = r[object][key]`; the index is one in the table behind `__index`.
    /// `argument` is where the call takes it that follows.
    GetMethod = get_method { function: Slot, receiver: Slot, cache: Cache, key: Key, object: Slot, argument: Slot }
    /// `r[object][key] = value`.
    SetField<V> = set_field { object: Slot, cache: Cache, key: Key, value: V }
    /// `r[object][key] = value`.
    SetIndex<K, V> = set_index { object: Slot, key: K, value: V }
    /// `r[dst]` = a new table with room for so many.
    TableNew = table_new { dst: Slot, array: Number32, hash: Number32 }
    /// `r[table][first + i] = window[i]` for each of `values + open`.
    Append = append { table: Slot, window: Slot, values: Count, open: Flag, first: Number32 }

    /// `r[key], r[value]` = the entry of `r[table]` after the key `r[after]`, or nil.
    TableNext = table_next { key: Slot, value: Slot, table: Slot, after: Slot }
    /// `r[dst]` = the metatable of `r[src]`, or nil.
    MetatableGet = metatable_get { dst: Slot, src: Slot }
    /// The metatable of `r[table]` is `r[src]`.
    MetatableSet = metatable_set { table: Slot, src: Slot }

    // Closures and cells.

    /// `r[dst]` = a new closure of the function.
    Closure = closure { function: Address<()>, dst: Slot, captures: List<Captured> }
    /// `r[dst] = capture`.
    CaptureGet = capture_get { dst: Slot, capture: Capture }
    /// `r[dst] = capture`, a cell.
    CaptureGetWord = capture_get_word { dst: Slot, capture: Capture }
    /// `r[dst]` = what the captured cell holds.
    CaptureCellGet = capture_cell_get { dst: Slot, capture: Capture }
    /// The captured cell holds `r[src]`.
    CaptureCellSet = capture_cell_set { capture: Capture, src: Slot }
    /// `r[dst]` = a new cell that holds `r[src]`.
    CellNew = cell_new { dst: Slot, src: Slot }
    /// `r[dst]` = what the cell holds.
    CellGet = cell_get { dst: Slot, cell: Slot }
    /// The cell holds `r[src]`.
    CellSet = cell_set { cell: Slot, src: Slot }
    /// `r[dst]` = the running closure.
    CurrentFunction = current_function { dst: Slot }

    // Between `any` and typed registers.

    /// `r[dst]` = the word `r[src]` as a value of the kind.
    TagWord = tag_word { dst: Slot, src: Slot, kind: ValueTag }
    /// `r[dst]` = whether the word `r[src]` is not 0.
    AnyFromBool = any_from_bool { dst: Slot, src: Slot }
    /// `r[dst]` = the object `r[src]` as a value of the kind; nil for null.
    AnyFromRef = any_from_ref { dst: Slot, src: Slot, kind: ValueTag }
    /// `r[dst]` = the payload of `r[src]`; traps unless it is of the kind.
    WordFromAny = word_from_any { dst: Slot, src: Slot, kind: ValueTag }
    /// `r[dst]` = the object `r[src]`; traps unless it has the layout or is nil.
    RefFromAny = ref_from_any { dst: Slot, src: Slot, layout: LayoutNumber }
    /// `r[dst]` = whether `r[src]` is truthy.
    IsTruthy = is_truthy { dst: Slot, src: Slot }
    /// `r[dst]` = the number of the kind of `r[src]`.
    KindOf = kind_of { dst: Slot, src: Slot }
    /// `r[dst]` = whether both are the same, without metamethods.
    Same = same { dst: Slot, lhs: Slot, rhs: Slot }

    // Records and arrays.

    /// `r[dst]` = a new record with the words from the window on.
    RecordNew = record_new { dst: Slot, window: Slot, layout: Address<()> }
    /// `r[dst]` = the field at that word of the object.
    RecordGet[S] = record_get { dst: Slot, object: Slot, word: Number32 }
    /// The field at that word of the object = `r[src]`.
    RecordSet[S] = record_set { object: Slot, src: Slot, word: Number32 }
    /// `r[dst]` = a new array of so many `r[src]`.
    ArrayNew[S] = array_new { layout: Address<()>, dst: Slot, length: Slot, src: Slot }
    /// `r[dst] = r[object][r[index]]`.
    ArrayGet[S] = array_get { dst: Slot, object: Slot, index: Slot }
    /// `r[object][r[index]] = r[src]`.
    ArraySet[S] = array_set { object: Slot, index: Slot, src: Slot }
    /// `r[dst]` = the length of the array.
    ArrayLength = array_length { dst: Slot, object: Slot }
    /// `r[dst]` = the length of the array that the value `r[src]` is.
    ArraySize = array_size { dst: Slot, src: Slot }

    // Fibers.

    /// `r[dst]` = a new fiber that will call `r[callee]`.
    FiberNew = fiber_new { dst: Slot, callee: Slot }
    /// Resumes `r[fiber]` with `window[0..arguments + open]`; what it gives becomes the open list.
    FiberResume = fiber_resume { fiber: Slot, window: Slot, arguments: Count, cost: Cost, open: Flag, ok: Slot }
    /// Yields `window[0..values + open]`; what the fiber is resumed with becomes the open list, as if it had called.
    FiberYield = fiber_yield { window: Slot, values: Count, cost: Cost, open: Flag, returns: Returns }
    /// Closes `r[fiber]`; `r[ok]` and `r[error]` tell how that went.
    FiberClose = fiber_close { fiber: Slot, cost: Cost, ok: Slot, error: Slot }
    /// `r[dst]` = the number of the state of `r[fiber]`.
    FiberStatus = fiber_status { dst: Slot, fiber: Slot }

    // What baseline code has besides.

    /// Leaves baseline code unless the run is stepping.
    EnterBlock = enter_block { block: BlockNumber }
    /// Counts the instruction that follows, or stops.
    Step = step {}
}
