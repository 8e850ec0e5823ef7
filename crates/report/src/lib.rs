//! What people and machines get to see of a run. Computes no verdict.

pub mod accepted;
pub mod baseline;
pub mod card;
pub mod document;
#[cfg(feature = "command")]
pub mod explored;
pub mod facts;
pub mod found;
pub mod gate;
#[cfg(feature = "command")]
pub mod html;
pub mod json;
pub mod ladder;
pub mod listing;
#[cfg(feature = "pcap")]
pub mod pcapng;
pub mod results;
pub mod snapshot;
mod source;
#[cfg(feature = "command")]
pub mod sweep;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod transcript;
pub mod words;
