//! The library for those that hold a raw machine, or run as its host functions: other trusted libraries, and the command.

pub use super::console::raw as console;
pub use super::install::{expect, flush, globals, install, reset_paths};
pub use super::snapshots::{set_open_files, set_saved_files};
