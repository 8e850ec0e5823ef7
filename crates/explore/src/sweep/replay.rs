//! One run of a sweep by its name, with everything that is known of it.

use closewait_oracle::{Finding, Level};
use closewait_scenario::{Invalid, Scenario, Unwritable, parse, write};
use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};
use closewait_trace::Trace;
use thiserror::Error;

use super::mark::violated;
use super::play::stopped;
use crate::{Grain, Injection, Points, Workload, inject};

/// One run of a sweep.
pub struct Replay {
    /// The scenario, as the file says it.
    pub scenario: Scenario,
    /// The file.
    pub text: String,
    /// What happened.
    pub trace: Trace,
    /// One finding for each oracle.
    pub findings: Vec<Finding>,
}

impl Replay {
    /// What stopped the run, if it did not come to its end.
    pub fn stopped(&self) -> Option<String> {
        stopped(&self.trace.end)
    }

    /// Whether the sweep marks this run as a violation: a required oracle is violated, or a watchdog stopped the run.
    pub fn is_violation(&self) -> bool {
        self.stopped().is_some() || violated(&self.findings, Level::Required).next().is_some()
    }
}

/// Why there is no such run.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The client cannot play it.
    #[error("{client} cannot play this: {reason}")]
    Unsupported {
        /// The client.
        client: &'static str,
        /// Why not.
        reason: String,
    },
    /// There is no such fault or no such place.
    #[error("`{name}` is no fault at a point of the run of {workload} on {client}")]
    Unknown {
        /// The name of the faults.
        name: String,
        /// The workload.
        workload: &'static str,
        /// The client.
        client: &'static str,
        /// The first fault of these that there is none of.
        part: String,
        /// The names there are in its place.
        known: Vec<String>,
    },
    /// The fault would do nothing there.
    #[error("`{0}` does not fit there: nothing would happen")]
    DoesNotFit(String),
    /// No file can say it.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// The file that says it is not valid: a bug of the sweep.
    #[error(transparent)]
    Invalid(#[from] Box<Invalid>),
}

/// Writes the scenario as a file, reads it back and plays it: what is shown is what the file says.
///
/// # Errors
/// If there is no such run, or the client cannot play it.
pub fn replay(
    workload: &'static Workload,
    client: &'static dyn UnderTest,
    name: &str,
    limits: &Limits,
) -> Result<Replay, ReplayError> {
    playable(client, &workload.scenario)?;
    let injections = find(workload, client, name, limits).map_err(|(part, known)| ReplayError::Unknown {
        name: name.to_owned(),
        workload: workload.name,
        client: client.name(),
        part: part.to_owned(),
        known,
    })?;
    let injected = inject(&workload.scenario, &injections);
    let injected = injected.ok_or_else(|| ReplayError::DoesNotFit(name.to_owned()))?;
    let text = write(&injected.scenario)?;
    let scenario = parse(&injected.scenario.id, "the scenario of the sweep", &text).map_err(Box::new)?;
    playable(client, &scenario)?;
    let trace = lab::run(&scenario, client, limits);
    let findings = closewait_oracle::judge(&scenario, &trace);
    Ok(Replay { scenario, text, trace, findings })
}

fn playable(client: &'static dyn UnderTest, scenario: &Scenario) -> Result<(), ReplayError> {
    match client.unsupported(scenario) {
        Some(reason) => Err(ReplayError::Unsupported { client: client.name(), reason }),
        None => Ok(()),
    }
}

/// The faults of this name on a workload and client. If there is one among them that has no effect: that one, and the
/// names there are.
fn find<'a>(
    workload: &'static Workload,
    client: &'static dyn UnderTest,
    name: &'a str,
    limits: &Limits,
) -> Result<Vec<Injection>, (&'a str, Vec<String>)> {
    let mut injections: Vec<Injection> = Vec::new();
    let mut base = workload.scenario.clone();
    for part in name.split('+') {
        let trace = lab::run(&base, client, limits);
        let points = Points::of(&workload.scenario, &trace, Grain::Fine);
        let all = points.injections(&workload.scenario, 0);
        let Some(found) = all.iter().find(|injection| injection.to_string() == part) else {
            return Err((part, all.iter().map(ToString::to_string).collect()));
        };
        injections.push(found.clone());
        if let Some(injected) = inject(&workload.scenario, &injections) {
            base = injected.scenario;
        }
    }
    Ok(injections)
}
