//! What oracles need to know of the streams of HTTP/2.

use std::iter;

use closewait_trace::http2::{ErrorCode, FrameKind, Http2, WireFrame};
use closewait_trace::{Attempt, Connection, Execution, Moment, Request};

use super::case::Case;
use super::known::stream_limit;
use super::order::up_to;
use super::policy::OBJECTIONS;

/// When the client learned that the origin had not processed an attempt and never will: REFUSED_STREAM, or a
/// GOAWAY whose last stream is an earlier one (RFC 9113 section 8.7).
pub(super) fn not_processed(case: &Case, attempt: &Attempt) -> Option<Moment> {
    let exchange = case.exchange_of(attempt)?;
    let reset = exchange.stream.as_ref()?.reset_by_origin;
    // What was answered in part was processed, whatever the code says.
    let answered = exchange.response.as_ref().map(|response| response.first_delivered);
    let refused = reset.filter(|reset| {
        reset.code == ErrorCode::REFUSED_STREAM && answered.is_none_or(|first| Some(first) >= reset.delivered)
    });
    let excluded = case.connection_of(attempt)?.excluded(exchange);
    refused.and_then(|reset| reset.delivered).into_iter().chain(excluded).min()
}

/// The executions that count against the client: not those of attempts that the origin did not process, and said so before the client
/// tried again. Where the origin asked for the request again, those of the turn that has most (RFC 9110 section 15.4: a redirected
/// request is another one).
pub(super) fn executions<'a>(case: &Case, request: &'a Request) -> Vec<&'a Execution> {
    let counts = |execution: &&Execution| !was_not_processed(case, request, execution);
    let all: Vec<&Execution> = request.executions.iter().filter(counts).collect();
    let in_turn = |turn| move |execution: &&&Execution| request.turn(execution.moment) == turn;
    let turns = (0..=request.asked_again.len()).rev();
    let most = turns.max_by_key(|turn| all.iter().filter(in_turn(*turn)).count()).unwrap_or_default();
    all.iter().filter(in_turn(most)).copied().collect()
}

fn was_not_processed(case: &Case, request: &Request, execution: &Execution) -> bool {
    let executed = |attempt: &&Attempt| {
        attempt.connection == execution.connection && attempt.first_sent < execution.moment
    };
    request.attempts.iter().rfind(executed).is_some_and(|attempt| is_not_processed(case, request, attempt))
}

/// Whether the origin had said that it does not process an attempt before the client tried again.
pub(super) fn is_not_processed(case: &Case, request: &Request, attempt: &Attempt) -> bool {
    let next = request.attempts.iter().find(|next| attempt.first_sent < next.first_sent);
    match (not_processed(case, attempt), next) {
        (Some(not_processed), Some(next)) => not_processed < next.first_sent,
        _ => false,
    }
}

/// How many of the streams that were opened before `left` were open at a moment, as far as the client must know: what it
/// had given up by then it may have reset, in what waits for the network.
pub(super) fn open_at(case: &Case, connection: &Connection, left: Moment, moment: Moment) -> usize {
    case.streams(connection).map_or(0, |streams| streams.open_at(left, moment))
}

/// The first moment, from one on, at which the client may have had a stream to spare.
pub(super) fn first_free(case: &Case, connection: &Connection, since: Moment) -> Option<Moment> {
    let is_free = |moment: &Moment| {
        let open = open_at(case, connection, case.turn_end(moment.at), *moment);
        stream_limit(connection, *moment, *moment).most.is_none_or(|limit| open < limit as usize)
    };
    changes(case, connection, since).find(is_free)
}

/// Whether at the end of each instant between two moments the client may have had no stream to spare, one taken by a request that
/// waited for the network, or doubted the connection: from a PING on until something came.
pub(super) fn is_full(case: &Case, connection: &Connection, since: Moment, until: Moment) -> bool {
    let is_taken = |moment: Moment| {
        let limit = stream_limit(connection, moment, moment).least;
        limit.is_some_and(|limit| limit as usize <= opened_at(case, connection, moment))
    };
    let changes = changes(case, connection, since).filter(|moment| moment.precedes(until));
    changes.map(|moment| case.turn_end(moment.at)).all(|moment| {
        let heard = connection.heard_after(moment).filter(|heard| heard.precedes(until));
        let last = connection.http2.iter().flat_map(Http2::pings).rfind(|ping| *ping <= moment);
        let doubted = last.is_some_and(|ping| connection.is_silent(ping, moment));
        is_taken(moment) || doubted && heard.is_none_or(|heard| is_taken(case.turn_end(heard.at)))
    })
}

/// How many streams may have been open at a moment, those that had not left the host among them.
fn opened_at(case: &Case, connection: &Connection, moment: Moment) -> usize {
    case.streams(connection).map_or(0, |streams| streams.written.at(moment))
}

/// When the number of streams to spare may have become larger: `since`, and then in order.
fn changes(case: &Case, connection: &Connection, since: Moment) -> impl Iterator<Item = Moment> {
    let changes = case.streams(connection).map_or(&[][..], |streams| &streams.changes);
    iter::once(since).chain(changes[up_to(changes, since)..].iter().copied())
}

/// A GOAWAY of the client that finds fault with what it got.
pub(super) fn is_complaint(frame: &WireFrame) -> bool {
    matches!(frame.kind, FrameKind::GoAway { code, .. } if is_objection(code))
}

/// Whether a code says what was wrong with the peer's frames or messages.
pub(super) fn is_objection(code: ErrorCode) -> bool {
    OBJECTIONS.contains(&code)
}
