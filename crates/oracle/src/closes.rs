//! What exempts a client that has closed a connection though it looked free.

use closewait_trace::{Connection, Exchange, Moment, Outcome, Request, millis};

use super::case::Case;
use super::exemption::Exemption;
use super::policy::LONG_SILENCE;
use super::streams;

/// The client closed it before, and had reason to: it was being closed itself, has a limit of connections, had as many
/// others idle as it may have, had an upload that its application broke off, or had just learned of another connection that it is dead.
pub(super) fn reason<'a>(
    case: &Case<'a>,
    connection: &Connection,
    request: &Request,
) -> Option<Exemption<'a>> {
    let close = connection.client_close().filter(|close| close.may_precede(request.started))?;
    match case.book(connection) {
        Some(book) => *book.excuse.get_or_init(|| excuse(case, connection, close)),
        None => excuse(case, connection, close),
    }
}

fn excuse<'a>(case: &Case<'a>, connection: &Connection, close: Moment) -> Option<Exemption<'a>> {
    if case.closing().is_some_and(|closing| closing < close) {
        return Some(Exemption::Closing);
    }
    let client = &case.scenario.client;
    let idle_full =
        || client.max_idle.is_some_and(|limit| others_idle(case, connection, close) >= limit as usize);
    if client.max_connections.is_some() || idle_full() {
        return Some(Exemption::AtItsLimit);
    }
    if upload_failed(case, close) {
        return Some(Exemption::UploadFailed);
    }
    found_fault(case, connection, close).or_else(|| in_bad_company(case, connection, close))
}

/// A body failed in the instant of the close: what of its request was written, and where, the client may not know.
fn upload_failed(case: &Case, close: Moment) -> bool {
    case.index.failed_uploads.iter().any(|ended| ended.is_beside(close))
}

/// The client found fault with what came, or with how late it came: at the very end of the ping timeout may be
/// too late.
fn found_fault<'a>(case: &Case<'a>, connection: &Connection, close: Moment) -> Option<Exemption<'a>> {
    let http2 = connection.http2.as_ref()?;
    let limit = case.scenario.client.ping_timeout.map(millis);
    let too_late = |ping: Moment| {
        let Some(expiry) = limit.map(|limit| ping.later_by(limit)) else { return false };
        let expired = close.is_beside(expiry);
        expired && connection.heard_after(ping).is_none_or(|answer| expiry.may_precede(answer))
    };
    if http2.to_origin.iter().any(streams::is_complaint) {
        return Some(Exemption::FoundFault);
    }
    http2.pings().any(too_late).then_some(Exemption::PingTooLate)
}

/// How many other connections lay idle at that instant.
fn others_idle(case: &Case, connection: &Connection, close: Moment) -> usize {
    let others = case.connections().filter(|other| other.number != connection.number);
    let idle = |other: &&Connection| {
        let before = other.exchanges.partition_point(|exchange| exchange.request.first_sent.precedes(close));
        let free = other.exchanges[..before].last().map_or(other.established, Exchange::complete);
        other.lasts_until(close) && free.is_some_and(|free| free.may_precede(close))
    };
    others.filter(idle).count()
}

/// At the instant of the close a request was given up of which the client had heard nothing since it was written,
/// and nothing had come on this connection for longer: what killed that one may have killed all (a NAT that forgot them,
/// a host that is gone). What comes in that very instant may come behind the timer that ended the wait.
fn in_bad_company<'a>(case: &Case<'a>, connection: &Connection, close: Moment) -> Option<Exemption<'a>> {
    let heard = connection.heard_until(close);
    let doubts = &case.index.doubts;
    let then = &doubts[doubts.partition_point(|doubt| doubt.ended.precedes(close))..];
    let mut then = then.iter().take_while(|doubt| doubt.ended.may_precede(close));
    let casts_doubt = |doubt: &Doubt| heard.is_none_or(|heard| heard.may_precede(doubt.written));
    then.any(casts_doubt).then_some(Exemption::InBadCompany)
}

/// A request that was given up, and of which the client had heard nothing since it was written.
pub(super) struct Doubt {
    written: Moment,
    ended: Moment,
}

/// Every one of them, in the order in which they were given up.
pub(super) fn doubts(case: &Case) -> Vec<Doubt> {
    let patience =
        case.scenario.client.read_timeout.map_or(LONG_SILENCE, |limit| millis(limit).min(LONG_SILENCE));
    let doubt = |request: &Request| {
        let (attempt, ended) = (case.final_attempt(request)?, request.ended()?);
        let connection = case.connection_of(attempt)?;
        let written = attempt.first_sent;
        let gave_up = request.failed() || request.outcome() == Some(&Outcome::Cancelled);
        // What was over before its first byte left has waited for no answer.
        let long = written < ended && ended.since(written) >= patience;
        let silent = connection.heard_after(written).is_none_or(|next| ended.may_precede(next));
        (gave_up && long && silent).then_some(Doubt { written, ended })
    };
    let mut doubts: Vec<Doubt> = case.requests().filter_map(doubt).collect();
    doubts.sort_by_key(|doubt| doubt.ended);
    doubts
}
