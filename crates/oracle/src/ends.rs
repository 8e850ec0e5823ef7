//! What tells the client that nothing will come of an attempt.

use closewait_trace::http2::Http2;
use closewait_trace::{Attempt, Connection, Millis, Moment, StaleReason, millis};

use super::case::Case;
use super::words::{ms, place};

/// Something that the client could not miss.
pub(super) struct Sign {
    /// What, as the end of `… after`.
    pub what: String,
    /// When it must have known.
    pub at: Moment,
}

/// What first told it.
pub(super) fn end_of_attempt(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let number = connection.number;
    let hang_up = connection
        .hang_up()
        .map(|(what, at)| Sign { what: format!("{what} of connection {number} was delivered"), at });
    let ends = [
        hang_up,
        end_of_stream(case, connection, attempt),
        malformed(case, attempt),
        ping_timeout(case, connection),
        own_close(case, connection, attempt),
    ];
    ends.into_iter().flatten().min_by_key(|sign| sign.at.at)
}

fn end_of_stream(case: &Case, connection: &Connection, attempt: &Attempt) -> Option<Sign> {
    let exchange = case.exchange_of(attempt)?;
    let place = place(attempt);
    let reset = exchange
        .stream
        .as_ref()?
        .reset_delivered()
        .map(|at| Sign { what: format!("an RST_STREAM on {place} was delivered"), at });
    let excluded = connection
        .excluded(exchange)
        .map(|at| Sign { what: format!("a GOAWAY that excludes {place} was delivered"), at });
    reset.into_iter().chain(excluded).min_by_key(|sign| sign.at)
}

/// What came is no HTTP, and will never be whole.
fn malformed(case: &Case, attempt: &Attempt) -> Option<Sign> {
    let malformed = case.exchange_of(attempt)?.response.as_ref()?.malformed?;
    let what = format!("{} was delivered on {}", malformed.what, place(attempt));
    Some(Sign { what, at: malformed.delivered })
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
    case.staleness(connection).iter().find_map(|stale| match *stale.reason {
        StaleReason::PingUnanswered { limit } => {
            Some(Sign { what: ping_expired(connection, limit), at: stale.known.earliest })
        }
        StaleReason::PingOmitted { limit } => ping_omitted(case, connection, stale.known.earliest.at, limit),
        _ => None,
    })
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
