//! Since when a connection was free for a request.

use closewait_trace::{Attempt, Connection, Exchange, Moment, Request};

use super::case::Case;
use super::closes;
use super::doubts::{self, answered};
use super::exemption::Exemption;
use super::known::stream_limit;

/// A connection that was, or became, free while a request waited for one in vain, and stayed so.
pub(super) fn connection<'a>(case: &'a Case, request: &Request) -> Option<(&'a Connection, Moment)> {
    let ended = request.ended()?;
    let usable = case.connections().filter(|connection| connection.ended().is_none_or(|end| ended < end));
    let mut free = usable.filter_map(|connection| {
        let since = if connection.http2.is_some() {
            let until = Until { decided: case.turn_before(ended), used: ended };
            spare_stream_since(case, connection, request, until, &[])?
        } else {
            let last = connection.exchanges.last()?;
            let free = released(case, last)?;
            let idle = request.started.since(free);
            let exemption =
                doubts::idle_too_long(case, last, idle).or_else(|| doubts::in_doubt(case, connection, ended));
            Some(free).filter(|_| exemption.is_none())?
        };
        since.precedes(ended).then_some((connection, since))
    });
    free.next()
}

/// How long a connection had to be fit for it to be the choice of a request.
#[derive(Clone, Copy)]
pub(super) struct Until {
    /// Until then the request waited for it.
    pub decided: Moment,
    /// Then its first byte left, on this connection or another.
    pub used: Moment,
}

/// Since when `connection` was free when the request began, unless the client is exempt for passing it over.
pub(super) fn free_since(
    case: &Case,
    connection: &Connection,
    request: &Request,
    attempt: &Attempt,
) -> Option<Moment> {
    let (index, last) = last_exchange_before(connection, request.started)?;
    let free_since = released(case, last).filter(|free| free.precedes(request.started))?;
    let next = connection.exchanges.get(index + 1);
    let is_own = attempt.connection == connection.number && attempt.exchange == index + 1;
    let taken = next.is_some_and(|next| next.request.first_sent.may_precede(attempt.first_sent)) && !is_own;
    let exemption = taken
        .then_some(Exemption::Taken)
        .or_else(|| doubts::idle_too_long(case, last, request.started.since(free_since)))
        .or_else(|| doubts::in_doubt(case, connection, attempt.first_sent))
        .or_else(|| closes::reason(case, connection, request));
    exemption.is_none().then_some(free_since)
}

/// Since when a connection with streams had one to spare when the request began, if a client has no excuse for not
/// using it. The origin's SETTINGS prove that the connection is healthy; `taken` are the requests for
/// which it was the choice.
pub(super) fn spare_stream_since(
    case: &Case,
    connection: &Connection,
    request: &Request,
    until: Until,
    taken: &[&str],
) -> Option<Moment> {
    let started = request.started;
    let settled = connection.http2.as_ref()?.settled()?.max(connection.established?);
    let (_, last) = last_exchange_before(connection, started)?;
    let others = case
        .requests()
        .filter(|other| other.id != request.id && other.started < started && other.lasts_until(started));
    let on_it = |other: &&Request| {
        let mut attempts = other.attempts.iter();
        taken.contains(&other.id.as_str()) || attempts.any(|attempt| attempt.connection == connection.number)
    };
    let busy = others.filter(on_it).count();
    let limit = stream_limit(connection, started, started).least;
    let idle_since = idle_since(case, connection, started);
    let since = idle_since.map_or(settled, |idle| idle.max(settled));
    if !since.precedes(started) || limit.is_some_and(|limit| limit as usize <= busy) {
        return None;
    }
    let exemption = idle_since
        .and_then(|idle| doubts::idle_too_long(case, last, started.since(idle)))
        .or_else(|| doubts::in_doubt(case, connection, until.used))
        .or_else(|| doubts::refusing(case, connection, until.decided))
        .or_else(|| doubts::silent(case, connection, started, until.decided))
        .or_else(|| doubts::cut_off(case, connection, until.decided))
        .or_else(|| closes::reason(case, connection, request));
    exemption.is_none().then_some(since)
}

/// Since when nobody used the connection, if nobody did at `moment`. A stream whose upload goes on behind an early response is
/// nobody's any more.
fn idle_since(case: &Case, connection: &Connection, moment: Moment) -> Option<Moment> {
    if connection.open_streams(moment) == 0 {
        return connection.idle().into_iter().map(|idle| idle.since).rfind(|since| *since < moment);
    }
    let before = connection.exchanges.iter().filter(|exchange| exchange.request.first_sent < moment);
    let ended = |exchange: &Exchange| {
        let answered = exchange.answered();
        exchange.ended().or_else(|| {
            let ended = case.request_of(exchange)?.ended()?;
            answered.map(|answered| answered.max(ended))
        })
    };
    let ended: Option<Vec<Moment>> = before.map(ended).collect();
    ended?.into_iter().max().filter(|ended| *ended < moment)
}

fn last_exchange_before(connection: &Connection, moment: Moment) -> Option<(usize, &Exchange)> {
    let exchanges = connection.exchanges.iter().enumerate();
    exchanges.take_while(|(_, exchange)| exchange.request.first_sent < moment).last()
}

/// When an exchange was over for wire and application, if it ended well.
fn released(case: &Case, exchange: &Exchange) -> Option<Moment> {
    let complete = exchange.complete()?;
    answered(case.request_of(exchange)?).map(|finished| complete.max(finished))
}
