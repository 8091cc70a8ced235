//! The handler of each row of the [table](crate::threaded::rows): a row without one does not build.

use super::control::Sense;
use super::dynamic::Relation;
use super::record::Stored;
use super::sources::AnySource;
use super::{
    call, closure, control, convert, copy, dynamic, entries, fiber, list, method, object, record, stepping, string,
};
use crate::runtime::context::Handler;
use crate::threaded::rows;

/// What runs a row.
#[derive(Clone, Copy)]
pub(crate) struct Handlers {
    /// In optimised code.
    pub(crate) optimised: Handler,
    /// In baseline code; another one for instructions that leave their function.
    pub(crate) baseline: Handler,
}

/// `row: Type<Parameters: Bounds> => handler, baseline handler;`. Methods of the rows themselves, not of a trait: what a trait names is
/// visible outside of the crate, and jumps to it are slower.
macro_rules! handlers {
    (typed [$($typed:ident)*] $(
        $name:ident: $row:ident $(<$($parameter:ident: $bound:path),+>)? => $handler:expr $(, $baseline:expr)?;
    )*) => {
        $(
            impl $(<$($parameter: $bound),+>)? rows::$row $(<$($parameter),+>)? {
                /// What runs it.
                pub(crate) fn handlers(&self) -> Handlers {
                    let optimised: Handler = $handler;
                    #[allow(unused_variables, reason = "some have another one")]
                    let baseline = optimised;
                    $(let baseline: Handler = $baseline;)?
                    Handlers { optimised, baseline }
                }
            }
        )*
        const _: rows::EveryRow = rows::EveryRow { $($name: (),)* $($typed: (),)* };
    };
}

handlers! {
    // The registry of typed handlers has those of all the trees that these are followed by.
    typed [call_after call_element]

    call_any: CallAny => call::call_any, stepping::call_any;
    call_any_open: CallAnyOpen => call::call_any_open, call::call_any_open_slow;
    prepend_open: PrependOpen => call::prepend_open;
    tail_call_any: TailCallAny => call::tail_call_any, stepping::tail_call_any;
    tail_call_typed: TailCallTyped => call::tail_call_typed, call::tail_call_typed_slow;
    tail_call_typed_value: TailCallTypedValue => call::tail_call_typed_value;
    return_any: ReturnAny => call::return_any, stepping::return_any;
    return_block: ReturnBlock => call::return_block, stepping::return_block;
    return_words: ReturnWords => call::return_words, stepping::return_words;
    return_word: ReturnWord => stepping::return_word;
    varargs: Varargs => call::varargs;
    varargs_to_open: VarargsToOpen => call::varargs_to_open;
    take_open: TakeOpen => call::take_open;
    call_value: CallValue => super::typed::calls::call_value, super::typed::calls::call_value_slow;

    copy_any: CopyAny => copy::copy_any;
    copy_two: CopyTwo => copy::copy_two;
    copy_constant: CopyConstant => copy::copy_constant;
    copy_word: CopyWord => copy::copy_word;
    word_constant: WordConstant => copy::word_constant;
    table_element: TableElement => copy::table_element;

    jump: Jump => control::jump;
    charge: Charge => control::charge;
    branch_truthy: BranchTruthy<S: Sense> => control::branch_truthy::<S>;
    branch_kind: BranchKind<S: Sense> => control::branch_kind::<S>;
    branch_same: BranchSame<S: Sense> => control::branch_same::<S>;
    branch_unbox: BranchUnbox => control::branch_unbox;
    branch_ref: BranchRef => control::branch_ref;
    branch_ref_exact: BranchRefExact => control::branch_ref_exact;
    branch_signature: BranchSignature => control::branch_signature;
    branch_signature_exact: BranchSignatureExact => control::branch_signature_exact;
    branch_compare: BranchCompare<O: Relation, S: Sense, L: AnySource, R: AnySource> =>
        dynamic::branch_compare::<O, L, R, S>;
    for_prepare: ForPrepare => control::for_prepare;
    for_loop: ForLoop => control::for_loop;
    for_loop_int: ForLoopInt => control::for_loop_int;
    for_each: ForEach => control::for_each;
    for_each_test: ForEachTest => control::for_each_test;
    throw: Throw => control::throw;
    trap: Trap => control::trap_instruction;

    arithmetic: Arithmetic<O: dynamic::Arithmetic, L: AnySource, R: AnySource> => dynamic::arithmetic::<O, L, R>;
    compare: Compare<O: Relation, L: AnySource, R: AnySource> => dynamic::compare::<O, L, R>;
    negate: Negate => dynamic::negate;
    bit_not: BitNot => dynamic::bit_not;
    not: Not => dynamic::not;
    length: Length => list::length;
    concat: Concat => dynamic::concat;

    string_byte: StringByte => string::string_byte;
    string_slice: StringSlice => string::string_slice;
    string_new: StringNew => string::string_new;
    string_from_array: StringFromArray => string::string_from_array;

    get_field: GetField<S: AnySource> => object::get_field::<S>;
    get: Get<S: AnySource, K: AnySource> => object::get::<S, K>;
    get_method: GetMethod => method::get_method;
    set_field: SetField<V: AnySource> => object::set_field::<V>;
    set_index: SetIndex<K: AnySource, V: AnySource> => object::set_index::<K, V>;
    table_new: TableNew => list::table_new;
    append: Append => list::append;
    table_next: TableNext => entries::table_next;
    metatable_get: MetatableGet => entries::metatable_get;
    metatable_set: MetatableSet => entries::metatable_set;

    closure: Closure => closure::closure;
    capture_get: CaptureGet => closure::capture_get;
    capture_get_word: CaptureGetWord => closure::capture_get_word;
    capture_cell_get: CaptureCellGet => closure::capture_cell_get;
    capture_cell_set: CaptureCellSet => closure::capture_cell_set;
    cell_new: CellNew => closure::cell_new;
    cell_get: CellGet => closure::cell_get;
    cell_set: CellSet => closure::cell_set;
    current_function: CurrentFunction => closure::current_function;

    tag_word: TagWord => convert::tag_word;
    any_from_bool: AnyFromBool => convert::any_from_bool;
    any_from_ref: AnyFromRef => convert::any_from_ref;
    word_from_any: WordFromAny => convert::word_from_any;
    ref_from_any: RefFromAny => convert::ref_from_any;
    is_truthy: IsTruthy => convert::is_truthy;
    kind_of: KindOf => convert::kind_of;
    same: Same => convert::same;

    record_new: RecordNew => record::record_new;
    record_get: RecordGet<S: Stored> => record::record_get::<S>;
    record_set: RecordSet<S: Stored> => record::record_set::<S>;
    array_new: ArrayNew<S: Stored> => record::array_new::<S>;
    array_get: ArrayGet<S: Stored> => record::array_get::<S>;
    array_set: ArraySet<S: Stored> => record::array_set::<S>;
    array_length: ArrayLength => record::array_length;
    array_size: ArraySize => record::array_size;

    fiber_new: FiberNew => fiber::fiber_new;
    fiber_resume: FiberResume => fiber::fiber_resume;
    fiber_yield: FiberYield => fiber::fiber_yield;
    fiber_close: FiberClose => fiber::fiber_close;
    fiber_status: FiberStatus => fiber::fiber_status;

    enter_block: EnterBlock => stepping::enter_block;
    step: Step => stepping::step;
}
