//! Compares verdicts with the accepted baseline, by meaning, and applies the levels of `closewait.toml`. Pure: it
//! reads no file and never runs a scenario.

mod change;
mod compare;
mod facts;
mod rules;
mod verdict;

pub use change::{CellChange, Change, Comparison, Kind, Place, State};
pub use compare::compare;
pub use facts::{
    Attempt, Bytes, CellFacts, CellOutcome, FindingFacts, RequestFacts, RunFacts, VerdictFacts,
    ViolationFacts, timeless,
};
pub use rules::{Known, Level, Rule, Rules, parse};
pub use verdict::{Decided, DecidedCell, GateVerdict, Outcome, decide};
