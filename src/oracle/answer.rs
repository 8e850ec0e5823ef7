//! Whether what a caller got is the answer to its request.

use bytes::Bytes;

use super::case::Case;
use crate::trace::{
    Attempt, BodyEnd, BodyFraming, Exchange, Outcome, Replied, Request, SignalKind, Window, is_bodiless,
};

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
    let mut evidence = vec![finished.event];
    evidence.extend(request.attempts.last().map(|attempt| attempt.first_sent.event));
    let truncated = request.replies.iter().find(|reply| is_part(request, reply, &response));
    Some(match truncated {
        Some(reply) => {
            evidence.push(reply.moment.event);
            Answer::Truncated(Fault { got: describe_truncated(reply, &response), evidence })
        }
        None => {
            Answer::Wrong(Fault { got: describe_wrong(case, request, &response, &mut evidence), evidence })
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

/// What the origin wrote as the next message on the connection after it had the request, without it being a reply
/// that the trace knows whole: HTTP/1.1 gives the client no means to doubt bytes that the script sends in place of
/// a reply, nor to miss the rest of a close-delimited body.
fn is_as_written(case: &Case, request: &Request, attempt: &Attempt, response: &Response) -> bool {
    let Some(exchange) = case.exchange_of(attempt).filter(|exchange| !exchange.is_premature()) else {
        return false;
    };
    let Some(wire) = &exchange.response else { return false };
    let is_reply = request.replies.iter().any(|reply| {
        reply.connection == attempt.connection && wire.first_sent.is_some_and(|sent| reply.moment < sent)
    });
    let same_body = if response.whole {
        wire.complete.is_some() && wire.body == *response.body
    } else {
        wire.body.starts_with(response.body)
    };
    let may_differ = !is_reply || wire.framing == BodyFraming::Close;
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

fn describe_wrong(case: &Case, request: &Request, response: &Response, evidence: &mut Vec<usize>) -> String {
    let longer = request.replies.iter().find(|reply| {
        reply.status == response.status && response.body.starts_with(expected_body(request, reply))
    });
    if let Some(reply) = longer.filter(|reply| !expected_body(request, reply).is_empty()) {
        evidence.push(reply.moment.event);
        let surplus = response.body.len() - reply.body.len();
        return format!("its response with {surplus} bytes past the framing");
    }
    if let Some((owner, reply)) = owner(case, request, response) {
        evidence.push(reply.moment.event);
        return format!("the response to {}: {} {:?}", owner.id, response.status, response.body);
    }
    let what = format!("a {} with {} bytes", response.status, response.body.len());
    match unsolicited(case, request) {
        Some((window, event, connection)) => {
            evidence.push(event);
            let (meaning, name) = (window.meaning(), window.name());
            format!(
                "{what} that was no answer to it: unsolicited on connection {connection}, {meaning} ({name})"
            )
        }
        None => format!("{what} that the origin never gave to it"),
    }
}

fn owner<'a>(case: &'a Case, request: &Request, response: &Response) -> Option<(&'a Request, &'a Replied)> {
    let others = case.requests().filter(|other| other.id != request.id);
    let mut replies = others.flat_map(|other| other.replies.iter().map(move |reply| (other, reply)));
    replies.find(|(_, reply)| {
        reply.status == response.status && !response.body.is_empty() && reply.body == *response.body
    })
}

/// The unsolicited bytes on the connection of the last attempt, nearest before its response.
fn unsolicited(case: &Case, request: &Request) -> Option<(Window, usize, u32)> {
    let attempt = request.attempts.last()?;
    let connection = case.connection_of(attempt)?;
    let exchange: &Exchange = connection.exchanges.get(attempt.exchange)?;
    let signals = connection.signals();
    let bytes = signals.iter().filter(|signal| signal.kind == SignalKind::Unsolicited);
    let windows = bytes.filter_map(|signal| Some((Window::of(signal, exchange)?, signal.delivered?)));
    windows
        .filter(|(window, _)| *window == Window::W0 || window.is_race())
        .max_by_key(|(_, delivered)| *delivered)
        .map(|(window, delivered)| (window, delivered.event, connection.number))
}
