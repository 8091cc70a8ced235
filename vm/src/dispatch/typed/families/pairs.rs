//! Placeholder.
use super::super::registry::Registry;
pub(super) fn register(_: &mut Registry) {}
