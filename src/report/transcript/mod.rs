//! A trace at the level a reviewer thinks in: requests, connections, FIN, RST, faults.

mod connection;
mod outcome;
mod page;
mod sealed;
mod streams;
#[cfg(test)]
mod streams_tests;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

pub(in crate::report) use connection::{Connection as Reading, Item};
pub(in crate::report) use outcome::error as error_words;
pub use page::{Line, Transcript};
pub(in crate::report) use streams::Frames;
