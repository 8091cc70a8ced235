//! Fast paths of library functions that programs call in their inner loops: what they do with common arguments.
//!
//! Each answers [`FastPath::Unknown`] for anything else; the whole function, which its library has, then decides, and words the
//! errors.

use super::algorithms::number::{ceil_to_integer, floor_to_integer};
use super::algorithms::positions::part;
use minivm::raw::heap::Heap;
use minivm::raw::{FAST_PATH_BYTES_MAX, FastPath, FastPathFn, Intrinsic, Numeric, Tag, Value};

/// What the machine does of a library function itself, by its own name.
pub(super) fn form(own_name: &str) -> Option<Intrinsic> {
    let (_, function) = FORMS.iter().find(|(name, _)| *name == own_name)?;
    Some(match own_name {
        "math.floor" => Intrinsic::Numeric(Numeric::Floor, *function),
        "math.sqrt" => Intrinsic::Numeric(Numeric::SquareRoot, *function),
        _ => Intrinsic::FastPath(*function),
    })
}

const FORMS: &[(&str, FastPathFn)] = &[
    ("getmetatable", getmetatable),
    ("math.abs", |_, arguments| {
        number(arguments, |x| Some(Value::int(x.wrapping_abs())), |x| Some(Value::float(x.abs())))
    }),
    ("math.ceil", |_, arguments| rounded(arguments, ceil_to_integer)),
    ("math.cos", |_, arguments| float(arguments, libm::cos)),
    ("math.exp", |_, arguments| float(arguments, libm::exp)),
    ("math.floor", |_, arguments| rounded(arguments, floor_to_integer)),
    ("math.max", |_, arguments| extreme(arguments, |best, value| best < value, |best, value| best < value)),
    ("math.min", |_, arguments| extreme(arguments, |best, value| value < best, |best, value| value < best)),
    ("math.sin", |_, arguments| float(arguments, libm::sin)),
    ("math.sqrt", |_, arguments| float(arguments, libm::sqrt)),
    ("rawequal", rawequal),
    ("rawget", rawget),
    ("rawlen", rawlen),
    ("select", select),
    ("setmetatable", setmetatable),
    ("string.byte", byte),
    ("string.len", len),
    ("string.sub", sub),
    ("table.insert", insert),
    ("table.remove", remove),
    ("tonumber", tonumber),
    ("type", type_of),
];

/// Arguments that are looked at without a charge.
const ARGUMENTS_MAX: usize = 14;

/// Whether a value is no string, or one that is compared or hashed without a charge.
#[inline(always)]
fn is_short(value: &Value) -> bool {
    value.as_bytes().is_none_or(|bytes| bytes.len() <= FAST_PATH_BYTES_MAX)
}

#[inline(always)]
fn float(arguments: &[Value], function: fn(f64) -> f64) -> FastPath {
    number(arguments, |x| Some(Value::float(function(x as f64))), |x| Some(Value::float(function(x))))
}

#[inline(always)]
fn number(arguments: &[Value], int: impl Fn(i64) -> Option<Value>, float: impl Fn(f64) -> Option<Value>) -> FastPath {
    let [value] = arguments else { return FastPath::Unknown };
    let result = match value.tag() {
        Tag::INT => int(value.payload() as i64),
        Tag::FLOAT => float(f64::from_bits(value.payload())),
        _ => None,
    };
    result.map_or(FastPath::Unknown, FastPath::One)
}

#[inline(always)]
fn rounded(arguments: &[Value], round: fn(f64) -> Option<i64>) -> FastPath {
    number(arguments, |x| Some(Value::int(x)), |x| round(x).map(Value::int))
}

/// The argument that no other one is better than; of two equal ones the first.
#[inline(always)]
fn extreme(arguments: &[Value], ints: fn(i64, i64) -> bool, floats: fn(f64, f64) -> bool) -> FastPath {
    let [first, rest @ ..] = arguments else { return FastPath::Unknown };
    if rest.len() > ARGUMENTS_MAX {
        return FastPath::Unknown;
    }
    let mut best = *first;
    for &value in rest {
        let better = match (best.tag(), value.tag()) {
            (Tag::INT, Tag::INT) => ints(best.payload() as i64, value.payload() as i64),
            (Tag::FLOAT, Tag::FLOAT) => floats(f64::from_bits(best.payload()), f64::from_bits(value.payload())),
            _ => return FastPath::Unknown,
        };
        if better {
            best = value;
        }
    }
    if matches!(best.tag(), Tag::INT | Tag::FLOAT) { FastPath::One(best) } else { FastPath::Unknown }
}

fn getmetatable(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [value] if value.tag() == Tag::TABLE && heap.own_metatable(*value).is_nil() => FastPath::One(Value::NIL),
        _ => FastPath::Unknown,
    }
}

fn setmetatable(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        &[table, metatable]
            if table.tag() == Tag::TABLE
                && metatable.tag() == Tag::TABLE
                && heap.own_metatable(table).is_nil()
                && heap.set_own_metatable(table, metatable).is_ok() =>
        {
            FastPath::One(table)
        }
        _ => FastPath::Unknown,
    }
}

fn rawequal(_: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [lhs, rhs] if is_short(lhs) => FastPath::One(Value::bool(lhs.raw_equals(*rhs))),
        _ => FastPath::Unknown,
    }
}

fn rawget(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [table, key] if table.tag() == Tag::TABLE && is_short(key) => FastPath::One(heap.table_get(*table, *key)),
        _ => FastPath::Unknown,
    }
}

fn rawlen(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [table] if table.tag() == Tag::TABLE => FastPath::One(Value::int(heap.table_len(*table))),
        _ => len(heap, arguments),
    }
}

fn select(_: &mut Heap, arguments: &[Value]) -> FastPath {
    let [which, rest @ ..] = arguments else { return FastPath::Unknown };
    if which.as_bytes() == Some(b"#") {
        return FastPath::One(Value::int(rest.len() as i64));
    }
    match which.as_int() {
        Some(index) if index > 0 && index as usize == rest.len() => FastPath::One(rest[index as usize - 1]),
        Some(index) if index > 0 && index as usize > rest.len() => FastPath::Nothing,
        Some(index) if index > 0 && rest.len() - index as usize <= ARGUMENTS_MAX => FastPath::From(index as usize),
        _ => FastPath::Unknown,
    }
}

fn byte(_: &mut Heap, arguments: &[Value]) -> FastPath {
    let (text, position) = match arguments {
        [text] => (text, Some(1)),
        [text, position] => (text, position.as_int()),
        _ => return FastPath::Unknown,
    };
    let (Some(bytes), Some(position)) = (text.as_bytes(), position) else { return FastPath::Unknown };
    let index = if position < 0 { position + bytes.len() as i64 } else { position - 1 };
    match usize::try_from(index).ok().and_then(|index| bytes.get(index)) {
        Some(&byte) => FastPath::One(Value::int(i64::from(byte))),
        None => FastPath::Unknown,
    }
}

fn len(_: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [text] => text.as_bytes().map_or(FastPath::Unknown, |bytes| FastPath::One(Value::int(bytes.len() as i64))),
        _ => FastPath::Unknown,
    }
}

fn sub(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    let (text, first, last) = match arguments {
        [text, first] => (text, first.as_int(), Some(-1)),
        [text, first, last] => (text, first.as_int(), last.as_int()),
        _ => return FastPath::Unknown,
    };
    let (Some(bytes), Some(first), Some(last)) = (text.as_bytes(), first, last) else { return FastPath::Unknown };
    let range = part(first, last, bytes.len());
    if range.len() == bytes.len() {
        return FastPath::One(*text);
    }
    if range.len() > FAST_PATH_BYTES_MAX {
        return FastPath::Unknown;
    }
    heap.string_value(&bytes[range]).map_or(FastPath::Unknown, FastPath::One)
}

/// The length of a table that no metamethod stands for.
fn plain_length(heap: &mut Heap, table: Value) -> Option<i64> {
    let is_plain = table.tag() == Tag::TABLE && heap.own_metatable(table).is_nil();
    if is_plain { Some(heap.table_len(table)) } else { None }
}

fn insert(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    let [table, value] = arguments else { return FastPath::Unknown };
    let Some(length) = plain_length(heap, *table) else { return FastPath::Unknown };
    match heap.table_set_int(*table, length.wrapping_add(1), *value) {
        Ok(()) => FastPath::Nothing,
        Err(_) => FastPath::Unknown,
    }
}

fn remove(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    let [table] = arguments else { return FastPath::Unknown };
    match plain_length(heap, *table) {
        Some(length) if length > 0 => {
            let removed = heap.table_get_int(*table, length);
            match heap.table_set_int(*table, length, Value::NIL) {
                Ok(()) => FastPath::One(removed),
                Err(_) => FastPath::Unknown,
            }
        }
        _ => FastPath::Unknown,
    }
}

fn tonumber(_: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [value] if matches!(value.tag(), Tag::INT | Tag::FLOAT) => FastPath::One(*value),
        _ => FastPath::Unknown,
    }
}

fn type_of(heap: &mut Heap, arguments: &[Value]) -> FastPath {
    match arguments {
        [value, ..] => FastPath::One(heap.kind_name(*value)),
        [] => FastPath::Unknown,
    }
}
