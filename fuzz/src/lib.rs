//! What must hold whatever a server answers, as functions of any bytes.
//!
//! Written from what the library promises and not from its code: an oracle that reads an answer
//! the way the library does would make the library's mistakes. So each knows only the answers
//! that it can be sure of, and of the others only what holds for all. They panic where a promise
//! is broken.
//!
//! The fuzz targets call them, and so does `tests/fuzz_corpus.rs`, which includes this file.

mod callback;
mod classifier;
mod decoder;
mod echo;
mod exposure;
mod masker;
mod scene;
mod shapes;
mod table;

pub use self::callback::callback;
pub use self::classifier::classifier;
pub use self::decoder::decoder;
pub use self::masker::masker;
pub use self::shapes::shapes;
