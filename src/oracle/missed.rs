//! What told the client that it waits in vain for a request, or that it need not wait.

use super::case::Case;
use super::excuse::Excuse;
use super::words::{ms, place};
use super::{reuse, streams, waiting};
use crate::trace::http2::Http2;
use crate::trace::{Attempt, Connection, Millis, Moment, Request, StaleReason, millis};

/// Something that the client could not miss.
pub(super) struct Sign {
    /// What, as the end of `… after`.
    pub what: String,
    /// When it must have known.
    pub at: Moment,
}

/// What should have ended the wait for a request before the application gave it up, unless something excuses the client.
pub(super) fn sign(case: &Case, request: &Request, finished: Moment) -> Option<Sign> {
    let sign = match case.final_attempt(request) {
        Some(attempt) => while_it_waits_for_an_answer(case, request, attempt, finished),
        None => while_it_waits_to_be_written(case, request, finished),
    };
    sign.filter(|sign| sign.at.precedes(finished))
}

fn while_it_waits_for_an_answer(
    case: &Case,
    request: &Request,
    attempt: &Attempt,
    finished: Moment,
) -> Option<Sign> {
    let connection = case.connection_of(attempt)?;
    let ended = end_of_attempt(case, connection, attempt);
    let excuse =
        ended.as_ref().and_then(|end| waiting::after_attempt(case, request, attempt, (end.at, finished)));
    match excuse {
        // On its way to another attempt: what it waits for is a connection.
        Some(Excuse::Dialling) => return connect_timeout(case, request, finished),
        Some(_) => None,
        None => ended,
    }
    .or_else(|| whole_answer(case, connection, attempt))
    .or_else(|| read_timeout(case, connection, attempt.last_sent?, finished))
}

fn while_it_waits_to_be_written(case: &Case, request: &Request, finished: Moment) -> Option<Sign> {
    if waiting::queued(case, request, request.started, finished).is_some() {
        return None;
    }
    connect_timeout(case, request, finished).or_else(|| {
        if waiting::young_dial(case, request, finished).is_some() {
            return None;
        }
        free_connection(case, request).or_else(|| in_line(case, request, finished))
    })
}

/// What first told the client that nothing will come of an attempt.
fn end_of_attempt(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let number = connection.number;
    let hang_up = connection
        .hang_up()
        .map(|(what, at)| Sign { what: format!("{what} of connection {number} was delivered"), at });
    let ends = [
        hang_up,
        end_of_stream(case, connection, attempt),
        ping_timeout(case, connection),
        own_close(case, connection, attempt),
    ];
    ends.into_iter().flatten().min_by_key(|sign| sign.at.at)
}

fn end_of_stream(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let stream = case.exchange_of(attempt)?.stream.as_ref()?;
    let place = place(attempt);
    let reset = stream
        .reset_delivered()
        .map(|at| Sign { what: format!("an RST_STREAM on {place} was delivered"), at });
    let excluded = streams::excluded(connection, stream.id)
        .map(|at| Sign { what: format!("a GOAWAY that excludes {place} was delivered"), at });
    reset.into_iter().chain(excluded).min_by_key(|sign| sign.at)
}

/// The client closed the connection with the response outstanding.
fn own_close(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let close = connection.client_close().filter(|close| attempt.first_sent < *close)?;
    let answered = case.exchange_of(attempt)?.answered();
    let outstanding = answered.is_none_or(|answered| close.may_precede(answered));
    let what = format!("the client had closed connection {}", connection.number);
    outstanding.then_some(Sign { what, at: close })
}

fn ping_timeout(case: &Case, connection: &Connection) -> Option<Sign> {
    let stale = case.stale(connection)?;
    match *stale.reason {
        StaleReason::PingUnanswered { limit } => {
            Some(Sign { what: ping_expired(connection, limit), at: stale.known.earliest })
        }
        StaleReason::PingOmitted { limit } => ping_omitted(case, connection, stale.known.earliest.at, limit),
        _ => None,
    }
}

fn ping_expired(connection: &Connection, limit: Millis) -> String {
    format!("the client's ping timeout of {} had passed on connection {}", ms(limit), connection.number)
}

/// A PING that was due may have had to wait for the network, and its timeout with it.
fn ping_omitted(case: &Case, connection: &Connection, stale: Millis, limit: Millis) -> Option<Sign> {
    let timeout = case.scenario.client.ping_timeout.map_or(0, millis);
    let due = case.turn_end(stale.saturating_sub(timeout));
    let left = case.left_by(connection, due)?;
    let expiry = left.later_by(timeout).at;
    let mut pings = connection.http2.iter().flat_map(Http2::pings);
    let what = if pings.any(|ping| due.precedes(ping) && ping.may_precede(left)) {
        ping_expired(connection, timeout)
    } else {
        let number = connection.number;
        format!("nothing had come on connection {number} for {}, without a PING of the client", ms(limit))
    };
    let is_silent = connection.is_silent(due, case.turn_end(expiry));
    is_silent.then(|| Sign { what, at: case.turn_start(expiry) })
}

/// The whole response was there. Unless the client had been told not to wait for it, or had closed the connection itself: then
/// its host answers with RST.
fn whole_answer(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let exchange = case.exchange_of(attempt)?;
    let at = exchange.answered()?;
    let excluded = exchange.stream.as_ref().and_then(|stream| streams::excluded(connection, stream.id));
    let rst = connection.to_origin.own_rst.filter(|_| connection.answered_with_rst());
    let given_up = excluded.into_iter().chain(connection.client_close()).any(|end| end < at)
        || rst.is_some_and(|rst| rst.is_beside(at));
    let what = format!("its whole response was delivered on connection {}", connection.number);
    (!given_up).then_some(Sign { what, at })
}

fn read_timeout(case: &Case, connection: &Connection, written: Moment, finished: Moment) -> Option<Sign> {
    let limit = case.scenario.client.read_timeout.map(millis)?;
    let read = connection.to_client.delivered.last_until(finished);
    Some(expired("read", limit, read.map_or(written, |read| read.max(written))))
}

fn connect_timeout(case: &Case, request: &Request, finished: Moment) -> Option<Sign> {
    let limit = case.scenario.client.connect_timeout.map(millis)?;
    let syns = case.connections().filter(|connection| connection.ready().is_none());
    let syn = syns.filter_map(|connection| connection.syn).max()?;
    (request.started < syn && syn < finished).then(|| expired("connect", limit, syn))
}

fn expired(kind: &str, limit: Millis, since: Moment) -> Sign {
    Sign {
        what: format!("the client's {kind} timeout of {} had passed", ms(limit)),
        at: since.later_by(limit),
    }
}

/// It waits for a connection while one is free.
fn free_connection(case: &Case, request: &Request) -> Option<Sign> {
    let (connection, since) = reuse::free_connection(case, request)?;
    let what = format!("connection {} was free for it", connection.number);
    Some(Sign { what, at: since.max(request.started) })
}

/// It waits in line, with nothing dialled since it began, although there is room for another connection or although one that
/// began later was written. Streams have limits of their own.
fn in_line(case: &Case, request: &Request, finished: Moment) -> Option<Sign> {
    let limit = case.scenario.client.max_connections.filter(|_| !case.scenario.protocol.is_http2())?;
    let while_it_waited = |moment: Moment| request.started < moment && moment < finished;
    if case.connections().any(|connection| connection.syn.is_some_and(while_it_waited)) {
        return None;
    }
    if let Some(at) = case.room(request.started, finished) {
        return Some(Sign { what: format!("there was room for one more of {limit} connections"), at });
    }
    case.requests().find_map(|other| {
        let at = other.attempts.first()?.first_sent;
        let overtakes = request.started < other.started && at < finished;
        overtakes.then(|| Sign { what: format!("{}, which began later, was written", other.id), at })
    })
}
