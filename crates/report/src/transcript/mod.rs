//! A trace at the level a reviewer thinks in: requests, connections, FIN, RST, faults.

mod causes;
mod frames;
mod outcome;
mod page;
mod progress;
mod streams;
#[cfg(test)]
mod streams_tests;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

pub(crate) use outcome::error as error_words;
pub use page::{Line, Transcript};
