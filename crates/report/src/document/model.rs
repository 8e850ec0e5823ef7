//! The results file as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::{Wording, behaviour, socket, stopped};
use crate::ladder::Ladder;
#[cfg(feature = "command")]
use closewait_explore::sweep::Mark;
use closewait_oracle::gate::{
    Bytes, FindingFacts, OutcomeFacts, RequestFacts, ResultFacts, RunFacts, VerdictFacts, ViolationFacts,
};
use closewait_oracle::{Verdict, Violation};
use closewait_trace::{End, Millis, SocketAtEnd};

/// What the key `format` says.
pub const FORMAT: &str = "closewait results";
/// Raised whenever a key changes its meaning or goes away. Keys may be added.
pub const VERSION: u32 = 1;

/// A results file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always `closewait results`.
    pub format: String,
    /// Raised whenever a key changes its meaning or goes away.
    pub version: u32,
    /// The version of closewait that wrote it.
    pub closewait: String,
    /// The test of another crate that wrote it, as in `cargo test --test NAME`; absent if the command did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The patterns that selected the scenarios; empty if all were played.
    #[serde(default)]
    pub selection: Vec<String>,
    /// In the order of the columns.
    pub clients: Vec<Client>,
    /// The scenarios that were played.
    pub scenarios: Vec<ScenarioInfo>,
    /// One for each scenario and client.
    #[serde(rename = "cells")]
    pub results: Vec<RunResult>,
    /// Where results are not the accepted snapshots; absent if they were not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<Vec<Differing>>,
    /// What a sweep found; absent if there was none, and where closewait is built without its command.
    #[cfg(feature = "command")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(rename = "strips")]
    pub timelines: Vec<Timeline>,
}

/// One row of a sweep: a workload on a client, with one fault injected at each point.
#[cfg(feature = "command")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Name of the workload.
    pub workload: String,
    /// Client name.
    pub client: String,
    /// The version under test.
    pub version: String,
    /// Fault and what it acts on, e.g. `fin/1`; `none` for the run without a fault.
    pub fault: String,
    /// Where it was injected, in the order of time, e.g. `45ms`, `out3`; empty for the run without a fault.
    #[serde(rename = "places")]
    pub points: Vec<String>,
    /// What it did there, one mark for each point.
    pub marks: Vec<Mark>,
}

/// A client under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The name on the command line.
    pub name: String,
    /// The version under test.
    pub version: String,
}

/// What reports say of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioInfo {
    /// `family/name`.
    pub id: String,
    /// One line: the situation.
    pub title: String,
    /// What breaks, in plain words.
    pub about: String,
    /// Issues and RFC sections that the scenario stands for.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What users find in a log.
    #[serde(default)]
    pub signatures: Vec<String>,
    /// The file, as seen from where closewait ran; absent if it travels with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Request id to the line of the file in which it is sent, from 1.
    #[serde(default)]
    pub lines: BTreeMap<String, usize>,
}

/// One scenario on one client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Scenario id.
    pub scenario: String,
    /// Client name.
    pub client: String,
    /// `stopped`, `violated`, `not-tried`, `advised`, `holds` or `unsupported`.
    #[serde(deserialize_with = "super::known::mark")]
    pub mark: String,
    /// Why the client cannot play the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
    /// What happened, if it was played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// The same script without its faults, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Run>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How it ended.
    pub end: End,
    /// What each oracle says.
    pub findings: Vec<Finding>,
    /// The steps that had no effect, so that the scenario was not tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untried: Vec<UntriedStep>,
    /// How many connections the client opened, or tried to.
    pub connections: u32,
    /// What went over them; absent in files that do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Bytes>,
    /// What became of each request.
    pub requests: Vec<Request>,
    /// What happened, line by line.
    pub transcript: Vec<Line>,
    /// What was done to the client or by the application, in the order of time. Not of a control.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The client host's TCP sockets that were left at the end.
    #[serde(default)]
    pub sockets: Vec<SocketAtEnd>,
    /// What panicked in tasks of the client, and was caught there: `message, at FILE:LINE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panics: Vec<String>,
    /// What happened, as a diagram. Not of a control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ladder: Option<Ladder>,
}

/// A step that had no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UntriedStep {
    /// Which of the script, from 1.
    pub step: usize,
    /// What it was to do, and why nothing came of it.
    pub reason: String,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Outcome, attempts, executions.
    #[serde(flatten)]
    pub facts: RequestFacts,
    /// How often it was written again after the first time.
    pub retries: usize,
    /// The client's words, where it reported an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What one oracle says.
pub type Finding = closewait_oracle::Finding<String>;

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds of virtual time.
    pub at_ms: Millis,
    /// What happened.
    pub text: String,
    /// The events that the line stands for, as evidence names them.
    pub events: Vec<usize>,
}

/// A result that is not the accepted snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// Scenario id.
    pub scenario: String,
    /// Client name.
    pub client: String,
    /// `new`, `changed` or `gone`.
    #[serde(deserialize_with = "super::known::kind")]
    pub kind: String,
}

impl Document {
    /// What the gate compares.
    pub fn facts(&self) -> Vec<ResultFacts> {
        self.results.iter().map(RunResult::facts).collect()
    }

    /// The result of a scenario and a client.
    pub fn result(&self, scenario: &str, client: &str) -> Option<&RunResult> {
        self.results.iter().find(|result| result.scenario == scenario && result.client == client)
    }

    /// What is known of a scenario.
    pub fn scenario(&self, id: &str) -> Option<&ScenarioInfo> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }

    /// The document as JSON, indented; ends with a line break.
    ///
    /// # Errors
    /// Never in practice: every key is a string.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl RunResult {
    /// What the gate compares.
    pub fn facts(&self) -> ResultFacts {
        let outcome = match &self.run {
            Some(run) => OutcomeFacts::Ran {
                run: Box::new(run.facts()),
                control: self.control.as_ref().map(|control| Box::new(control.facts().of_control())),
            },
            None => OutcomeFacts::Unsupported { reason: self.unsupported.clone().unwrap_or_default() },
        };
        ResultFacts { scenario: self.scenario.clone(), client: self.client.clone(), outcome }
    }
}

impl Run {
    pub(crate) fn facts(&self) -> RunFacts {
        let wordings: Vec<Wording<'_>> = self.requests.iter().filter_map(Request::wording).collect();
        // Lines without events say how it ended.
        let events = self.transcript.iter().filter(|line| !line.events.is_empty());
        RunFacts {
            stopped: stopped(&self.end).map(str::to_owned),
            untried: self.untried.iter().map(|step| step.reason.clone()).collect(),
            requests: self.requests.iter().map(|request| request.facts.clone()).collect(),
            opened: self.connections,
            bytes: self.bytes,
            sockets: self.sockets.iter().map(socket).collect(),
            findings: self.findings.iter().map(facts).collect(),
            lines: behaviour(events.map(|line| line.text.as_str()), &wordings),
            causes: self.causes.clone(),
        }
    }
}

impl Request {
    fn wording(&self) -> Option<Wording<'_>> {
        let (id, error, message) = (&self.facts.id, self.facts.error.as_ref()?, self.message.as_ref()?);
        Some(Wording { id, error, message })
    }
}

/// What a comparison may see: no notes, and no events, which are other ones as soon as a segment more is sent.
fn facts(Finding { oracle, verdict, .. }: &Finding) -> FindingFacts {
    let violation = |v: &Violation| ViolationFacts { message: v.message.clone(), severity: Some(v.severity) };
    let verdict = match verdict {
        Verdict::Holds { .. } => VerdictFacts::Holds,
        Verdict::NotExercised { reason } => VerdictFacts::NotExercised { reason: reason.clone() },
        Verdict::Violated { violations } => {
            VerdictFacts::Violated(violations.iter().map(violation).collect())
        }
    };
    FindingFacts { oracle: oracle.clone(), verdict }
}
