//! Since when a connection was free for a request.

use closewait_trace::{Attempt, Connection, Exchange, Moment, Request};

use super::case::Case;
use super::closes;
use super::doubts::{self, answered};
use super::exemption::Exemption;
use super::known::stream_limit;

/// A connection that was, or became, free while a request waited for one in vain, and stayed so.
pub(super) fn connection<'a>(case: &Case<'a>, request: &Request) -> Option<(&'a Connection, Moment)> {
    let ended = request.ended()?;
    let usable = case.connections().filter(|connection| connection.ended().is_none_or(|end| ended < end));
    let mut free = usable.filter_map(|connection| {
        let since = if connection.http2.is_some() {
            let until = Until { decided: case.turn_before(ended), used: ended };
            spare_stream_since(case, connection, request, until, 0)?
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
/// using it. The origin's SETTINGS prove that the connection is healthy; so many requests that wait, `elsewhere`, are to have it, and are
/// written on none or on others.
pub(super) fn spare_stream_since(
    case: &Case,
    connection: &Connection,
    request: &Request,
    until: Until,
    elsewhere: usize,
) -> Option<Moment> {
    let started = request.started;
    let settled = connection.http2.as_ref()?.settled()?.max(connection.established?);
    let (_, last) = last_exchange_before(connection, started)?;
    let users = case.book(connection).map_or(0, |book| book.use_of.lasting_until(started));
    let busy = users + elsewhere;
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
        return connection.idle_before(moment);
    }
    case.streams(connection)?.unused_since(moment)
}

fn last_exchange_before(connection: &Connection, moment: Moment) -> Option<(usize, &Exchange)> {
    let before = connection.exchanges.partition_point(|exchange| exchange.request.first_sent < moment);
    let last = before.checked_sub(1)?;
    Some((last, &connection.exchanges[last]))
}

/// Whether a connection will not be free again for any request that begins at a moment or later: it is stale, or it has been idle for
/// longer than the client has to keep it, and was not used after that.
pub(super) fn is_lost(case: &Case, connection: &Connection, moment: Moment) -> bool {
    if case.stale(connection).is_some_and(|stale| stale.known.earliest.may_precede(moment)) {
        return true;
    }
    let Some(last) = connection.exchanges.last().filter(|last| last.request.first_sent < moment) else {
        return false;
    };
    let idle_since = match connection.http2 {
        Some(_) if connection.open_streams(moment) > 0 => return false,
        Some(_) => connection.idle_before(moment),
        None => released(case, last),
    };
    match idle_since {
        Some(since) => doubts::idle_too_long(case, last, moment.since(since)).is_some(),
        None => connection.http2.is_none(),
    }
}

/// When an exchange was over for wire and application, if it ended well.
fn released(case: &Case, exchange: &Exchange) -> Option<Moment> {
    let complete = exchange.complete()?;
    answered(case.request_of(exchange)?).map(|finished| complete.max(finished))
}
