//! A request whose body did not come to its end is not ended as if it had.

use closewait_scenario::SendRequest;
use closewait_trace::{Attempt, Request};

use super::case::Case;
use super::checks::Checks;
use super::words::place;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-truncated-request",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a request is whole for the origin although the application gave only a part of its body",
    source: "RFC 9112 section 8, RFC 9113 section 8.1.1",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for send in case.scenario.requests().filter(|send| send.body > 0) {
        let Some(request) = case.views.requests.get(&send.id) else { continue };
        for attempt in &request.attempts {
            judge_attempt(case, send, request, attempt, &mut checks);
        }
    }
    checks.verdict("the body of every request was given to its end")
}

fn judge_attempt(case: &Case, send: &SendRequest, request: &Request, attempt: &Attempt, checks: &mut Checks) {
    let Some(exchange) = case.exchange_of(attempt) else { return };
    // A redirect may ask for a GET in its place, which has no body (RFC 9110 section 15.4).
    if exchange.request.method != request.method {
        return;
    }
    let (id, written, whole) = (&send.id, exchange.request.content, send.body as usize);
    if written >= whole {
        return;
    }
    let place = place(attempt);
    match exchange.request.last_sent {
        Some(end) => {
            let message =
                format!("{id} was ended on {place} after {written} of the {whole} bytes of its body");
            checks.violated(Severity::SilentTruncation, message, [request.started.event, end.event]);
        }
        None => checks.holds(format!("{id} was not ended on {place}, after {written} of {whole} bytes")),
    }
}
