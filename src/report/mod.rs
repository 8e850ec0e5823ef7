//! What people and machines get to see of a run. Computes no verdict.

pub mod accepted;
pub mod card;
pub mod found;
pub mod json;
pub mod listing;
#[cfg(any(feature = "cli", feature = "harness"))]
pub mod pcapng;
pub mod results;
pub mod snapshot;
mod source;
pub mod sweep;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod transcript;
pub mod words;
