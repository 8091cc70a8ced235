//! The standard library of Lua 5.4.
//!
//! [`install`] puts it into a machine. The libraries are host functions; what calls back (metamethods, comparators, readers,
//! iterators) is called by the machine, never from here, so that it may yield and nothing runs on the native stack.
//! [`algorithms`] holds what the library computes, as plain functions that know nothing of the machine.
//!
//! | file | holds |
//! |---|---|
//! | [`host`] | what the embedder grants: files, streams, clock, environment |
//! | [`console`] | the standard streams, for an embedder with a prompt |
//! | [`modules`] | how a trusted library lets `require` load modules in other languages |
//! | `embedding`, [`raw`] | the library for embedders, and for those that hold a raw machine |
//! | `arguments` | argument checks and their messages |
//! | `work` | what the work of each function costs |
//! | `text_builder`, `long_text` | results of unknown length; strings that are made window by window |
//! | `library`, `stream` | state beside the heap; buffered streams |
//! | `snapshots` | how these states and files travel in snapshots |
//! | `support` | the operations of the language, for objects with metamethods |
//! | `base`, `errors`, `load` | basic functions; `pcall` and its like; chunks |
//! | `string*`, `table*`, `math`, `utf8`, `coroutine`, `io*`, `os`, `package`, `debug` | the libraries |

mod arguments;
mod base;
mod coroutine;
mod debug;
mod debug_prompt;
mod embedding;
mod errors;
mod fast_paths;
mod install;
mod io;
mod io_file;
mod io_read;
mod library;
mod load;
mod long_text;
mod math;
mod os;
mod output;
mod package;
mod snapshots;
mod stream;
mod string;
mod string_format;
mod string_gsub;
mod string_pack;
mod string_search;
mod support;
mod table;
mod table_concat;
mod table_sort;
mod text_builder;
mod utf8;
mod work;

pub mod algorithms;
pub mod console;
pub mod host;
pub mod modules;
pub mod raw;

pub use embedding::{expect, flush, globals, install, reset_paths, set_open_files, set_saved_files};
pub use host::LuaHost;
pub use snapshots::{OpenFiles, SavedFiles};
