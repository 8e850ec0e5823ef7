//! The format of a scenario file, as data. The checks, the JSON Schema and the reference in
//! `docs/writing-a-scenario.md` all come from these tables: a key that is not here does not exist.

mod sections;
mod shared;
mod steps;

pub(super) use sections::{CLIENT, EXPECTATION, NETWORK, ORIGIN, TOP};
pub use steps::ALERTS;
pub(super) use steps::{ACTORS, VERBS, WAIT, WHEN_AFTER, WHEN_PACKET};
