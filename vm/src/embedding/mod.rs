//! What embedders see: a machine that safe code cannot break, thin over the [raw](crate::raw) one. Nothing below knows of it but
//! for the table of rooted values.
//!
//! | file | what |
//! |---|---|
//! | `value` | values and handles, numbers of instances and runs |
//! | `error` | what can go wrong |
//! | `machine` | the machine, what programs import and export, the way to the raw machine |
//! | `data`, `exports` | strings, tables, objects, memories; exported globals and tables |
//! | `run`, `runs` | calls in slices, several runs, schedulers |
//! | `inspect` | frames, variables, reports |
//! | `snapshot` | saving, loading, copying |
//! | `local`, `host_call` | host functions |

pub(crate) mod data;
pub(crate) mod error;
pub(crate) mod exports;
pub(crate) mod host_call;
pub(crate) mod inspect;
pub(crate) mod local;
pub(crate) mod machine;
pub(crate) mod run;
pub(crate) mod runs;
mod snapshot;
pub(crate) mod value;
