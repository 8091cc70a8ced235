//! Linear memories and tables: what WebAssembly-like programs address by number. Knows nothing of code or of the heap's
//! collector beyond the [`Value`](crate::value::Value)s a table holds.

mod budget;
mod linear;
mod segment;
mod table;

pub use budget::MemoryBudget;
pub(crate) use linear::MemoryView;
pub use linear::{LinearMemory, OutOfBounds, PAGE_BYTES};
pub(crate) use segment::Segment;
pub(crate) use table::TableInstance;
