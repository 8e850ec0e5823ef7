//! Compares verdicts with the accepted baseline, by meaning, and applies the levels of `closewait.toml`. Pure: it
//! reads no file and never runs a scenario.

mod change;
mod compare;
mod facts;
mod rules;
mod verdict;

pub use change::{Change, Comparison, Kind, Place, ResultChange, State};
pub use compare::compare;
pub use facts::{
    Attempt, Bytes, FindingFacts, OutcomeFacts, RequestFacts, ResultFacts, RunFacts, VerdictFacts,
    ViolationFacts, timeless,
};
pub use rules::{Known, Level, Rule, Rules, parse};
pub use verdict::{Decided, DecidedResult, GateVerdict, Outcome, decide};
