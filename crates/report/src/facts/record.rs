//! What a snapshot keeps for machines: one line of JSON in its header, beside the text that people review.

use closewait_oracle::gate::{Attempt, RequestFacts, RunFacts};
use closewait_trace::Millis;
use serde::{Deserialize, Serialize};

use super::behaviour::Wording;
use crate::document::{Request, RunResult};

/// What the text of a snapshot says only in words. Keys may be added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Why the client cannot play the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unsupported: Option<String>,
    /// The run, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<RunRecord>,
    /// The run without its faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) control: Option<RunRecord>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    untried: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    opened: u32,
    #[serde(default)]
    requests: Vec<RequestRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sockets: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RequestRecord {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The client's own words for the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "is_zero")]
    executed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    took_ms: Option<Millis>,
}

// serde hands over references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Record {
    /// Of what was just played.
    pub fn of(result: &RunResult) -> Self {
        Self {
            unsupported: result.unsupported.clone(),
            run: result.run.as_ref().map(|run| RunRecord::of(run.facts(), &run.requests)),
            control: result.control.as_ref().map(|control| RunRecord::of(control.facts().of_control(), &[])),
        }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| unreachable!("every key is a string: {error}"))
    }
}

impl RunRecord {
    fn of(facts: RunFacts, requests: &[Request]) -> Self {
        let message = |id: &str| requests.iter().find(|request| request.facts.id == id)?.message.clone();
        let record = |request: RequestFacts| {
            let RequestFacts { id, method, outcome, error, attempts, executed, took_ms } = request;
            RequestRecord { message: message(&id), id, method, outcome, error, attempts, executed, took_ms }
        };
        let requests = facts.requests.into_iter().map(record).collect();
        let RunFacts { stopped, untried, opened, sockets, .. } = facts;
        Self { stopped, untried, opened, requests, sockets }
    }

    /// All but what the text tells: findings and lines.
    pub(super) fn facts(&self) -> RunFacts {
        let facts = |request: &RequestRecord| {
            let RequestRecord { id, method, outcome, error, attempts, executed, took_ms, .. } =
                request.clone();
            RequestFacts { id, method, outcome, error, attempts, executed, took_ms }
        };
        RunFacts {
            stopped: self.stopped.clone(),
            untried: self.untried.clone(),
            requests: self.requests.iter().map(facts).collect(),
            opened: self.opened,
            sockets: self.sockets.clone(),
            ..RunFacts::default()
        }
    }

    /// How many lines at the end of the transcript say how it ended.
    pub(super) fn endings(&self) -> usize {
        self.sockets.len() + self.untried.len() + usize::from(self.stopped.is_some())
    }

    pub(super) fn wordings(&self) -> Vec<Wording<'_>> {
        self.requests.iter().filter_map(RequestRecord::wording).collect()
    }
}

impl RequestRecord {
    fn wording(&self) -> Option<Wording<'_>> {
        Some(Wording { id: &self.id, error: self.error.as_ref()?, message: self.message.as_ref()? })
    }
}
