//! Linear memories and tables: what WebAssembly-like programs address by number. Knows nothing of code or of the heap's
//! collector beyond the [`Value`](crate::value::Value)s a table holds. And the account of all that a machine holds.

mod budget;
mod buffer;
mod elements;
mod host;
mod linear;
mod segment;
mod table;

pub use budget::{Held, MemoryBudget, OutOfMemory};
pub use buffer::Buffer;
pub(crate) use host::{LARGE_PAGE_BYTES, Mapping, Reservation, discard};
pub(crate) use linear::MemoryView;
pub use linear::{LinearMemory, OutOfBounds, PAGE_BYTES};
pub(crate) use segment::Segment;
pub(crate) use table::{TableInstance, TableView};
