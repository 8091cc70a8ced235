//! The `table` library, but for sorting and joining.
//!
//! Plain tables are worked on directly, many elements in slices; what has a metatable goes through the operations of the
//! language, in [`super::support`].

use super::arguments::{Answer, Arguments, LibraryFunction, as_number, out_of_memory};
use super::support;
use super::work::{VALUES_MAX, Work, values_max};
use minivm::raw::{HostCall, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("concat", super::table_concat::concat),
    ("insert", insert),
    ("move", move_),
    ("pack", pack),
    ("remove", remove),
    ("sort", super::table_sort::sort),
    ("unpack", unpack),
];

/// More values than this are not unpacked.
const UNPACK_MAX: u64 = 1 << 20;

// States in which a metamethod or a slow form has come back.
pub(super) const LENGTH: u32 = 1;
const DONE: u32 = 2;
pub(super) const READ: u32 = 3;
/// State in which elements are moved or copied on.
const GOING_ON: u32 = 4;

/// Whether a value is a table whose elements no metamethod stands for.
pub(super) fn is_plain(call: &HostCall<'_>, value: Value) -> bool {
    value.tag() == Tag::TABLE && call.metatable(value).is_nil()
}

/// Checks that an argument is a table, or has all these metamethods.
pub(super) fn check_like_table(call: &mut HostCall<'_>, index: usize, events: &[&str]) -> Result<Value, Raise> {
    let value = call.arg(index);
    if value.tag() == Tag::TABLE {
        return Ok(value);
    }
    let has_all = !call.metatable(value).is_nil() && events.iter().all(|event| !call.metamethod(value, event).is_nil());
    if has_all { Ok(value) } else { Err(call.kind_error(index, "table")) }
}

/// How the length of a value is found.
pub(super) enum Length {
    /// At once.
    Known(i64),
    /// By a call of guest code; this is the function and it takes the value.
    By(Value),
}

/// The length of a value, as the operator `#` gives it.
pub(super) fn length(call: &mut HostCall<'_>, value: Value) -> Result<Length, Raise> {
    if value.tag() == Tag::TABLE && (call.metatable(value).is_nil() || call.metamethod(value, "__len").is_nil()) {
        return Ok(Length::Known(call.heap().table_len(value)));
    }
    support::function(call, "length").map(Length::By)
}

/// The length that guest code has given.
pub(super) fn returned_length(call: &mut HostCall<'_>) -> Result<i64, Raise> {
    let value = call.returned_one();
    let length = as_number(value).and_then(super::algorithms::Number::as_integer);
    length.ok_or_else(|| call.error("object length is not an integer"))
}

/// Elements on their way from one plain table to another, or to other places of the same.
struct Move {
    source: Value,
    target: Value,
    /// Those that are left.
    first: i64,
    count: i64,
    /// Where the first of them goes.
    to: i64,
    /// Whether the first is moved first.
    upwards: bool,
}

impl Move {
    /// Values that a move is kept as.
    const KEPT: usize = 6;

    fn restore(call: &HostCall<'_>) -> Self {
        let number = |index| call.arg(index).as_int().unwrap_or_default();
        let (first, count, to) = (number(2), number(3), number(4));
        let upwards = call.arg(5).is_truthy();
        Self { source: call.arg(0), target: call.arg(1), first, count, to, upwards }
    }

    /// Keeps the move, and more behind it.
    fn keep(&self, call: &mut HostCall<'_>, more: &[Value]) -> Result<(), Raise> {
        let numbers = [self.first, self.count, self.to].map(Value::int);
        call.keep(&[self.source, self.target, numbers[0], numbers[1], numbers[2], Value::bool(self.upwards)])?;
        call.keep_more(more)
    }

    fn is_long(&self) -> bool {
        self.count > VALUES_MAX as i64
    }

    /// Pays for the next elements, and moves them.
    #[inline]
    fn advance(&mut self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        if self.count > 0 { self.advance_some(call) } else { Ok(()) }
    }

    fn advance_some(&mut self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let count = self.count.min(VALUES_MAX as i64);
        call.charge_elements(count as usize)?;
        let heap = call.heap();
        let below = if self.upwards { 0 } else { self.count - count };
        let (from, to) = (self.first.wrapping_add(below), self.to.wrapping_add(below));
        let is_copied =
            self.source.raw_equals(self.target) && heap.table_move_slots(self.source, from, to, count as u64);
        for step in 0..if is_copied { 0 } else { count } {
            let offset = if self.upwards { step } else { self.count - 1 - step };
            let value = heap.table_get_int(self.source, self.first.wrapping_add(offset));
            heap.table_set_int(self.target, self.to.wrapping_add(offset), value).map_err(out_of_memory)?;
        }
        if self.upwards {
            self.first = self.first.wrapping_add(count);
            self.to = self.to.wrapping_add(count);
        }
        self.count -= count;
        Ok(())
    }
}

fn insert(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        DONE => return call.return_none(),
        GOING_ON => return go_on_inserting(call),
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__newindex", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    let table = call.arg(0);
    let end = size.wrapping_add(1);
    let (position, value) = match call.arg_count() {
        2 => (end, call.arg(1)),
        3 => {
            let position = call.check_integer(1)?;
            // Unsigned, so that what is below 1 is out of bounds too.
            if (position as u64).wrapping_sub(1) >= end as u64 {
                return Err(call.argument_error(1, "position out of bounds"));
            }
            (position, call.arg(2))
        }
        _ => return Err(call.error("wrong number of arguments to 'insert'")),
    };
    if !is_plain(call, table) {
        let function = support::function(call, "insert_at")?;
        return call.call(function, &[table, Value::int(end), Value::int(position), value], DONE);
    }
    let count = end.saturating_sub(position).max(0);
    let mut shift =
        Move { source: table, target: table, first: position, count, to: position.wrapping_add(1), upwards: false };
    if shift.is_long() {
        shift.keep(call, &[value])?;
        return call.go_on(GOING_ON);
    }
    shift.advance(call)?;
    call.heap().table_set_int(table, position, value).map_err(out_of_memory)?;
    call.return_none()
}

/// The elements above the place are moved on; the function keeps the move and the value.
fn go_on_inserting(call: &mut HostCall<'_>) -> Answer {
    let (mut shift, value) = (Move::restore(call), call.arg(Move::KEPT));
    shift.advance(call)?;
    if shift.count > 0 {
        call.set_arg(3, Value::int(shift.count));
        return call.go_on(GOING_ON);
    }
    call.heap().table_set_int(shift.target, shift.first, value).map_err(out_of_memory)?;
    call.return_none()
}

fn remove(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        DONE => return call.return_returned(None),
        GOING_ON => return go_on_removing(call),
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__newindex", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    let table = call.arg(0);
    let position = call.integer_or(1, size)?;
    if call.arg_count() > 1 && position != size && (position as u64).wrapping_sub(1) > size as u64 {
        return Err(call.argument_error(0, "position out of bounds"));
    }
    if !is_plain(call, table) {
        let function = support::function(call, "remove_at")?;
        return call.call(function, &[table, Value::int(size), Value::int(position)], DONE);
    }
    let removed = call.heap().table_get_int(table, position);
    let count = size.saturating_sub(position).max(0);
    let mut shift =
        Move { source: table, target: table, first: position.wrapping_add(1), count, to: position, upwards: true };
    if shift.is_long() {
        shift.keep(call, &[removed])?;
        return call.go_on(GOING_ON);
    }
    shift.advance(call)?;
    call.heap().table_set_int(table, shift.to, Value::NIL).map_err(out_of_memory)?;
    call.return_one(removed)
}

/// The elements above the place are moved down; the function keeps the move and the removed element.
fn go_on_removing(call: &mut HostCall<'_>) -> Answer {
    let (mut shift, removed) = (Move::restore(call), call.arg(Move::KEPT));
    shift.advance(call)?;
    if shift.count > 0 {
        shift.keep(call, &[removed])?;
        return call.go_on(GOING_ON);
    }
    call.heap().table_set_int(shift.target, shift.to, Value::NIL).map_err(out_of_memory)?;
    call.return_one(removed)
}

fn move_(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        DONE => return call.return_returned(None),
        GOING_ON => {
            let work = Move::restore(call);
            return go_on_moving(call, work);
        }
        _ => {}
    }
    let (first, last, to) = (call.check_integer(1)?, call.check_integer(2)?, call.check_integer(3)?);
    let target_index = if call.is_absent(4) { 0 } else { 4 };
    let source = check_like_table(call, 0, &["__index"])?;
    let target = check_like_table(call, target_index, &["__newindex"])?;
    if last < first {
        return call.return_one(target);
    }
    if first <= 0 && last >= i64::MAX.wrapping_add(first) {
        return Err(call.argument_error(2, "too many elements to move"));
    }
    let count = last - first + 1;
    if to > i64::MAX - count + 1 {
        return Err(call.argument_error(3, "destination wrap around"));
    }
    // Moving within one table to a higher place must begin at the end.
    let upwards = to > last || to <= first || !source.raw_equals(target);
    if !is_plain(call, source) || !is_plain(call, target) {
        let function = support::function(call, if upwards { "move_up" } else { "move_down" })?;
        let arguments = [source, Value::int(first), Value::int(count), Value::int(to), target];
        return call.call(function, &arguments, DONE);
    }
    go_on_moving(call, Move { source, target, first, count, to, upwards })
}

fn go_on_moving(call: &mut HostCall<'_>, mut work: Move) -> Answer {
    work.advance(call)?;
    if work.count > 0 {
        work.keep(call, &[])?;
        return call.go_on(GOING_ON);
    }
    call.return_one(work.target)
}

/// `pack(...)`: a table of all values and their number `n`. Where they are many, the function keeps the table and the number of
/// those that are in it behind them.
pub(super) fn pack(call: &mut HostCall<'_>) -> Answer {
    let (table, count, first) = if call.state() == GOING_ON {
        let count = call.arg_count().saturating_sub(2);
        let first = usize::try_from(call.arg(count + 1).as_int().unwrap_or_default()).unwrap_or(count);
        (call.arg(count), count, first.min(count))
    } else {
        let count = call.arg_count();
        call.charge_values(count.min(values_max(count)))?;
        (call.table(count.min(VALUES_MAX) as u32, 1)?, count, 0)
    };
    let next = count.min(first.saturating_add(values_max(count)));
    if call.state() == GOING_ON {
        call.charge_values(next - first)?;
    }
    for index in first..next {
        let value = call.arg(index);
        call.heap().table_set_int(table, index as i64 + 1, value).map_err(out_of_memory)?;
    }
    if next < count {
        super::string::keep_behind(call, count, &[table, Value::int(next as i64)])?;
        return call.go_on(GOING_ON);
    }
    call.heap().table_set_name(table, b"n", Value::int(count as i64)).map_err(out_of_memory)?;
    call.return_one(table)
}

fn unpack(call: &mut HostCall<'_>) -> Answer {
    let last = match call.state() {
        GOING_ON => return go_on_unpacking(call),
        READ => {
            let (count, plain) = (call.arg(0).as_int().unwrap_or(0), call.returned_one());
            return return_elements(call, plain, 1, count.clamp(0, UNPACK_MAX as i64));
        }
        LENGTH => returned_length(call)?,
        _ if !call.is_absent(2) => {
            call.integer_or(1, 1)?;
            call.check_integer(2)?
        }
        _ => {
            call.integer_or(1, 1)?;
            let list = call.arg(0);
            match length(call, list)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[list], LENGTH),
            }
        }
    };
    let first = call.integer_or(1, 1)?;
    if first > last {
        return call.return_none();
    }
    let count = (last as u64).wrapping_sub(first as u64);
    if count >= UNPACK_MAX {
        return Err(call.error(TOO_MANY_RESULTS));
    }
    let list = call.arg(0);
    if is_plain(call, list) {
        return return_elements(call, list, first, last);
    }
    let function = support::function(call, "read_all")?;
    call.keep(&[Value::int(count as i64 + 1)])?;
    call.call(function, &[list, Value::int(first), Value::int(last)], READ)
}

const TOO_MANY_RESULTS: &str = "too many results to unpack";

/// Returns elements of a plain table.
pub(super) fn return_elements(call: &mut HostCall<'_>, table: Value, first: i64, last: i64) -> Answer {
    let heap = call.heap();
    if last - first < 4 {
        let mut values = [Value::NIL; 4];
        let count = (last - first + 1).max(0) as usize;
        for (offset, slot) in values[..count].iter_mut().enumerate() {
            *slot = heap.table_get_int(table, first + offset as i64);
        }
        return call.return_values(&values[..count]);
    }
    if last - first >= VALUES_MAX as i64 {
        call.keep(&[table, Value::int(first), Value::int(last)])?;
        return call.go_on(GOING_ON);
    }
    call.charge_values((last - first + 1) as usize)?;
    let heap = call.heap();
    let values: Vec<Value> = (first..=last).map(|index| heap.table_get_int(table, index)).collect();
    call.return_values(&values).map_err(|_| call.error(TOO_MANY_RESULTS))
}

/// Goes on with many elements: the function keeps the table, the indices of the next and the last one, and the values so far.
pub(super) fn go_on_unpacking(call: &mut HostCall<'_>) -> Answer {
    const FIRST: usize = 3;
    let number = |index| call.arg(index).as_int().unwrap_or_default();
    let (table, first, last) = (call.arg(0), number(1), number(2));
    if first > last {
        return call.return_args_from(FIRST);
    }
    let end = last.min(first.saturating_add(values_max(call.arg_count()) as i64 - 1));
    call.charge_values((end - first + 1) as usize)?;
    let heap = call.heap();
    let values: Vec<Value> = (first..=end).map(|index| heap.table_get_int(table, index)).collect();
    call.keep_more(&values).map_err(|_| call.error(TOO_MANY_RESULTS))?;
    match end.checked_add(1) {
        Some(next) if next <= last => call.set_arg(1, Value::int(next)),
        _ => return call.return_args_from(FIRST),
    }
    call.go_on(GOING_ON)
}
