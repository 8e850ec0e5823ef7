//! One line of a file of results.

use serde::{Deserialize, Serialize};

use super::mark::Mark;
use super::plan::Plan;
use super::play::Judged;

/// What came out of one run. A line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Number of the run in the plan, from 0.
    pub run: usize,
    /// Workload.
    pub workload: String,
    /// Client.
    pub client: String,
    /// The faults, e.g. `fin/1@120ms`; `none` for the run without.
    pub fault: String,
    /// Milliseconds of virtual time at which the (first) fault is injected, if it is injected at an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What the fault did.
    pub mark: Mark,
    /// The required oracles that are violated, and what a watchdog stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violated: Vec<String>,
    /// The advised ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advised: Vec<String>,
    /// The first violation in words, or why the client cannot play this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Record {
    /// The record of a run.
    pub fn of(plan: &Plan, run: usize, judged: Judged) -> Self {
        let planned = plan.run(run);
        let clean = plan.clean(planned);
        Self {
            run,
            workload: clean.workload.name.to_owned(),
            client: clean.client.name().to_owned(),
            fault: planned.label(),
            at: planned.injections().first().and_then(|injection| injection.point.at()),
            mark: judged.mark,
            violated: judged.violated,
            advised: judged.advised,
            why: judged.why,
        }
    }

    /// The fault without its place: `fin/1` of `fin/1@120ms`.
    pub fn row(&self) -> &str {
        self.fault.split('@').next().unwrap_or_default()
    }
}

/// As a line of JSON, with its end.
pub fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and numbers are JSON") + "\n"
}
