//! What a fault did to a run, in one sign.

use std::collections::{BTreeMap, BTreeSet};

use closewait_oracle::{Finding, Level, Verdict};
use closewait_trace::{Connections, End, Requests, Trace, What};
use serde::{Deserialize, Serialize};

/// What a fault did to a run, compared with the run without it. The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A required oracle is violated, or a watchdog stopped the run.
    Violation,
    /// A request failed that succeeds without the fault.
    Surfaced,
    /// A request was written more often.
    Retried,
    /// More connections were opened.
    NewConnection,
    /// Nothing that the application or the origin would notice.
    Ok,
    /// The fault never struck: what it waits for did not happen.
    NotReached,
    /// The client cannot play this.
    Unsupported,
}

impl Mark {
    /// Every mark, worst first.
    pub const ALL: [Self; 7] = [
        Self::Violation,
        Self::Surfaced,
        Self::Retried,
        Self::NewConnection,
        Self::Ok,
        Self::NotReached,
        Self::Unsupported,
    ];

    /// The sign in a timeline.
    pub fn sign(self) -> char {
        match self {
            Self::Violation => '✗',
            Self::Surfaced => 'e',
            Self::Retried => 'r',
            Self::NewConnection => '+',
            Self::Ok => '·',
            Self::NotReached => '?',
            Self::Unsupported => '–',
        }
    }

    /// What it says, for the legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Surfaced => "surfaced error",
            Self::Retried => "retried",
            Self::NewConnection => "new connection",
            Self::Ok => "ok",
            Self::NotReached => "not reached",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What the application and the origin notice of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    connections: usize,
    attempts: BTreeMap<String, usize>,
    failed: BTreeSet<String>,
}

impl Checks {
    /// Reads it out of a trace.
    pub fn of(trace: &Trace) -> Self {
        let connections = Connections::of(trace);
        let requests = Requests::of(trace, &connections);
        Self {
            connections: connections.iter().count(),
            attempts: requests.iter().map(|request| (request.id.clone(), request.attempts.len())).collect(),
            failed: requests
                .iter()
                .filter(|request| request.failed())
                .map(|request| request.id.clone())
                .collect(),
        }
    }

    /// What is worse here than in the clean run.
    fn compare(&self, clean: &Self) -> Mark {
        let more_attempts =
            |(id, attempts): (&String, &usize)| *attempts > *clean.attempts.get(id).unwrap_or(&0);
        if !self.failed.is_subset(&clean.failed) {
            Mark::Surfaced
        } else if self.attempts.iter().any(more_attempts) {
            Mark::Retried
        } else if self.connections > clean.connections {
            Mark::NewConnection
        } else {
            Mark::Ok
        }
    }
}

/// The mark of a run with faults, of which these steps of the script are the first.
pub(super) fn mark(trace: &Trace, findings: &[Finding], clean: &Checks, first_steps: &[usize]) -> Mark {
    if trace.unsupported.is_some() {
        Mark::Unsupported
    } else if trace.end != End::Completed || violated(findings, Level::Required).next().is_some() {
        Mark::Violation
    } else if !reached(trace, first_steps) {
        Mark::NotReached
    } else {
        Checks::of(trace).compare(clean)
    }
}

/// The oracles of a level that are violated, each with the first message.
pub(super) fn violated(findings: &[Finding], level: Level) -> impl Iterator<Item = (&'static str, &str)> {
    findings.iter().filter(move |finding| finding.level == level).filter_map(|finding| {
        match &finding.verdict {
            Verdict::Violated { violations } => {
                Some((finding.oracle, violations.first().map_or("", |violation| violation.message.as_str())))
            }
            _ => None,
        }
    })
}

/// Whether every fault began to take effect. What it does later, such as to end, may be after the end of the script.
fn reached(trace: &Trace, first_steps: &[usize]) -> bool {
    let mut done = BTreeSet::new();
    for event in &trace.events {
        match event.what {
            What::Step { step } => drop(done.insert(step)),
            What::StepVoid { step } => drop(done.remove(&step)),
            _ => {}
        }
    }
    first_steps.iter().all(|step| done.contains(step))
}
