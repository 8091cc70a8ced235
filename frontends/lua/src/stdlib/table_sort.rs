//! `table.sort`.
//!
//! Numbers and strings without an order function are compared here. Otherwise the function keeps, while guest code
//! compares: the table, the order function or nil, the pivot, the sort as integers, and the spans put off as integers.

use super::algorithms::sort::{
    Operand, SORT_WORDS, SPAN_WORDS, Sort, SortError, SortStore, Span, invalid_order, sort_slice,
};
use super::arguments::{Answer, Arguments, Text, out_of_memory};
use super::support;
use super::table::{Length, check_like_table, is_plain, length, returned_length};
use minivm::{HostCall, Raise, Tag, Value};

// States: what guest code has come back with.
const LENGTH: u32 = 1;
const READ: u32 = 2;
const COMPARED: u32 = 3;
const WRITTEN: u32 = 4;

// What is kept, by index.
const TABLE: usize = 0;
const ORDER: usize = 1;
const PIVOT: usize = 2;
/// The object whose elements are sorted in a copy, or nil.
const ORIGINAL: usize = 3;
const SORT: usize = 4;
const SPANS: usize = SORT + SORT_WORDS;

pub(super) fn sort(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        COMPARED => {
            let less = call.returned_one().is_truthy();
            return answer(call, less);
        }
        WRITTEN => return call.return_none(),
        READ => {
            let (original, order, copy) = (call.arg(0), call.arg(1), call.returned_one());
            // A snapshot that somebody made up may say anything.
            let most = call.heap().table_len(copy).max(1 << 24).min(i64::from(i32::MAX) - 1);
            let size = call.arg(2).as_int().unwrap_or(0).clamp(0, most);
            return start(call, copy, order, original, size);
        }
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__newindex", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    if size < 2 {
        return call.return_none();
    }
    if size >= i64::from(i32::MAX) {
        return Err(call.argument_error(0, "array too big"));
    }
    if !call.is_absent(1) {
        call.check_function(1)?;
    }
    let (table, order) = (call.arg(0), call.arg(1));
    if is_plain(call, table) {
        return start(call, table, order, Value::NIL, size);
    }
    let function = support::function(call, "read_all")?;
    call.keep(&[table, order, Value::int(size)])?;
    call.call(function, &[table, Value::int(1), Value::int(size)], READ)
}

/// Sorts the first `size` elements of a plain table, and then writes them back to the original, if there is one.
fn start(call: &mut HostCall<'_>, table: Value, order: Value, original: Value, size: i64) -> Answer {
    if order.is_nil() && sort_here(call, table, size)? {
        return finish(call, table, original, size);
    }
    let mut kept = vec![table, order, Value::NIL, original];
    let sort = Sort::new(size as u32);
    kept.extend(sort.to_words().map(Value::int));
    kept.push(Value::int(size));
    call.keep(&kept)?;
    ask(call, &sort)
}

/// Sorts a table of only numbers or only strings at once; false if it is neither.
fn sort_here(call: &mut HostCall<'_>, table: Value, size: i64) -> Result<bool, Raise> {
    let heap = call.heap();
    let mut values: Vec<Value> = (1..=size).map(|index| heap.table_get_int(table, index)).collect();
    let all = |test: fn(&Value) -> bool| values.iter().all(test);
    let sorted = if all(|value| value.tag() == Tag::INT) {
        sort_slice(&mut values, |lhs, rhs| lhs.as_int() < rhs.as_int())
    } else if all(|value| value.tag() == Tag::FLOAT) {
        sort_slice(&mut values, |lhs, rhs| lhs.as_float() < rhs.as_float())
    } else if all(|value| value.tag() == Tag::STRING) {
        sort_slice(&mut values, |lhs, rhs| Text(lhs).bytes() < Text(rhs).bytes())
    } else {
        return Ok(false);
    };
    sorted.map_err(|error| call.fail(error))?;
    let heap = call.heap();
    for (index, value) in (1..).zip(values) {
        heap.table_set_int(table, index, value).map_err(out_of_memory)?;
    }
    Ok(true)
}

fn finish(call: &mut HostCall<'_>, table: Value, original: Value, size: i64) -> Answer {
    if original.is_nil() {
        return call.return_none();
    }
    let function = support::function(call, "write_all")?;
    call.call(function, &[table, Value::int(size), original], WRITTEN)
}

/// The kept values as a store of elements.
struct Kept<'c, 'm> {
    call: &'c mut HostCall<'m>,
    /// Spans put off, which are written back at the end.
    spans: Option<Vec<Value>>,
}

impl Kept<'_, '_> {
    fn spans(&mut self) -> &mut Vec<Value> {
        let call = &self.call;
        self.spans.get_or_insert_with(|| {
            let mut spans: Vec<Value> = (SPANS..call.arg_count()).map(|index| call.arg(index)).collect();
            if spans.is_empty() {
                spans.push(Value::int(0));
            }
            spans
        })
    }
}

impl SortStore for Kept<'_, '_> {
    type Error = Raise;

    fn swap(&mut self, one: u32, other: u32) -> Result<(), Raise> {
        let table = self.call.arg(TABLE);
        let (one, other) = (i64::from(one) + 1, i64::from(other) + 1);
        let heap = self.call.heap();
        let (first, second) = (heap.table_get_int(table, one), heap.table_get_int(table, other));
        heap.table_set_int(table, one, second).map_err(out_of_memory)?;
        heap.table_set_int(table, other, first).map_err(out_of_memory)
    }

    fn set_pivot(&mut self, index: u32) {
        let table = self.call.arg(TABLE);
        let pivot = self.call.heap().table_get_int(table, i64::from(index) + 1);
        self.call.set_arg(PIVOT, pivot);
    }

    fn push(&mut self, span: Span) -> Result<(), Raise> {
        let words = span.to_words().map(Value::int);
        let spans = self.spans();
        // The size of the list stays on top.
        let top = spans.len() - 1;
        spans.splice(top..top, words);
        Ok(())
    }

    fn pop(&mut self) -> Option<Span> {
        let spans = self.spans();
        let start = (spans.len() - 1).checked_sub(SPAN_WORDS)?;
        let words: Vec<i64> = spans.drain(start..start + SPAN_WORDS).filter_map(Value::as_int).collect();
        words.try_into().ok().map(Span::from_words).filter(|span| span.is_sound())
    }
}

/// Takes the answer to a comparison, and asks the next question.
fn answer(call: &mut HostCall<'_>, less: bool) -> Answer {
    let words = std::array::from_fn(|index| call.arg(SORT + index).as_int().unwrap_or(0));
    let mut sort = Sort::from_words(words);
    if !sort.is_sound() {
        // What was kept comes from a snapshot that somebody made up.
        return Err(call.fail(invalid_order()));
    }
    let mut store = Kept { call, spans: None };
    let answered = sort.answer(less, &mut store);
    let spans = store.spans.take();
    match answered {
        Ok(()) => {}
        Err(SortError::InvalidOrder) => return Err(call.fail(invalid_order())),
        Err(SortError::Store(raise)) => return Err(raise),
    }
    for (index, word) in sort.to_words().into_iter().enumerate() {
        call.set_arg(SORT + index, Value::int(word));
    }
    if let Some(spans) = spans {
        let mut kept: Vec<Value> = (0..SPANS).map(|index| call.arg(index)).collect();
        kept.extend(spans);
        call.keep(&kept)?;
    }
    ask(call, &sort)
}

fn ask(call: &mut HostCall<'_>, sort: &Sort) -> Answer {
    let table = call.arg(TABLE);
    let Some((lhs, rhs)) = sort.question() else {
        let size = call.arg(call.arg_count().saturating_sub(1)).as_int().unwrap_or(0);
        let original = call.arg(ORIGINAL);
        return finish(call, table, original, size);
    };
    let pivot = call.arg(PIVOT);
    let mut element = |operand| match operand {
        Operand::At(index) => call.heap().table_get_int(table, i64::from(index) + 1),
        Operand::Pivot => pivot,
    };
    let arguments = [element(lhs), element(rhs)];
    let mut order = call.arg(ORDER);
    if order.is_nil() {
        order = support::function(call, "less")?;
    }
    call.call(order, &arguments, COMPARED)
}
