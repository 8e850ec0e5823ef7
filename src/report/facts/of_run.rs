//! Facts of a cell that was just played.

use super::lines::Told;
use crate::gate::{
    Attempt, CellFacts, CellOutcome, FindingFacts, RequestFacts, RunFacts, VerdictFacts, ViolationFacts,
};
use crate::oracle::{Finding, Verdict};
use crate::report::results::Entry;
use crate::report::transcript::{Transcript, error_words};
use crate::scenario::Scenario;
use crate::suite::CellResult;
use crate::trace::{BodyEnd, Outcome, Request, Trace, Views};

/// The facts of a cell.
pub fn of_cell(Entry { scenario, cell }: &Entry<'_>) -> CellFacts {
    let outcome = match &cell.result {
        CellResult::Unsupported { reason } => CellOutcome::Unsupported { reason: reason.clone() },
        CellResult::Ran { trace, findings, control } => {
            let quiet = scenario.control();
            let quiet = quiet.as_ref().unwrap_or(scenario);
            let control =
                control.as_ref().map(|c| Box::new(of_run(quiet, &c.trace, &c.findings).of_control()));
            CellOutcome::Ran { run: Box::new(of_run(scenario, trace, findings)), control }
        }
    };
    CellFacts { scenario: scenario.id.clone(), client: cell.client.to_owned(), outcome }
}

fn of_run(scenario: &Scenario, trace: &Trace, findings: &[Finding]) -> RunFacts {
    let views = Views::of(trace, &scenario.client);
    let transcript = Transcript::of(scenario, trace);
    let Told { stopped, sockets, lines } = Told::of(transcript.lines().iter().map(|line| line.text.as_str()));
    let findings = findings.iter().map(finding).collect();
    RunFacts { stopped, requests: requests(&views), opened: opened(&views), sockets, findings, lines }
}

/// What became of each request.
pub fn requests(views: &Views) -> Vec<RequestFacts> {
    views.requests.iter().map(request).collect()
}

/// How many connections the client opened, or tried to.
pub fn opened(views: &Views) -> u32 {
    let opened = views.connections.iter().filter(|connection| connection.syn.is_some()).count();
    u32::try_from(opened).unwrap_or(u32::MAX)
}

fn request(request: &Request) -> RequestFacts {
    let attempt = |attempt: &crate::trace::Attempt| Attempt {
        connection: attempt.connection,
        stream: attempt.stream,
        fresh: attempt.fresh,
    };
    let (outcome, error) = match request.outcome() {
        Some(Outcome::Response { status, end, .. }) => {
            let error = match end {
                BodyEnd::Failed { kind, .. } => Some(error_words(*kind).to_owned()),
                BodyEnd::Complete | BodyEnd::Dropped => None,
            };
            (Some(status.to_string()), error)
        }
        Some(Outcome::Error { kind, .. }) => (Some("error".to_owned()), Some(error_words(*kind).to_owned())),
        Some(Outcome::Deadline) => (Some("deadline".to_owned()), None),
        Some(Outcome::Cancelled) => (Some("cancelled".to_owned()), None),
        None => (None, None),
    };
    let took = request.finished.as_ref().map(|(finished, _)| finished.at - request.started.at);
    RequestFacts {
        id: request.id.clone(),
        outcome,
        error,
        attempts: request.attempts.iter().map(attempt).collect(),
        executed: u32::try_from(request.executions.len()).unwrap_or(u32::MAX),
        took_ms: took,
    }
}

fn finding(finding: &Finding) -> FindingFacts {
    let verdict = match &finding.verdict {
        Verdict::Holds { .. } => VerdictFacts::Holds,
        Verdict::NotExercised { reason } => VerdictFacts::NotExercised { reason: reason.clone() },
        Verdict::Violated { violations } => VerdictFacts::Violated(
            violations
                .iter()
                .map(|v| ViolationFacts { message: v.message.clone(), severity: Some(v.severity) })
                .collect(),
        ),
    };
    FindingFacts { oracle: finding.oracle.to_owned(), verdict }
}
