//! What an invariant is.

use closewait_scenario::Protocol;

use super::case::Case;
use super::{Level, Verdict};

/// An invariant, and how to judge it.
#[derive(Debug, Clone, Copy)]
pub struct Oracle {
    /// Its name in findings and on the command line.
    pub name: &'static str,
    /// Whether a violation fails the client or is advice.
    pub level: Level,
    /// Which protocols it has an opinion about. Runs of others have no finding of it.
    pub concerns: fn(Protocol) -> bool,
    /// When it is violated, in one line.
    pub meaning: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    pub(super) judge: fn(&Case) -> Verdict,
}

/// What an oracle that judges connections or requests as such concerns.
pub(super) fn every_protocol(_: Protocol) -> bool {
    true
}
