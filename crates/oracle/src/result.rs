//! One scenario against one client: what came out.

use closewait_trace::{End, Trace};

use crate::{Finding, Level, Verdict};

/// What one client made of one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// Scenario id, `family/name`.
    pub scenario: String,
    /// Client name.
    pub client: &'static str,
    /// What came out.
    pub outcome: RunOutcome,
}

/// What came out of one scenario against one client.
#[derive(Debug, Clone, PartialEq)]
pub enum RunOutcome {
    /// The client cannot play this scenario.
    Unsupported {
        /// Why not.
        reason: String,
    },
    /// It was played and judged.
    Ran {
        /// What happened.
        trace: Trace,
        /// One finding for each oracle.
        findings: Vec<Finding>,
        /// The same script without its faults; `None` if the script has none.
        control: Option<Box<Control>>,
    },
}

/// The control: the same script without its faults, so that a client which never reuses, or never
/// notices anything, does not look perfect.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// What happened.
    pub trace: Trace,
    /// One finding for each oracle.
    pub findings: Vec<Finding>,
}

/// The verdict on one result, in one sign. The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A watchdog stopped the run, or the client panicked.
    Stopped,
    /// A required oracle is violated, in the run or in its control.
    Violated,
    /// Nothing required is violated, and a step of the script had no effect: what the scenario is about was not tried.
    NotTried,
    /// Only advice is violated.
    Advised,
    /// Nothing is violated.
    Holds,
    /// The client cannot play the scenario.
    Unsupported,
}

impl Mark {
    /// Every mark, worst first.
    pub const ALL: [Self; 6] =
        [Self::Stopped, Self::Violated, Self::NotTried, Self::Advised, Self::Holds, Self::Unsupported];

    /// The sign in the matrix.
    pub fn sign(self) -> char {
        match self {
            Self::Stopped => '!',
            Self::Violated => '✗',
            Self::NotTried => '?',
            Self::Advised => '~',
            Self::Holds => '✓',
            Self::Unsupported => '–',
        }
    }

    /// The name in JSON and in the legend.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Violated => "violated",
            Self::NotTried => "not-tried",
            Self::Advised => "advised",
            Self::Holds => "holds",
            Self::Unsupported => "unsupported",
        }
    }
}

impl RunResult {
    /// The family of the scenario: the folder it is in.
    pub fn family(&self) -> &str {
        self.scenario.split_once('/').map_or(self.scenario.as_str(), |(family, _)| family)
    }

    /// The worst of what happened in the run and in its control.
    pub fn mark(&self) -> Mark {
        let RunOutcome::Ran { trace, findings, control } = &self.outcome else { return Mark::Unsupported };
        let run = mark(trace, findings);
        control.as_ref().map_or(run, |control| run.min(mark(&control.trace, &control.findings)))
    }
}

fn mark(trace: &Trace, findings: &[Finding]) -> Mark {
    let violated =
        |level| findings.iter().any(|f| f.level == level && matches!(f.verdict, Verdict::Violated { .. }));
    if trace.end != End::Completed {
        Mark::Stopped
    } else if violated(Level::Required) {
        Mark::Violated
    } else if !trace.untried.is_empty() {
        Mark::NotTried
    } else if violated(Level::Advised) {
        Mark::Advised
    } else {
        Mark::Holds
    }
}
