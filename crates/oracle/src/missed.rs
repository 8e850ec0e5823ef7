//! What told the client that it waits in vain for a request, or that it need not wait.

use closewait_trace::{Attempt, Connection, Millis, Moment, Request, millis};

use super::case::Case;
use super::ends::{Sign, end_of_attempt};
use super::exemption::Exemption;
use super::words::ms;
use super::{free, waiting};

/// What should have ended the wait for a request before the application gave it up, unless something exempts the client.
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
    let exemption =
        ended.as_ref().and_then(|end| waiting::after_attempt(case, request, attempt, (end.at, finished)));
    let read_timeout = || read_timeout(case, connection, attempt.last_sent?, finished);
    match (exemption, ended) {
        // On its way to another attempt: what it waits for is a connection.
        (Some(Exemption::Dialling), _) => connect_timeout(case, request, finished),
        // From then on it waits for no answer.
        (Some(_), Some(end)) => whole_answer(case, connection, attempt)
            .or_else(|| read_timeout().filter(|expired| expired.at.precedes(end.at))),
        (_, ended) => ended.or_else(|| whole_answer(case, connection, attempt)).or_else(read_timeout),
    }
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

/// The whole response was there. Unless the client had been told not to wait for it, or had closed the connection itself: then
/// its host answers with RST.
fn whole_answer(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let exchange = case.exchange_of(attempt)?;
    let at = exchange.answered()?;
    let rst = connection.to_origin.own_rst.filter(|_| connection.answered_with_rst());
    let given_up =
        connection.excluded(exchange).into_iter().chain(connection.client_close()).any(|end| end < at)
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
    let (connection, since) = free::connection(case, request)?;
    let what = format!("connection {} was free for it", connection.number);
    Some(Sign { what, at: since.max(request.started) })
}

/// It waits in line, with nothing dialled since it began, although there is room for another connection or although one that
/// began later was written. Streams have limits of their own.
fn in_line(case: &Case, request: &Request, finished: Moment) -> Option<Sign> {
    let limit = case.scenario.client.max_connections.filter(|_| !case.scenario.protocol.is_http2())?;
    let while_it_waited = |moment: Moment| request.started < moment && moment < finished;
    if case.connections().any(|connection| connection.syn.is_some_and(while_it_waited))
        || waiting::has_a_dial(case, finished)
    {
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
