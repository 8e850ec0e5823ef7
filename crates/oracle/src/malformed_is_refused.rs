//! What is no HTTP is no answer.

use closewait_trace::{BodyEnd, Malformed, Outcome, Request};

use super::case::Case;
use super::checks::Checks;
use super::words::{count, ms, place};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "malformed-is-refused",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a response that is malformed is reported to its caller as a whole one",
    source: "RFC 9112 sections 6.3 and 7.1, RFC 9113 section 8.1.1",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for request in case.requests() {
        let Some(attempt) = case.final_attempt(request) else { continue };
        let response = case.exchange_of(attempt).and_then(|exchange| exchange.response.as_ref());
        if let Some(malformed) = response.and_then(|response| response.malformed) {
            judge_request(request, malformed, &place(attempt), &mut checks);
        }
    }
    checks.verdict("no response was malformed")
}

fn judge_request(request: &Request, malformed: Malformed, place: &str, checks: &mut Checks) {
    let Some((finished, outcome)) = &request.finished else { return };
    let (id, Malformed { what, delivered }) = (&request.id, malformed);
    let came = format!("{what} was delivered on {place} at {}", ms(delivered.at));
    match outcome {
        Outcome::Response { end: BodyEnd::Complete, status, body } => {
            let got = count(body.len(), "byte");
            let message = format!("{id} got a {status} with {got}, reported complete, though {came}");
            checks.violated(Severity::WrongResponse, message, [delivered.event, finished.event]);
        }
        Outcome::Response { end: BodyEnd::Failed { message, .. }, .. } | Outcome::Error { message, .. } => {
            checks.holds(format!("{id}: surfaced ({message}): {came}"));
        }
        // The application did not want to know, or does not any more.
        Outcome::Response { end: BodyEnd::Dropped, .. } | Outcome::Deadline | Outcome::Cancelled => {}
    }
}
