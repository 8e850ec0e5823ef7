//! A stream that nobody waits for any more is reset at once, and none is opened for nobody.

use closewait_scenario::Protocol;
use closewait_trace::{Attempt, BodyEnd, Connection, ErrorKind, Exchange, Moment, Outcome, Request};

use super::case::Case;
use super::checks::Checks;
use super::interval::Order;
use super::words::{count, ms, place};
use super::{Level, Oracle, Severity, Verdict};

pub(super) const ORACLE: Oracle = Oracle {
    name: "cancel-is-told",
    level: Level::Advised,
    concerns: Protocol::is_http2,
    meaning: "HTTP/2: a request was given up, and its stream is not reset in the same instant, or is opened only later",
    source: "RFC 9113 sections 5.4.2 and 7",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for request in case.requests() {
        if let Some(over) = request.ended() {
            judge_late_attempts(case, request, over, &mut checks);
        }
        if let Some(given_up) = given_up(request) {
            for attempt in &request.attempts {
                judge_attempt(case, request, attempt, given_up, &mut checks);
            }
        }
    }
    checks.verdict("no request was given up with its stream open")
}

/// What waits for a stream of an open connection, and is given up meanwhile, needs none any more. What was given up
/// before the connection was open, or while the network took nothing, may lie in buffers that no client reaches.
fn judge_late_attempts(case: &Case, request: &Request, over: Moment, checks: &mut Checks) {
    let is_late = |attempt: &&Attempt| {
        let place = case.connection_of(attempt).zip(case.exchange_of(attempt));
        place.is_some_and(|(connection, exchange)| {
            let was_open = connection.ready().is_some_and(|ready| ready < over);
            was_open && case.known(over).against(&case.written(connection, exchange)) == Order::Before
        })
    };
    for attempt in request.attempts.iter().filter(is_late) {
        let (id, place, late) = (&request.id, place(attempt), ms(attempt.first_sent.since(over)));
        let message = format!("{id} was over at {}, and {place} was opened for it {late} later", ms(over.at));
        let cause = (id.as_str(), attempt.connection.to_string());
        checks.violated_for(cause, Severity::HangOrLeak, message, [over.event, attempt.first_sent.event]);
    }
}

/// When the application dropped the future of the request, or its response before the end, or the client's patience ended.
fn given_up(request: &Request) -> Option<Moment> {
    let dropped = match &request.finished {
        Some((finished, Outcome::Response { end: BodyEnd::Dropped, .. })) => Some(*finished),
        // A timeout of the client's own.
        Some((finished, Outcome::Error { kind: ErrorKind::Timeout, .. })) => Some(*finished),
        _ => None,
    };
    request.cancelled.into_iter().chain(dropped).min()
}

fn judge_attempt(case: &Case, request: &Request, attempt: &Attempt, given_up: Moment, checks: &mut Checks) {
    let (Some(connection), Some(exchange)) = (case.connection_of(attempt), case.exchange_of(attempt)) else {
        return;
    };
    // What says so may wait behind what was written before.
    let Some(due) = case.left_by(connection, given_up) else { return };
    let is_open = is_open(connection, exchange, given_up, due);
    let Some(stream) = exchange.stream.as_ref().filter(|_| is_open) else { return };
    let id = &request.id;
    let reset = stream.reset_by_client.and_then(|reset| reset.sent);
    let told = reset.into_iter().chain(connection.client_close()).min();
    let late = connection.http2.as_ref().map_or(0, |http2| http2.data_after(stream.id, given_up));
    let more = if late > 0 { format!(", {} of its body later", count(late, "byte")) } else { String::new() };
    let place = place(attempt);
    match told {
        Some(told) if told.may_precede(due) && reset == Some(told) => {
            checks.holds(format!("{id}: {place} was reset as it was given up{more}"));
        }
        Some(told) if told.may_precede(due) => {
            checks.holds(format!("{id}: connection {} was closed as it was given up", attempt.connection));
        }
        Some(told) => {
            let after = ms(told.since(given_up));
            let message = format!("{id} was given up, and {place} was reset only {after} after that{more}");
            let cause = (id.as_str(), attempt.connection.to_string());
            checks.violated_for(cause, Severity::HangOrLeak, message, [given_up.event, told.event]);
        }
        None => {
            let message =
                format!("{id} was given up at {}, and {place} was never reset{more}", ms(given_up.at));
            let cause = (id.as_str(), attempt.connection.to_string());
            let proof = case.last_event().into_iter().chain([given_up.event]);
            checks.violated_for(cause, Severity::HangOrLeak, message, proof);
        }
    }
}

/// Whether there was something to tell: the stream was open, no GOAWAY had excluded it, the connection was there, and no
/// end came until it was to be told.
fn is_open(connection: &Connection, exchange: &Exchange, given_up: Moment, due: Moment) -> bool {
    let own = exchange.stream.as_ref().and_then(|stream| stream.reset_by_client?.sent);
    let ended_by_origin = exchange.ended().filter(|over| own.is_none_or(|own| *over < own));
    let excluded = connection.excluded(exchange);
    let ends = ended_by_origin.into_iter().chain(excluded).chain(connection.death());
    // Behind a whole answer nothing is given up: the origin may want the rest of the request (RFC 9113 section 8.1).
    let answered = exchange.answered().is_some_and(|answered| answered.may_precede(given_up));
    let ended = answered || ends.into_iter().any(|end| end.may_precede(due));
    let told_before = own.into_iter().chain(connection.client_close()).any(|told| told < given_up);
    exchange.request.first_sent < given_up && !ended && !told_before
}
