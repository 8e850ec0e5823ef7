//! A trace at the level a reviewer thinks in: requests, connections, FIN, RST, faults.

mod connection;
mod outcome;
mod page;
mod streams;
#[cfg(test)]
mod streams_tests;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

pub use page::{Line, Transcript};
