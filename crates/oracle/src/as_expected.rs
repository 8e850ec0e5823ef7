//! Each request became what the scenario expects of a client that behaves.

use closewait_scenario::{ConnectionKind, Expectation};
use closewait_trace::{BodyEnd, Outcome, Request};

use super::case::Case;
use super::checks::Checks;
use super::words::count;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "as-expected",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a request became something else than the scenario's `[expect]` permits",
    source: "the scenario",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    let mut met = 0;
    for (id, expectation) in &case.scenario.expect {
        match case.views.requests.get(id) {
            None => {
                checks.violated(Severity::HangOrLeak, format!("{id} was never started"), case.last_event())
            }
            Some(request) => {
                let outcome = outcome_fault(request, expectation);
                let connection = connection_fault(case, request, expectation);
                met += usize::from(outcome.is_none() && connection.is_none());
                for (severity, message) in outcome.into_iter().chain(connection) {
                    checks.violated(severity, message, evidence(case, request));
                }
            }
        }
    }
    if met > 0 {
        checks.holds(format!("{} met", count(met, "expectation")));
    }
    checks.verdict("the scenario expects nothing in particular")
}

type Fault = (Severity, String);

fn outcome_fault(request: &Request, expectation: &Expectation) -> Option<Fault> {
    let expected = &expectation.outcome;
    let got = request.outcome().map(word);
    if expected.is_empty() || got.as_ref().is_some_and(|got| expected.contains(got)) {
        return None;
    }
    let severity = match request.outcome() {
        Some(Outcome::Response { end: BodyEnd::Complete | BodyEnd::Dropped, .. }) => Severity::WrongResponse,
        Some(_) => Severity::AvoidableFailure,
        None => Severity::HangOrLeak,
    };
    let got = got.map_or("without outcome".to_owned(), |got| format!("{got:?}"));
    Some((severity, format!("{} was {got}, expected {}", request.id, alternatives(expected))))
}

/// The word that `[expect]` uses for an outcome.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response { end: BodyEnd::Failed { .. }, .. } | Outcome::Error { .. } | Outcome::Deadline => {
            "error".to_owned()
        }
        Outcome::Response { status, .. } => status.to_string(),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}

fn alternatives(words: &[String]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" or ")
}

fn connection_fault(case: &Case, request: &Request, expectation: &Expectation) -> Option<Fault> {
    let expected = expectation.connection?;
    let (kind, severity) = match expected {
        ConnectionKind::Fresh => ("a fresh", Severity::StaleReuse),
        ConnectionKind::Reused => ("a reused", Severity::NeedlessConnections),
    };
    match case.final_attempt(request) {
        Some(attempt) if attempt.fresh == (expected == ConnectionKind::Fresh) => None,
        Some(attempt) => {
            let message = format!(
                "{} ended on connection {}, expected {kind} connection",
                request.id, attempt.connection
            );
            Some((severity, message))
        }
        None => {
            let message = format!("{} was never written, expected {kind} connection", request.id);
            Some((Severity::AvoidableFailure, message))
        }
    }
}

fn evidence(case: &Case, request: &Request) -> Vec<usize> {
    let written = case.final_attempt(request).map(|attempt| attempt.first_sent);
    let moments = request.ended().into_iter().chain(written).chain([request.started]);
    moments.map(|moment| moment.event).collect()
}
