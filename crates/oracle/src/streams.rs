//! What oracles need to know of the streams of HTTP/2.

use closewait_trace::http2::{ErrorCode, FrameKind, Http2, Setting, WireFrame};
use closewait_trace::{Attempt, Connection, Exchange, Execution, Moment, Request};

use super::case::Case;
use super::known::stream_limit;
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
    let is_over = |ended: Option<Moment>| ended.is_some_and(|ended| ended.may_precede(moment));
    let given_up = |exchange: &Exchange| case.request_of(exchange).and_then(Request::ended);
    let before = connection.exchanges.iter().filter(|exchange| exchange.request.first_sent < left);
    before.filter(|exchange| !is_over(exchange.ended()) && !is_over(given_up(exchange))).count()
}

/// The first moment, from one on, at which the client may have had a stream to spare.
pub(super) fn first_free(case: &Case, connection: &Connection, since: Moment) -> Option<Moment> {
    let is_free = |moment: &Moment| {
        let open = open_at(case, connection, case.turn_end(moment.at), *moment);
        stream_limit(connection, *moment, *moment).most.is_none_or(|limit| open < limit as usize)
    };
    changes(case, connection, since).into_iter().find(is_free)
}

/// Whether at the end of each instant between two moments the client may have had no stream to spare, one taken by a request that
/// waited for the network, or doubted the connection: from a PING on until something came.
pub(super) fn is_full(case: &Case, connection: &Connection, since: Moment, until: Moment) -> bool {
    let is_taken = |moment: Moment| {
        let limit = stream_limit(connection, moment, moment).least;
        limit.is_some_and(|limit| limit as usize <= opened_at(case, connection, moment))
    };
    let changes = changes(case, connection, since).into_iter().filter(|moment| moment.precedes(until));
    changes.map(|moment| case.turn_end(moment.at)).all(|moment| {
        let heard = connection.heard_after(moment).filter(|heard| heard.precedes(until));
        let mut pings = connection.http2.iter().flat_map(Http2::pings);
        let doubted = pings.any(|ping| ping <= moment && connection.is_silent(ping, moment));
        is_taken(moment) || doubted && heard.is_none_or(|heard| is_taken(case.turn_end(heard.at)))
    })
}

/// How many streams may have been open at a moment, those that had not left the host among them.
fn opened_at(case: &Case, connection: &Connection, moment: Moment) -> usize {
    let is_open = |exchange: &&Exchange| {
        let ended = exchange.ended().is_some_and(|ended| ended <= moment);
        !ended && case.written(connection, exchange).earliest <= moment
    };
    connection.exchanges.iter().filter(is_open).count()
}

/// When the number of streams to spare may have become larger: `since`, and then in order.
fn changes(case: &Case, connection: &Connection, since: Moment) -> Vec<Moment> {
    let ended = connection.exchanges.iter().filter_map(Exchange::ended);
    let given_up = connection.exchanges.iter().filter_map(|exchange| case.request_of(exchange)?.ended());
    let settings = connection.http2.iter().flat_map(|http2| http2.setting(Setting::MAX_CONCURRENT_STREAMS));
    // From the next instant on a new limit must be known.
    let raised = settings.flat_map(|(delivered, _)| [delivered, delivered.later_by(1)]);
    let later = ended.chain(given_up).chain(raised).filter(|moment| since < *moment);
    let mut changes: Vec<Moment> = later.chain([since]).collect();
    changes.sort_unstable();
    changes
}

/// A GOAWAY of the client that finds fault with what it got.
pub(super) fn is_complaint(frame: &WireFrame) -> bool {
    matches!(frame.kind, FrameKind::GoAway { code, .. } if is_objection(code))
}

/// Whether a code says what was wrong with the peer's frames or messages.
pub(super) fn is_objection(code: ErrorCode) -> bool {
    OBJECTIONS.contains(&code)
}
