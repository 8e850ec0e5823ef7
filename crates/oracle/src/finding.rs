//! What an oracle says about one run.

use serde::{Deserialize, Serialize};

/// The judgement of one oracle on one run. In a results file the name is a `String`: the file may be of another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding<Name = &'static str> {
    /// Name of the oracle, e.g. `no-stale-reuse`.
    pub oracle: Name,
    /// Whether a violation fails the client or is advice.
    pub level: Level,
    /// The judgement.
    pub verdict: Verdict,
}

impl Finding {
    /// The same as a results file has it.
    pub fn owned(&self) -> Finding<String> {
        let Self { oracle, level, verdict } = self;
        Finding { oracle: (*oracle).to_owned(), level: *level, verdict: verdict.clone() }
    }
}

/// Whether a violation fails the client or is advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A violation is a defect.
    Required,
    /// A violation is a weakness.
    Advised,
}

/// The judgement itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The situation arose and the client did right.
    Holds {
        /// What was seen, e.g. `b: retried on connection 2`. Of each kind the first three, and how many more.
        note: String,
        /// All that was seen, one by one; empty where the note says all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// The situation arose and the client did wrong. One entry for each cause.
    Violated {
        /// The violations, in order of time.
        violations: Vec<Violation>,
    },
    /// The situation that the oracle watches for did not arise.
    NotExercised {
        /// What would have had to happen, e.g. `no connection became stale`.
        reason: String,
    },
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What kind of harm, for ordering.
    pub severity: Severity,
    /// One sentence that names request, connection and cause.
    pub message: String,
    /// Indexes into `Trace::events` of the events that prove it, ascending.
    pub evidence: Vec<usize>,
    /// The requests that show it, where they are several; the message names the first of them. Empty where it names all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<String>,
}

/// Kinds of harm, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The caller got something that is not the answer to its request.
    WrongResponse,
    /// A non-idempotent request was executed twice.
    UnsafeDuplicate,
    /// A cut-short body was reported complete.
    SilentTruncation,
    /// A request was written on a connection known to be dead.
    StaleReuse,
    /// Something never ends or is never freed.
    HangOrLeak,
    /// A request failed that need not have.
    AvoidableFailure,
    /// More attempts than the budget.
    RetryStorm,
    /// More connections than needed.
    NeedlessConnections,
}
