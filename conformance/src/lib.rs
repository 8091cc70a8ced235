//! What conformance tests, benches and fuzz targets share.
#![forbid(unsafe_code)]

pub mod wasm;
