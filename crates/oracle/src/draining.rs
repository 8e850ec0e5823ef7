//! A graceful GOAWAY leaves the streams that it accepts to end as they would have (RFC 9113 section 6.8).

use closewait_trace::http2::{ErrorCode, Http2};
use closewait_trace::{Attempt, BodyEnd, Connection, ErrorKind, Moment, Outcome, Request};

use super::case::Case;
use super::checks::Checks;
use super::words::place;
use super::{Severity, streams};

/// What became of the streams of `connection` that were open when it began to drain. Whether there were any.
pub(super) fn judge(case: &Case, connection: &Connection, checks: &mut Checks) -> bool {
    let mut drained = false;
    for &request in case.book(connection).map_or(&[][..], |book| &book.decided) {
        let attempt = case.final_attempt(request);
        let finished = request.finished.as_ref();
        let Some((attempt, (finished, outcome))) = attempt.zip(finished) else { continue };
        if case.upload_fails(&request.id) {
            continue;
        }
        let goaway = accepted(case, connection, attempt).filter(|goaway| goaway < finished);
        if let Some(goaway) = goaway {
            drained = true;
            judge_request(case, connection, request, (attempt, goaway), (*finished, outcome), checks);
        }
    }
    drained
}

fn judge_request(
    case: &Case,
    connection: &Connection,
    request: &Request,
    (attempt, goaway): (&Attempt, Moment),
    (finished, outcome): (Moment, &Outcome),
    checks: &mut Checks,
) {
    let (id, place) = (&request.id, place(attempt));
    if matches!(outcome, Outcome::Response { end: BodyEnd::Complete, .. }) {
        checks.holds(format!("{id} was answered on {place} while it drained"));
    } else if is_error(outcome) && !is_ended(case, connection, attempt, finished) {
        let message = format!("{id} failed on {place} although the GOAWAY accepts it");
        let cause = (id.as_str(), connection.number.to_string());
        let proof = [goaway.event, finished.event];
        checks.violated_for(cause, Severity::AvoidableFailure, message, proof);
    }
}

/// When a GOAWAY reached the client with the stream of the attempt open, if all that came are graceful and accept it.
fn accepted(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Moment> {
    let stream = case.exchange_of(attempt)?.stream.as_ref()?.id;
    let goaways: Vec<_> = connection.http2.iter().flat_map(Http2::goaways).collect();
    let accepts =
        goaways.iter().all(|goaway| goaway.code == ErrorCode::NO_ERROR && goaway.last_stream >= stream);
    let delivered = goaways.iter().find_map(|goaway| goaway.delivered)?;
    (accepts && attempt.first_sent < delivered).then_some(delivered)
}

/// An error that is no timeout: how long a client waits is its own affair.
fn is_error(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Error { kind, .. } | Outcome::Response { end: BodyEnd::Failed { kind, .. }, .. } => {
            *kind != ErrorKind::Timeout
        }
        _ => false,
    }
}

/// The origin or the application had ended the stream or the connection, a PING had been left without an answer, or the
/// client found fault with what it got (RFC 9113 sections 5.4 and 8.1.1).
fn is_ended(case: &Case, connection: &Connection, attempt: &Attempt, finished: Moment) -> bool {
    let stream = case.exchange_of(attempt).and_then(|exchange| exchange.stream.as_ref());
    let reset = stream.and_then(|stream| stream.reset_delivered());
    let tls = connection.tls.iter();
    let alert = tls.clone().filter_map(|tls| tls.alert.as_ref()?.passage.delivered);
    let close_notify = tls.filter_map(|tls| tls.to_client.fin.delivered);
    let http2 = connection.http2.iter();
    let fault = http2.clone().filter_map(|http2| http2.fault.map(|fault| fault.delivered));
    let ends = reset.into_iter().chain(connection.death()).chain(alert).chain(close_notify).chain(fault);
    let ended = ends.chain(case.closing()).any(|end| end < finished);
    let unanswered = |ping: Moment| ping < finished && connection.is_silent(ping, finished);
    let objects = stream
        .and_then(|stream| stream.reset_by_client)
        .is_some_and(|reset| streams::is_objection(reset.code))
        || http2.clone().flat_map(|http2| &http2.to_origin).any(streams::is_complaint);
    ended || objects || http2.flat_map(Http2::pings).any(unanswered)
}
