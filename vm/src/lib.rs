//! To be written.

pub mod heap;
pub mod value;
