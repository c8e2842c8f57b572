//! What the shell tools among the examples share.

pub(crate) mod arguments;
pub(crate) mod connection;
pub(crate) mod json;
