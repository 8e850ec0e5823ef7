//! What oracles need to know of the streams of HTTP/2.

use closewait_trace::http2::{ErrorCode, FrameKind, Http2, Setting, WireFrame};
use closewait_trace::{
    Attempt, BodyEnd, Connection, Direction, Exchange, Execution, Fate, Moment, Outcome, Request, What,
};

use super::case::Case;

/// When the client learned that the origin had not processed an attempt and never will: REFUSED_STREAM, or a
/// GOAWAY whose last stream is an earlier one (RFC 9113 section 8.7).
pub(super) fn disowned(case: &Case, attempt: &Attempt) -> Option<Moment> {
    let stream = case.exchange_of(attempt)?.stream.as_ref()?;
    let refused = stream.reset_by_origin.filter(|reset| reset.code == ErrorCode::REFUSED_STREAM);
    let excluded = excluded(case.connection_of(attempt)?, stream.id);
    refused.and_then(|reset| reset.delivered).into_iter().chain(excluded).min()
}

/// When a GOAWAY reached the client that excludes this stream.
pub(super) fn excluded(connection: &Connection, stream: u32) -> Option<Moment> {
    let mut goaways = connection.http2.iter().flat_map(|http2| http2.goaways());
    goaways.find_map(|goaway| goaway.delivered.filter(|_| goaway.last_stream < stream))
}

/// Whether the client may have given up a connection on which the origin refuses streams: two in a row, without a request
/// that ended well between them, and nothing was opened on it after that. What happens within an instant has no order for
/// the client.
pub(super) fn refuses(case: &Case, connection: &Connection, until: Moment) -> bool {
    let exchanges = || connection.exchanges.iter();
    let opened = exchanges().map(|exchange| exchange.request.first_sent).filter(|sent| *sent < until).max();
    let ended_well = |exchange: &Exchange| {
        exchange.complete()?;
        let (finished, outcome) = case.request_of(exchange)?.finished.as_ref()?;
        let well = matches!(outcome, Outcome::Response { end: BodyEnd::Complete, .. });
        Some(*finished).filter(|_| well)
    };
    let refused = exchanges().filter_map(|exchange| exchange.stream.as_ref()?.reset_by_origin);
    let refused = refused.filter(|reset| reset.code == ErrorCode::REFUSED_STREAM);
    let mut refused: Vec<Moment> = refused.filter_map(|reset| reset.delivered).collect();
    refused.sort_unstable();
    refused.windows(2).any(|pair| {
        let parted = exchanges().filter_map(ended_well).any(|end| pair[0].at < end.at && end.at < pair[1].at);
        !parted && opened.is_none_or(|opened| opened.at <= pair[1].at) && pair[1] < until
    })
}

/// The executions that count against the client: not those of attempts that the origin disowned before the client
/// tried again.
pub(super) fn executions<'a>(case: &Case, request: &'a Request) -> Vec<&'a Execution> {
    request.executions.iter().filter(|execution| !was_disowned(case, request, execution)).collect()
}

fn was_disowned(case: &Case, request: &Request, execution: &Execution) -> bool {
    let executed = |attempt: &&Attempt| {
        attempt.connection == execution.connection && attempt.first_sent < execution.moment
    };
    request.attempts.iter().rfind(executed).is_some_and(|attempt| is_disowned(case, request, attempt))
}

/// Whether the origin had disowned an attempt before the client tried again.
pub(super) fn is_disowned(case: &Case, request: &Request, attempt: &Attempt) -> bool {
    let next = request.attempts.iter().find(|next| attempt.first_sent < next.first_sent);
    match (disowned(case, attempt), next) {
        (Some(disowned), Some(next)) => disowned < next.first_sent,
        _ => false,
    }
}

/// The most streams that the origin permits at a moment, as far as the client must know: what arrives within the
/// instant may come too late.
pub(super) fn limit(connection: &Connection, moment: Moment) -> Option<u32> {
    let known = settings(connection).filter(|(delivered, _)| delivered.at < moment.at);
    let now = settings(connection).filter(|(delivered, _)| delivered.at == moment.at);
    let known = known.map(|(_, value)| value).last();
    now.map(|(_, value)| value).chain(known).max().filter(|_| known.is_some())
}

/// The most that it permits at any moment from one to another.
pub(super) fn most(connection: &Connection, from: Moment, to: Moment) -> Option<u32> {
    let later = settings(connection).filter(|(delivered, _)| from.at < delivered.at && delivered.at <= to.at);
    let limit = limit(connection, from)?;
    later.map(|(_, value)| value).chain([limit]).max()
}

/// How many of the streams that were opened before `left` were open at a moment, as far as the client must know: what it
/// had given up by then it may have reset, in what waits for the network.
pub(super) fn open_at(case: &Case, connection: &Connection, left: Moment, moment: Moment) -> usize {
    let is_over = |over: Option<Moment>| over.is_some_and(|over| over.at <= moment.at);
    let given_up = |exchange: &Exchange| case.request_of(exchange).and_then(Request::over);
    let before = connection.exchanges.iter().filter(|exchange| exchange.request.first_sent < left);
    before.filter(|exchange| !is_over(exchange.over()) && !is_over(given_up(exchange))).count()
}

/// The first moment, from one on, at which the client may have had a stream to spare.
pub(super) fn first_free(case: &Case, connection: &Connection, since: Moment) -> Option<Moment> {
    let is_free = |moment: &Moment| {
        let open = open_at(case, connection, case.end_of(moment.at), *moment);
        most(connection, *moment, *moment).is_none_or(|limit| open < limit as usize)
    };
    changes(case, connection, since).into_iter().find(is_free)
}

/// Whether at the end of each instant between two moments the client must have had no stream to spare, or doubted the
/// connection: from a PING on until something came.
pub(super) fn is_full(case: &Case, connection: &Connection, since: Moment, until: Moment) -> bool {
    let is_taken = |moment: Moment| {
        let limit = least_limit(connection, moment);
        limit.is_some_and(|limit| limit as usize <= connection.open_streams(moment))
    };
    let changes = changes(case, connection, since).into_iter().filter(|moment| moment.at < until.at);
    changes.map(|moment| case.end_of(moment.at)).all(|moment| {
        let delivered = &connection.data().1.delivered;
        let heard =
            delivered.moment_of(delivered.len_after(moment.event)).filter(|heard| heard.at < until.at);
        let mut pings = connection.http2.iter().flat_map(Http2::pings);
        let doubted = pings.any(|ping| ping <= moment && is_silent(connection, ping, moment));
        is_taken(moment) || doubted && heard.is_none_or(|heard| is_taken(case.end_of(heard.at)))
    })
}

/// When the number of streams to spare may have become larger: `since`, and then in order.
fn changes(case: &Case, connection: &Connection, since: Moment) -> Vec<Moment> {
    let over = connection.exchanges.iter().filter_map(Exchange::over);
    let given_up = connection.exchanges.iter().filter_map(|exchange| case.request_of(exchange)?.over());
    // From the next instant on a new limit must be known.
    let next = |delivered: Moment| Moment { at: delivered.at + 1, ..delivered };
    let raised = settings(connection).flat_map(|(delivered, _)| [delivered, next(delivered)]);
    let later = over.chain(given_up).chain(raised).filter(|moment| since < *moment);
    let mut changes: Vec<Moment> = later.chain([since]).collect();
    changes.sort_unstable();
    changes
}

/// The most at a moment for a client that is careful: what arrives within the instant may already count.
pub(super) fn least_limit(connection: &Connection, moment: Moment) -> Option<u32> {
    let known = settings(connection).filter(|(delivered, _)| delivered.at < moment.at).last();
    let now = settings(connection).filter(|(delivered, _)| delivered.at == moment.at);
    known.into_iter().chain(now).map(|(_, value)| value).min()
}

fn settings(connection: &Connection) -> impl Iterator<Item = (Moment, u32)> {
    connection.http2.iter().flat_map(|http2| http2.setting(Setting::MAX_CONCURRENT_STREAMS))
}

/// Whether the client heard nothing on the connection from one moment until another.
pub(super) fn is_silent(connection: &Connection, from: Moment, until: Moment) -> bool {
    let delivered = &connection.data().1.delivered;
    let next = delivered.moment_of(delivered.len_after(from.event));
    next.is_none_or(|next| until < next)
}

/// Whether not even an acknowledgement reached the client's host from one moment until another. A connection that
/// brings those is not dead, however long the origin thinks.
pub(super) fn is_cut_off(case: &Case, connection: &Connection, from: Moment, until: Moment) -> bool {
    let events = case.trace.events.get(from.event..=until.event).unwrap_or_default();
    let arrives = |what: &What| {
        let What::Segment { connection: number, direction, fate, .. } = what else { return false };
        (*number, *direction, *fate) == (connection.number, Direction::ToClient, Fate::Delivered)
    };
    from <= until && !events.iter().any(|event| arrives(&event.what))
}

/// `stream 3 of connection 1`, where there are streams.
pub(super) fn place(attempt: &Attempt) -> String {
    match attempt.stream {
        Some(stream) => format!("stream {stream} of connection {}", attempt.connection),
        None => format!("connection {}", attempt.connection),
    }
}

/// A GOAWAY of the client that finds fault with what it got.
pub(super) fn is_complaint(frame: &WireFrame) -> bool {
    matches!(frame.kind, FrameKind::GoAway { code, .. } if is_objection(code))
}

/// Codes that say what was wrong with the peer's frames or messages.
pub(super) fn is_objection(code: ErrorCode) -> bool {
    const OBJECTIONS: [ErrorCode; 5] = [
        ErrorCode::PROTOCOL_ERROR,
        ErrorCode::FLOW_CONTROL_ERROR,
        ErrorCode::STREAM_CLOSED,
        ErrorCode::FRAME_SIZE_ERROR,
        ErrorCode::COMPRESSION_ERROR,
    ];
    OBJECTIONS.contains(&code)
}
