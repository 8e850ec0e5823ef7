//! A request of which no byte was written, or which the origin did not process, is sent again instead of failing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use closewait_trace::http2::ErrorCode;
use closewait_trace::{Attempt, Connection, ErrorKind, Moment, Outcome, Request};

use super::case::Case;
use super::checks::Checks;
use super::streams::not_processed;
use super::words::place;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "unsent-is-free",
    level: Level::Advised,
    concerns: every_protocol,
    meaning: "a request of which no byte was written, or which the origin says it did not process, fails instead of being sent again",
    source: "hyperium/hyper-util#133, RFC 9113 section 8.7",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    let mut dead = Dead::of(case);
    for request in case.requests().filter(|request| !case.upload_fails(&request.id)) {
        match (&request.finished, request.attempts.first()) {
            (Some((finished, Outcome::Error { kind, message })), None)
                if is_avoidable(case, request, *kind, (request.started, *finished)) =>
            {
                let message = format!("{} failed although no byte of it was written ({message})", request.id);
                let evidence = [request.started.event, finished.event];
                checks.violated(Severity::AvoidableFailure, message, evidence);
            }
            (_, Some(attempt)) => {
                judge_not_processed(case, request, attempt, &mut checks);
                checks_passed_over(&mut dead, request, attempt, &mut checks);
            }
            _ => {}
        }
    }
    checks.verdict(if case.scenario.protocol.is_http2() {
        "no request met a dead connection before its first byte was written, and none was disowned by the origin"
    } else {
        "no request met a dead connection before its first byte was written"
    })
}

/// The first attempt alone: how often a client tries again is its own affair.
fn judge_not_processed(case: &Case, request: &Request, attempt: &Attempt, checks: &mut Checks) {
    let Some(not_processed) = not_processed(case, attempt).filter(|_| is_graceful(case, attempt)) else {
        return;
    };
    if is_lost(case, attempt, not_processed) {
        return;
    }
    match (&request.finished, request.attempts.get(1)) {
        (_, Some(next)) if not_processed < next.first_sent => {
            checks.holds(format!("{} was sent again, as the origin had not processed it", request.id));
        }
        (Some((finished, Outcome::Error { kind, message })), None)
            if not_processed < *finished
                && is_avoidable(case, request, *kind, (not_processed, *finished)) =>
        {
            let message = format!(
                "{} failed although the origin said that it had not processed {} ({message})",
                request.id,
                place(attempt)
            );
            let cause = (request.id.as_str(), attempt.connection.to_string());
            let proof = [not_processed.event, finished.event];
            checks.violated_for(cause, Severity::AvoidableFailure, message, proof);
        }
        _ => {}
    }
}

/// An RST in the same instant takes from the socket what the client has not read.
fn is_lost(case: &Case, attempt: &Attempt, not_processed: Moment) -> bool {
    let rst = case.connection_of(attempt).and_then(|connection| connection.to_client.rst.delivered);
    rst.is_some_and(|rst| rst.is_beside(not_processed))
}

/// An origin that ends the connection with an error is better left alone for a while.
fn is_graceful(case: &Case, attempt: &Attempt) -> bool {
    let http2 = case.connection_of(attempt).and_then(|connection| connection.http2.as_ref());
    http2.is_some_and(|http2| http2.goaways().all(|goaway| goaway.code == ErrorCode::NO_ERROR))
}

/// Notes that the request went elsewhere, past a dead connection.
fn checks_passed_over(dead: &mut Dead, request: &Request, attempt: &Attempt, checks: &mut Checks) {
    if let Some(dead) = dead.in_the_pool(request.started, attempt.connection) {
        checks.holds(format!(
            "{} went to connection {}, past dead connection {dead}",
            request.id, attempt.connection
        ));
    }
}

/// The connections that had ended, or did at that very instant, and that the client had not closed before, as one request begins after
/// the other.
struct Dead<'a> {
    /// The next to end is the last.
    alive: Vec<(Moment, &'a Connection)>,
    dead: BTreeMap<u32, &'a Connection>,
}

impl<'a> Dead<'a> {
    fn of(case: &Case<'a>) -> Self {
        let death =
            |connection: &'a Connection| Some((connection.established.and(connection.death())?, connection));
        let mut alive: Vec<_> = case.connections().filter_map(death).collect();
        alive.sort_by_key(|(death, _)| Reverse(*death));
        Self { alive, dead: BTreeMap::new() }
    }

    /// The first that was used before a moment, but for one.
    fn in_the_pool(&mut self, moment: Moment, but: u32) -> Option<u32> {
        while let Some((_, connection)) = self.alive.pop_if(|(death, _)| death.may_precede(moment)) {
            self.dead.insert(connection.number, connection);
        }
        let mut closed = Vec::new();
        let found = self.dead.values().find(|connection| {
            let lasts = connection.lasts_until(moment);
            if !lasts {
                closed.push(connection.number);
            }
            let used = connection.exchanges.first().is_some_and(|first| first.request.first_sent < moment);
            lasts && used && connection.number != but
        });
        let found = found.map(|connection| connection.number);
        for number in closed {
            self.dead.remove(&number);
        }
        found
    }
}

/// The origin could be reached, neither the application nor the client had ended the matter, and nothing of it that was
/// written from a moment on may lie in the host's buffer.
fn is_avoidable(
    case: &Case,
    request: &Request,
    kind: ErrorKind,
    (since, finished): (Moment, Moment),
) -> bool {
    let is_of_the_pool = !matches!(kind, ErrorKind::Connect | ErrorKind::Timeout);
    let mut dials = case.index.dialled(request.started, Some(finished));
    let refused = dials.any(|(_, connection)| connection.ready().is_none() && !connection.was_given_up());
    let closing = case.closing().is_some_and(|closing| closing < finished);
    let cannot_be_sent = case.has_no_length(&request.id) && speaks_http_10(case, finished);
    is_of_the_pool && !refused && !closing && !cannot_be_sent && case.holder(request, since).is_none()
}

/// Whether the last response that the client had on a connection before a moment was HTTP/1.0: its origin takes no chunks (RFC 9112
/// section 6.1).
fn speaks_http_10(case: &Case, moment: Moment) -> bool {
    case.connections().any(|connection| {
        let responses = connection.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
        responses
            .take_while(|response| response.first_delivered < moment)
            .last()
            .is_some_and(|last| last.is_http_10)
    })
}
