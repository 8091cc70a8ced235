//! The `math` library.

use super::algorithms::number::{Number, ceil_to_integer, floor_to_integer};
use super::algorithms::random::Random;
use super::algorithms::{math, number};
use super::arguments::{Answer, Arguments, LibraryFunction, as_number, number_value};
use super::library::library;
use super::support;
use super::work::Work;
use minivm::raw::{HostCall, Tag, Value};

/// The functions by name. `cosh`, `frexp`, `ldexp`, `log10`, `pow`, `sinh` and `tanh` are those of older versions, which
/// usual builds of the reference implementation keep.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("abs", abs),
    ("acos", |call| unary(call, libm::acos)),
    ("asin", |call| unary(call, libm::asin)),
    ("atan", atan),
    ("ceil", ceil),
    ("cos", |call| unary(call, libm::cos)),
    ("cosh", |call| unary(call, libm::cosh)),
    ("deg", |call| unary(call, |x| x * (180.0 / math::PI))),
    ("exp", |call| unary(call, libm::exp)),
    ("floor", floor),
    ("fmod", fmod),
    ("frexp", frexp),
    ("ldexp", ldexp),
    ("log", log),
    ("log10", |call| unary(call, libm::log10)),
    ("max", |call| extreme(call, true)),
    ("min", |call| extreme(call, false)),
    ("modf", modf),
    ("pow", pow),
    ("rad", |call| unary(call, |x| x * (math::PI / 180.0))),
    ("random", random),
    ("randomseed", randomseed),
    ("sin", |call| unary(call, libm::sin)),
    ("sinh", |call| unary(call, libm::sinh)),
    ("sqrt", |call| unary(call, libm::sqrt)),
    ("tan", |call| unary(call, libm::tan)),
    ("tanh", |call| unary(call, libm::tanh)),
    ("tointeger", tointeger),
    ("type", type_of),
    ("ult", ult),
];

/// The constants by name.
pub(super) const CONSTANTS: [(&str, Value); 4] = [
    ("pi", Value::float(math::PI)),
    ("huge", Value::float(f64::INFINITY)),
    ("maxinteger", Value::int(i64::MAX)),
    ("mininteger", Value::int(i64::MIN)),
];

fn unary(call: &mut HostCall<'_>, function: fn(f64) -> f64) -> Answer {
    let x = call.check_float(0)?;
    call.return_one(Value::float(function(x)))
}

fn return_number(call: &mut HostCall<'_>, number: Number) -> Answer {
    call.return_one(number_value(number))
}

fn abs(call: &mut HostCall<'_>) -> Answer {
    // A string that spells an integer counts as a float.
    let value = match as_number(call.arg(0)) {
        Some(value) => value,
        None => Number::Float(call.check_float(0)?),
    };
    return_number(call, math::abs(value))
}

fn floor(call: &mut HostCall<'_>) -> Answer {
    match call.check_number(0)? {
        Number::Integer(value) => call.return_one(Value::int(value)),
        Number::Float(value) => match floor_to_integer(value) {
            Some(value) => call.return_one(Value::int(value)),
            None => call.return_one(Value::float(libm::floor(value))),
        },
    }
}

fn ceil(call: &mut HostCall<'_>) -> Answer {
    match call.check_number(0)? {
        Number::Integer(value) => call.return_one(Value::int(value)),
        Number::Float(value) => match ceil_to_integer(value) {
            Some(value) => call.return_one(Value::int(value)),
            None => call.return_one(Value::float(libm::ceil(value))),
        },
    }
}

fn atan(call: &mut HostCall<'_>) -> Answer {
    let y = call.check_float(0)?;
    let x = if call.is_absent(1) { 1.0 } else { call.check_float(1)? };
    call.return_one(Value::float(math::atan(y, x)))
}

fn log(call: &mut HostCall<'_>) -> Answer {
    let x = call.check_float(0)?;
    let base = if call.is_absent(1) { None } else { Some(call.check_float(1)?) };
    call.return_one(Value::float(math::log(x, base)))
}

fn pow(call: &mut HostCall<'_>) -> Answer {
    let (x, y) = (call.check_float(0)?, call.check_float(1)?);
    call.return_one(Value::float(libm::pow(x, y)))
}

fn frexp(call: &mut HostCall<'_>) -> Answer {
    let x = call.check_float(0)?;
    let (mantissa, exponent) = if x.is_finite() { libm::frexp(x) } else { (x, 0) };
    call.return_values(&[Value::float(mantissa), Value::int(i64::from(exponent))])
}

fn ldexp(call: &mut HostCall<'_>) -> Answer {
    let (x, exponent) = (call.check_float(0)?, call.check_integer(1)?);
    // C's function takes an `int`, to which the reference implementation cuts the argument off.
    call.return_one(Value::float(libm::ldexp(x, exponent as i32)))
}

fn fmod(call: &mut HostCall<'_>) -> Answer {
    let (lhs, rhs) = match (as_number(call.arg(0)), as_number(call.arg(1))) {
        (Some(lhs), Some(rhs)) => (lhs, rhs),
        // Strings count as floats, and PUC Lua looks at the second argument first.
        _ => {
            let rhs = Number::Float(call.check_float(1)?);
            (Number::Float(call.check_float(0)?), rhs)
        }
    };
    let result = math::fmod(lhs, rhs).map_err(|error| call.fail(error))?;
    return_number(call, result)
}

fn modf(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_number(0)?;
    let (whole, rest) = math::modf(value);
    call.return_values(&[number_value(whole), Value::float(rest)])
}

fn tointeger(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    let integer = call.to_number(value)?.and_then(Number::as_integer);
    call.return_one(integer.map_or(Value::NIL, Value::int))
}

fn type_of(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    match value.tag() {
        Tag::INT => call.return_text("integer"),
        Tag::FLOAT => call.return_text("float"),
        _ => call.return_one(Value::NIL),
    }
}

fn ult(call: &mut HostCall<'_>) -> Answer {
    let (lhs, rhs) = (call.check_integer(0)?, call.check_integer(1)?);
    call.return_one(Value::bool(math::unsigned_less(lhs, rhs)))
}

/// Strings that are longer are compared by guest code.
const COMPARED_BYTES_MAX: usize = 64;

/// `lhs < rhs`, if that needs no metamethod and is done at once.
fn less(lhs: Value, rhs: Value) -> Option<bool> {
    if let (Some(lhs), Some(rhs)) = (lhs.as_bytes(), rhs.as_bytes()) {
        return (lhs.len().min(rhs.len()) <= COMPARED_BYTES_MAX).then(|| lhs < rhs);
    }
    Some(match (as_number(lhs)?, as_number(rhs)?) {
        (Number::Integer(lhs), Number::Integer(rhs)) => lhs < rhs,
        (Number::Float(lhs), Number::Float(rhs)) => lhs < rhs,
        (Number::Integer(lhs), Number::Float(rhs)) => number::integer_less_float(lhs, rhs),
        (Number::Float(lhs), Number::Integer(rhs)) => number::float_less_integer(lhs, rhs),
    })
}

/// `math.max` or `math.min`, by the order of the language.
fn extreme(call: &mut HostCall<'_>, maximum: bool) -> Answer {
    let mut best = call.check_any(0)?;
    // In state n, the comparison with argument n has come back, and the best value so far is the first argument.
    let mut index = call.state() as usize;
    if index == 0 {
        call.charge_values(call.arg_count())?;
    }
    if index > 0 && call.returned_one().is_truthy() {
        best = call.arg(index);
    }
    index += 1;
    while index < call.arg_count() {
        let value = call.arg(index);
        let (lhs, rhs) = if maximum { (best, value) } else { (value, best) };
        match less(lhs, rhs) {
            Some(true) => best = value,
            Some(false) => {}
            None => {
                call.set_arg(0, best);
                let function = support::function(call, "less")?;
                return call.call(function, &[lhs, rhs], index as u32);
            }
        }
        index += 1;
    }
    call.return_one(best)
}

fn random(call: &mut HostCall<'_>) -> Answer {
    let (low, high) = match call.arg_count() {
        0 => {
            let value = library(call).random.float();
            return call.return_one(Value::float(value));
        }
        1 => {
            let high = call.check_integer(0)?;
            if high == 0 {
                let bits = library(call).random.bits();
                return call.return_one(Value::int(bits as i64));
            }
            (1, high)
        }
        2 => (call.check_integer(0)?, call.check_integer(1)?),
        _ => return Err(call.error("wrong number of arguments")),
    };
    match library(call).random.between(low, high) {
        Ok(value) => call.return_one(Value::int(value)),
        Err(_) => Err(call.argument_error(0, "interval is empty")),
    }
}

fn randomseed(call: &mut HostCall<'_>) -> Answer {
    let (first, second) = if call.arg_count() == 0 {
        library(call).host.seed()
    } else {
        let first = match call.check_number(0)? {
            Number::Integer(value) => value,
            Number::Float(value) => number::float_to_integer(value).unwrap_or(value.to_bits() as i64),
        };
        (first, call.integer_or(1, 0)?)
    };
    library(call).random = Random::seeded(first, second);
    call.return_values(&[Value::int(first), Value::int(second)])
}
