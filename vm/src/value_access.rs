//! Reading strings behind values.

use crate::heap::Str;
use crate::value::Value;

/// The bytes of a string value; none for other values.
pub(crate) fn bytes(value: &Value) -> &[u8] {
    match value.as_string() {
        // SAFETY: a value at hand is reachable, and nothing is collected while the host looks at it.
        Some(string) => unsafe { Str::bytes(string) },
        None => &[],
    }
}
