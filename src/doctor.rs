//! Says what is wrong with a connection, why, and what to do about it.

mod compare;
mod curl;
mod finding;

pub use self::compare::compare;
pub use self::curl::CurlError;
pub use self::finding::{Finding, FindingKind, Severity};
