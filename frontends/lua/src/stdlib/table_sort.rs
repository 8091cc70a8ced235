//! `table.sort`.
//!
//! Numbers and strings without an order function are compared here; everything else by guest code, in [`super::support`].

use super::algorithms::sort::{Span, invalid_order, sort_slice};
use super::arguments::{Answer, Arguments, Text, out_of_memory};
use super::support;
use super::table::{LENGTH, Length, check_like_table, is_plain, length, returned_length};
use super::work::{VALUES_MAX, Work};
use minivm::raw::{HostCall, Raise, Tag, Value};

// States: what guest code has come back with; the elements are looked at; they are sorted.
const SORTED: u32 = 2;
const CHECKING: u32 = 4;
const SORTING: u32 = 5;

/// Strings longer than this are compared by guest code, where a comparison may take its time.
const STRING_BYTES_MAX: usize = 4096;
/// Strings up to this length count as short.
const SHORT_STRING_BYTES: usize = 64;
/// Bytes of long strings whose comparison counts as another comparison.
const BYTES_PER_COMPARISON: usize = 256;

pub(super) fn sort(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        CHECKING | SORTING => {
            let work = Sort::restore(call);
            return if call.state() == CHECKING { work.check(call) } else { work.run(call) };
        }
        SORTED if call.returned_one().is_truthy() => return call.return_none(),
        SORTED => return Err(call.fail(invalid_order())),
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
    if order.is_nil() && is_plain(call, table) {
        return Sort::new(table, size as usize).check(call);
    }
    sort_by(call, table, size, order)
}

/// Has guest code sort.
fn sort_by(call: &mut HostCall<'_>, table: Value, size: i64, order: Value) -> Answer {
    let order = if order.is_nil() { support::function(call, "less")? } else { order };
    let function = support::function(call, "sort_by")?;
    call.call(function, &[table, Value::int(size), order], SORTED)
}

/// What all elements are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Integers,
    Floats,
    Strings,
    /// Strings of which some take long to compare.
    LongStrings,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Unknown, Kind::Integers, Kind::Floats, Kind::Strings, Kind::LongStrings];

    /// What elements so far and this one are together; none when guest code has to compare them.
    #[inline]
    fn with(self, value: Value) -> Option<Kind> {
        match (self, value.tag()) {
            (Kind::Unknown | Kind::Integers, Tag::INT) => Some(Kind::Integers),
            (Kind::Unknown | Kind::Floats, Tag::FLOAT) => Some(Kind::Floats),
            (Kind::Unknown | Kind::Strings | Kind::LongStrings, Tag::STRING) => match Text(value).bytes().len() {
                length if length > STRING_BYTES_MAX => None,
                length if length > SHORT_STRING_BYTES => Some(Kind::LongStrings),
                _ => Some(if self == Kind::LongStrings { self } else { Kind::Strings }),
            },
            _ => None,
        }
    }

    fn less(self, lhs: Value, rhs: Value) -> bool {
        match self {
            Kind::Integers => lhs.as_int() < rhs.as_int(),
            Kind::Floats => lhs.as_float() < rhs.as_float(),
            Kind::Unknown | Kind::Strings | Kind::LongStrings => Text(lhs).bytes() < Text(rhs).bytes(),
        }
    }

    /// Spans of up to so many elements are sorted at once, in one state.
    fn span_max(self) -> usize {
        if self == Kind::LongStrings { 128 } else { 2048 }
    }

    /// Elements of a longer span that one state partitions at most.
    fn partitioned_max(self) -> usize {
        if self == Kind::LongStrings { VALUES_MAX / 16 } else { VALUES_MAX }
    }
}

/// A span whose partition is under way: elements below `left` belong below the pivot, which waits at its end, and those above
/// `right` above it.
#[derive(Clone, Copy)]
struct Partition {
    span: Span,
    left: usize,
    right: usize,
    /// Whether an element for the upper side is found, and one for the lower is looked for.
    is_right: bool,
}

/// A sort under way.
struct Sort {
    table: Value,
    size: usize,
    kind: Kind,
    /// How many elements have been looked at.
    checked: usize,
    partition: Option<Partition>,
    /// Spans that are still to be sorted, the next one last.
    waiting: Vec<Span>,
}

/// Numbers that a span is kept as, and before them a partition.
const SPAN_NUMBERS: usize = 3;
const PARTITION_NUMBERS: usize = SPAN_NUMBERS + 3;
/// Where they begin among the kept values.
const FIRST_NUMBER: usize = 4;

impl Sort {
    fn new(table: Value, size: usize) -> Self {
        let waiting = vec![Span { low: 0, high: size.max(1) - 1, salt: 0 }];
        Self { table, size, kind: Kind::Unknown, checked: 0, partition: None, waiting }
    }

    /// What was kept; a snapshot that somebody made up may hold anything.
    fn restore(call: &HostCall<'_>) -> Self {
        let number = |index| usize::try_from(call.arg(index).as_int().unwrap_or_default()).unwrap_or_default();
        let size = number(1).clamp(2, i32::MAX as usize);
        let kind = Kind::ALL.get(number(2)).copied().unwrap_or(Kind::Unknown);
        let mut work = Self { table: call.arg(0), size, kind, checked: number(3), partition: None, waiting: vec![] };
        let span = |first| {
            let high = number(first + 1).clamp(1, size - 1);
            Span { low: number(first).min(high - 1), high, salt: number(first + 2) as u32 }
        };
        let mut next = FIRST_NUMBER;
        let partitioned = span(next);
        if partitioned.high - partitioned.low > 3 {
            let left = number(next + SPAN_NUMBERS).clamp(partitioned.low + 1, partitioned.high - 1);
            let right = number(next + SPAN_NUMBERS + 1).clamp(partitioned.low, partitioned.high);
            let is_right = call.arg(next + SPAN_NUMBERS + 2).is_truthy();
            work.partition = Some(Partition { span: partitioned, left, right, is_right });
        }
        next += PARTITION_NUMBERS;
        while next < call.arg_count() {
            work.waiting.push(span(next));
            next += SPAN_NUMBERS;
        }
        work
    }

    fn keep(&self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let number = |number: usize| Value::int(number as i64);
        let span_numbers = |span: &Span| [number(span.low), number(span.high), Value::int(i64::from(span.salt))];
        let kind = Kind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        let mut values = vec![self.table, number(self.size), number(kind), number(self.checked)];
        match &self.partition {
            Some(Partition { span, left, right, is_right }) => {
                values.extend(span_numbers(span));
                values.extend([number(*left), number(*right), Value::bool(*is_right)]);
            }
            None => values.extend([Value::int(0); PARTITION_NUMBERS]),
        }
        values.extend(self.waiting.iter().flat_map(span_numbers));
        call.keep(&values)
    }

    /// Looks at the elements, in slices, and sorts them if they can be compared here.
    fn check(mut self, call: &mut HostCall<'_>) -> Answer {
        let end = self.size.min(self.checked + VALUES_MAX);
        call.charge_values(end.saturating_sub(self.checked))?;
        for index in self.checked..end {
            let value = self.get(call, index);
            match self.kind.with(value) {
                Some(kind) => self.kind = kind,
                None => return sort_by(call, self.table, self.size as i64, Value::NIL),
            }
        }
        self.checked = end;
        if end == self.size {
            return self.run(call);
        }
        self.keep(call)?;
        call.go_on(CHECKING)
    }

    fn get(&self, call: &mut HostCall<'_>, index: usize) -> Value {
        call.heap().table_get_int(self.table, index as i64 + 1)
    }

    fn set(&self, call: &mut HostCall<'_>, index: usize, value: Value) -> Result<(), Raise> {
        call.heap().table_set_int(self.table, index as i64 + 1, value).map_err(out_of_memory)
    }

    fn swap(&self, call: &mut HostCall<'_>, one: usize, other: usize) -> Result<(), Raise> {
        let (first, second) = (self.get(call, one), self.get(call, other));
        self.set(call, one, second)?;
        self.set(call, other, first)
    }

    fn less(&self, call: &mut HostCall<'_>, one: usize, other: usize) -> bool {
        let (one, other) = (self.get(call, one), self.get(call, other));
        self.kind.less(one, other)
    }

    /// Sorts a span, or partitions a part of one.
    fn run(mut self, call: &mut HostCall<'_>) -> Answer {
        match self.partition {
            Some(partition) => self.go_on_partitioning(call, partition)?,
            None => match self.waiting.pop() {
                None => return call.return_none(),
                Some(span) if span.high - span.low < self.kind.span_max() => self.sort_span(call, span)?,
                Some(span) => self.begin_partition(call, span)?,
            },
        }
        if self.partition.is_none() && self.waiting.is_empty() {
            return call.return_none();
        }
        self.keep(call)?;
        call.go_on(SORTING)
    }

    /// Sorts a short span at once.
    fn sort_span(&self, call: &mut HostCall<'_>, span: Span) -> Result<(), Raise> {
        let Sort { table, kind, .. } = *self;
        let (low, high) = (span.low as i64 + 1, span.high as i64 + 1);
        let heap = call.heap();
        let mut values: Vec<Value> = (low..=high).map(|index| heap.table_get_int(table, index)).collect();
        let mut comparisons = 0;
        let sorted = match kind {
            Kind::Integers => sort_slice(&mut values, span.salt, |lhs, rhs| {
                comparisons += 1;
                lhs.as_int() < rhs.as_int()
            }),
            Kind::Floats => sort_slice(&mut values, span.salt, |lhs, rhs| {
                comparisons += 1;
                lhs.as_float() < rhs.as_float()
            }),
            Kind::Unknown | Kind::Strings | Kind::LongStrings => sort_slice(&mut values, span.salt, |lhs, rhs| {
                let (lhs, rhs) = (Text(lhs), Text(rhs));
                comparisons += 1 + lhs.bytes().len().min(rhs.bytes().len()) / BYTES_PER_COMPARISON;
                lhs.bytes() < rhs.bytes()
            }),
        };
        call.charge_elements(comparisons)?;
        sorted.map_err(|error| call.fail(error))?;
        let heap = call.heap();
        for (index, value) in (low..).zip(values) {
            heap.table_set_int(table, index, value).map_err(out_of_memory)?;
        }
        Ok(())
    }

    /// Sorts the ends and the middle of a long span, and puts the pivot aside.
    fn begin_partition(&mut self, call: &mut HostCall<'_>, span: Span) -> Result<(), Raise> {
        let Span { low, high, .. } = span;
        let middle = span.middle();
        if self.less(call, high, low) {
            self.swap(call, low, high)?;
        }
        if self.less(call, middle, low) {
            self.swap(call, middle, low)?;
        } else if self.less(call, high, middle) {
            self.swap(call, high, middle)?;
        }
        self.swap(call, middle, high - 1)?;
        self.partition = Some(Partition { span, left: low + 1, right: high - 2, is_right: false });
        Ok(())
    }

    /// Goes on with a partition until it ends or enough elements were looked at, which are paid for first.
    fn go_on_partitioning(&mut self, call: &mut HostCall<'_>, partition: Partition) -> Result<(), Raise> {
        let Partition { span, mut left, mut right, mut is_right } = partition;
        let high = span.high;
        // Each element is looked at once, and one beyond each end.
        let count = (right + 3).saturating_sub(left).clamp(1, self.kind.partitioned_max());
        call.charge_elements(count)?;
        let pivot = self.get(call, high - 1);
        for _ in 0..count {
            if !is_right {
                let value = self.get(call, left);
                if self.kind.less(value, pivot) {
                    if left == high - 1 {
                        return Err(call.fail(invalid_order()));
                    }
                    left += 1;
                } else {
                    is_right = true;
                }
                continue;
            }
            let value = self.get(call, right);
            if self.kind.less(pivot, value) {
                if right < left {
                    return Err(call.fail(invalid_order()));
                }
                // The left cursor is never at the first element, so this also keeps the right one in the list.
                right -= 1;
                continue;
            }
            if right < left {
                self.swap(call, high - 1, left)?;
                let (larger, smaller) = span.sides(left);
                self.waiting.push(larger);
                self.waiting.extend(smaller);
                self.partition = None;
                return Ok(());
            }
            self.swap(call, left, right)?;
            (left, right, is_right) = (left + 1, right - 1, false);
        }
        self.partition = Some(Partition { span, left, right, is_right });
        Ok(())
    }
}
