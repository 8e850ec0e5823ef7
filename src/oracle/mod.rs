//! One invariant a file: pure functions from a scenario and a trace to a finding.

mod finding;

pub use finding::*;
