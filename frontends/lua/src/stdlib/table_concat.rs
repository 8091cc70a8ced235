//! `table.concat`.

use super::algorithms::float_text;
use super::arguments::{Answer, Arguments, Text, as_number};
use super::support;
use super::table::{LENGTH, Length, READ, check_like_table, is_plain, length, returned_length};
use super::text_builder::{self, Finished, TextBuilder};
use super::work::{VALUES_MAX, Work};
use minivm::raw::{HostCall, Raise, Value};

// States: the next elements are joined; all are.
const JOINING: u32 = 4;
const JOINED: u32 = 5;

/// So many elements of so many bytes, and as long separators, are few enough not to be looked at one by one.
const SHORT_AT_ONCE: i64 = 64;
const SHORT_BYTES_MAX: usize = 64;

pub(super) fn concat(call: &mut HostCall<'_>) -> Answer {
    let default_last = match call.state() {
        JOINED => return call.return_returned(None),
        JOINING => return Join::restore(call).run(call),
        READ => {
            let (first, last, plain) = (call.arg(2), call.arg(3), call.returned_one());
            let (first, last) = (first.as_int().unwrap_or(1), last.as_int().unwrap_or(0));
            let count = last.checked_sub(first).and_then(|more| more.checked_add(1)).unwrap_or(i64::MAX);
            return Join::new(plain, call.arg(1), (1, count), first).run(call);
        }
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    let table = call.arg(0);
    call.optional_text(1)?;
    let first = call.integer_or(2, 1)?;
    let last = call.integer_or(3, default_last)?;
    let separator = call.arg(1);
    if is_plain(call, table) || first > last {
        return Join::new(table, separator, (first, last), first).run(call);
    }
    let function = support::function(call, "read_to_nil")?;
    call.keep(&[table, separator, Value::int(first), Value::int(last)])?;
    call.call(function, &[table, Value::int(first), Value::int(last)], READ)
}

/// Elements of a plain table that are being joined.
struct Join {
    table: Value,
    separator: Value,
    /// The indices of the next element and the last one.
    index: i64,
    last: i64,
    /// What messages add to an index.
    shift: i64,
    out: TextBuilder,
}

impl Join {
    /// The first of the elements is called `shown_first` in messages.
    fn new(table: Value, separator: Value, (first, last): (i64, i64), shown_first: i64) -> Self {
        let shift = shown_first.wrapping_sub(first);
        Self { table, separator, index: first, last, shift, out: TextBuilder::default() }
    }

    fn restore(call: &HostCall<'_>) -> Self {
        const OUT: usize = 5;
        let number = |index| call.arg(index).as_int().unwrap_or_default();
        let out = TextBuilder::restore(call, OUT);
        Self { table: call.arg(0), separator: call.arg(1), index: number(2), last: number(3), shift: number(4), out }
    }

    fn keep(&self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let numbers = [self.index, self.last, self.shift].map(Value::int);
        call.keep(&[self.table, self.separator, numbers[0], numbers[1], numbers[2]])?;
        call.keep_more(&self.out.kept())
    }

    /// Joins as many elements as one state may.
    fn run(mut self, call: &mut HostCall<'_>) -> Answer {
        const _: () = assert!(text_builder::KEPT == 3, "see `restore`");
        let separator = Text(self.separator);
        let mut count = self.append_short(call, separator.bytes());
        let mut is_done = self.index > self.last;
        while !is_done && count < VALUES_MAX && !self.out.is_full() {
            self.append(call)?;
            count += 1;
            is_done = self.index == self.last;
            if !is_done {
                self.out.push_text(separator);
                self.index += 1;
            }
            if count & 63 == 0 {
                self.out.check_room(call)?;
            }
        }
        call.charge_values(count)?;
        if is_done {
            return match self.out.finish(call, Text(Value::NIL), (JOINED, &[]))? {
                Finished::Text(text) => call.return_one(text),
                Finished::Later(outcome) => Ok(outcome),
            };
        }
        self.out.pay_and_flush(call)?;
        self.keep(call)?;
        call.go_on(JOINING)
    }

    /// Appends short strings as long as there are only such, but neither the last element nor more than one state may; gives how
    /// many.
    fn append_short(&mut self, call: &mut HostCall<'_>, separator: &[u8]) -> usize {
        let count = self.last.saturating_sub(self.index).clamp(0, SHORT_AT_ONCE) as usize;
        if separator.len() > SHORT_BYTES_MAX {
            return 0;
        }
        let (table, index, heap, bytes) = (self.table, self.index, call.heap(), &mut self.out.bytes);
        for done in 0..count {
            let value = heap.table_get_int(table, index + done as i64);
            match value.as_bytes() {
                Some(text) if text.len() <= SHORT_BYTES_MAX => bytes.extend_from_slice(text),
                _ => {
                    self.index += done as i64;
                    return done;
                }
            }
            bytes.extend_from_slice(separator);
        }
        self.index += count as i64;
        count
    }

    /// Appends the element at hand.
    #[inline]
    fn append(&mut self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let value = call.heap().table_get_int(self.table, self.index);
        if value.as_bytes().is_some() {
            self.out.push_text(Text(value));
            return Ok(());
        }
        if let Some(number) = as_number(value) {
            float_text::write_number(&mut self.out.bytes, number);
            return Ok(());
        }
        let (kind, shown) = (call.type_name(value), self.index.wrapping_add(self.shift));
        Err(call.error(format!("invalid value ({kind}) at index {shown} in table for 'concat'")))
    }
}
