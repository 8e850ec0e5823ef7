//! Whether what a caller got is the answer to its request.

use bytes::Bytes;
use closewait_trace::{
    Attempt, BodyEnd, BodyFraming, Moment, Outcome, Replied, Request, SignalKind, Window, is_bodiless,
};

use super::case::Case;
use super::words::{circumstances, count};

pub(super) enum Answer {
    Right,
    /// A part of the right body, reported complete.
    Truncated(Fault),
    /// Something else.
    Wrong(Fault),
}

pub(super) struct Fault {
    /// What the caller got, as the end of `a got …`.
    pub got: String,
    /// Where the bytes came from, if they were unsolicited.
    pub origin: Option<String>,
    pub evidence: Vec<usize>,
}

struct Response<'a> {
    status: u16,
    body: &'a Bytes,
    whole: bool,
}

/// Judges the response of a request; `None` if it got none.
pub(super) fn judge(case: &Case, request: &Request) -> Option<Answer> {
    let Some((finished, Outcome::Response { status, body, end })) = &request.finished else { return None };
    let response = Response { status: *status, body, whole: *end == BodyEnd::Complete };
    let is_right = request.replies.iter().any(|reply| is_reply(request, reply, &response))
        || request.attempts.iter().any(|attempt| is_as_written(case, request, attempt, &response));
    if is_right {
        return Some(Answer::Right);
    }
    let written = request.attempts.last().map(|attempt| attempt.first_sent.event);
    let evidence = written.into_iter().chain([finished.event]).collect();
    let truncated = request.replies.iter().find(|reply| is_part(request, reply, &response));
    let mut fault = Fault { got: String::new(), origin: None, evidence };
    Some(match truncated {
        Some(reply) => {
            fault.evidence.push(reply.moment.event);
            fault.got = describe_truncated(reply, &response);
            Answer::Truncated(fault)
        }
        None => {
            explain_wrong(case, request, &response, &mut fault);
            Answer::Wrong(fault)
        }
    })
}

fn is_reply(request: &Request, reply: &Replied, response: &Response) -> bool {
    let expected = expected_body(request, reply);
    match response.whole {
        true => reply.status == response.status && reply.complete && expected == response.body,
        false => is_part(request, reply, response),
    }
}

fn is_part(request: &Request, reply: &Replied, response: &Response) -> bool {
    reply.status == response.status && expected_body(request, reply).starts_with(response.body)
}

fn expected_body<'a>(request: &Request, reply: &'a Replied) -> &'a [u8] {
    if is_bodiless(&request.method, reply.status) { &[] } else { &reply.body }
}

/// What came as the next message on the connection after the request was written, without it being a reply that the trace
/// knows whole: HTTP/1.1 gives the client no means to doubt bytes that the script sends in place of a reply, be it before
/// or after the origin had the request, to miss the rest of a close-delimited body,
/// or to tell from a reply that was cut short what the script sends in place of its rest. Bytes that came before the
/// request was written are another matter: they are no part of the exchange.
fn is_as_written(case: &Case, request: &Request, attempt: &Attempt, response: &Response) -> bool {
    let Some(exchange) = case.exchange_of(attempt) else { return false };
    let Some(wire) = &exchange.response else { return false };
    let is_reply = request.replies.iter().filter(|reply| reply.complete).any(|reply| {
        reply.connection == attempt.connection && wire.first_sent.is_some_and(|sent| reply.moment < sent)
    });
    let same_body = if response.whole {
        // What is malformed has no end, and a rule of its own.
        (wire.complete.is_some() || wire.malformed.is_some()) && wire.body == *response.body
    } else {
        wire.body.starts_with(response.body)
    };
    let may_differ = !is_reply || wire.framing == BodyFraming::Close || wire.malformed.is_some();
    may_differ && wire.status == Some(response.status) && same_body
}

fn describe_truncated(reply: &Replied, response: &Response) -> String {
    let (got, all) = (response.body.len(), reply.body.len());
    if got == all {
        "a response reported complete although its end was never sent".to_owned()
    } else {
        format!("{got} of {all} bytes of its response, reported complete")
    }
}

fn explain_wrong(case: &Case, request: &Request, response: &Response, fault: &mut Fault) {
    let what = format!("a {} with {}", response.status, count(response.body.len(), "byte"));
    if let Some((reply, surplus)) = overrun(request, response) {
        fault.evidence.push(reply.moment.event);
        fault.got = format!("its response with {} past the framing", count(surplus, "byte"));
    } else if let Some((owner, reply)) = owner(case, request, response) {
        fault.evidence.push(reply.moment.event);
        fault.got = format!("the response to {}: {} {:?}", owner.id, response.status, response.body);
    } else if let Some((window, delivered, connection)) = unsolicited(case, request) {
        fault.evidence.push(delivered.event);
        fault.got = format!("{what} that was no answer to it");
        fault.origin = Some(circumstances(SignalKind::Unsolicited, connection, window));
    } else {
        fault.got = format!("{what} that the origin never gave to it");
    }
}

/// The right response, with this many bytes behind its end.
fn overrun<'r>(request: &'r Request, response: &Response) -> Option<(&'r Replied, usize)> {
    request.replies.iter().find_map(|reply| {
        let expected = expected_body(request, reply);
        let starts = reply.status == response.status && response.body.starts_with(expected);
        (starts && !expected.is_empty()).then(|| (reply, response.body.len() - expected.len()))
    })
}

fn owner<'a>(case: &'a Case, request: &Request, response: &Response) -> Option<(&'a Request, &'a Replied)> {
    let others = case.requests().filter(|other| other.id != request.id);
    let mut replies = others.flat_map(|other| other.replies.iter().map(move |reply| (other, reply)));
    replies.find(|(_, reply)| {
        reply.status == response.status && !response.body.is_empty() && reply.body == *response.body
    })
}

/// The unsolicited bytes on the connection of the last attempt, nearest before its response.
fn unsolicited(case: &Case, request: &Request) -> Option<(Window, Moment, u32)> {
    let attempt = request.attempts.last()?;
    let (connection, exchange) = case.connection_of(attempt).zip(case.exchange_of(attempt))?;
    let signals = connection.signals();
    let bytes = signals.iter().filter(|signal| signal.kind == SignalKind::Unsolicited);
    let windows = bytes.filter_map(|signal| Some((Window::of(signal, exchange)?, signal.delivered?)));
    windows
        .filter(|(window, _)| *window == Window::W0 || window.is_race())
        .max_by_key(|(_, delivered)| *delivered)
        .map(|(window, delivered)| (window, delivered, connection.number))
}
