//! What embedders see: every `impl` of public methods, thin.

pub(crate) mod externs;
pub(crate) mod frames;
pub(crate) mod inspect;
pub(crate) mod kept;
pub(crate) mod machine;
pub(crate) mod run;
pub(crate) mod scheduler;
