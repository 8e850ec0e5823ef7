//! One run of a sweep by its name, with everything that is known of it.

use thiserror::Error;

use super::plan::find;
use crate::client::UnderTest;
use crate::explore::{Workload, strike};
use crate::lab::{self, Limits};
use crate::oracle::{self, Finding};
use crate::scenario::{Invalid, Scenario, Unwritable, parse, write};
use crate::trace::Trace;

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
    #[error("`{name}` is no fault and place in {workload} on {client}")]
    Unknown {
        /// The name of the faults.
        name: String,
        /// The workload.
        workload: &'static str,
        /// The client.
        client: &'static str,
        /// The names there are.
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
    let strikes = find(workload, client, name, limits).map_err(|known| ReplayError::Unknown {
        name: name.to_owned(),
        workload: workload.name,
        client: client.name(),
        known,
    })?;
    let struck = strike(&workload.scenario, &strikes);
    let struck = struck.ok_or_else(|| ReplayError::DoesNotFit(name.to_owned()))?;
    let text = write(&struck.scenario)?;
    let scenario = parse(&struck.scenario.id, "the scenario of the sweep", &text).map_err(Box::new)?;
    playable(client, &scenario)?;
    let trace = lab::run(&scenario, client, limits);
    let findings = oracle::judge(&scenario, &trace);
    Ok(Replay { scenario, text, trace, findings })
}

fn playable(client: &'static dyn UnderTest, scenario: &Scenario) -> Result<(), ReplayError> {
    match client.unsupported(scenario) {
        Some(reason) => Err(ReplayError::Unsupported { client: client.name(), reason }),
        None => Ok(()),
    }
}
