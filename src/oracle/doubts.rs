//! What excuses a client that leaves a connection alone, or has closed it, though it looks free.

use super::case::Case;
use super::excuse::Excuse;
use super::policy::{LONG_SILENCE, MARGIN, REFUSALS, UNKNOWN_IDLE_TIMEOUT};
use super::streams;
use crate::trace::http2::ErrorCode;
use crate::trace::{Attempt, BodyEnd, Connection, Exchange, Millis, Moment, Outcome, Request, millis};

/// Stale by then, or something is on its way that will make it so, or something odd has come that does not
/// forbid reuse but permits closing. What the origin sent after the client's own close is its answer to that,
/// and no excuse for it.
pub(super) fn in_doubt<'a>(case: &Case<'a>, connection: &Connection, moment: Moment) -> Option<Excuse<'a>> {
    let stale = case.stale(connection).filter(|stale| stale.known.earliest.may_precede(moment));
    let until = connection.client_close().map_or(moment, |close| close.min(moment));
    let on_its_way =
        || connection.signals().into_iter().find(|signal| signal.sent.is_some_and(|at| at < until));
    let crlf = || connection.unsolicited.iter().any(|bytes| bytes.delivered < moment);
    let responses = || connection.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
    let twice = || responses().any(|answer| answer.length_told_twice && answer.first_delivered < moment);
    let stale = stale.map(|stale| Excuse::Stale(stale.reason));
    let excuse = stale.or_else(|| on_its_way().map(|signal| Excuse::OnItsWay(signal.kind)));
    excuse
        .or_else(|| crlf().then_some(Excuse::UnaskedCrlf))
        .or_else(|| twice().then_some(Excuse::LengthToldTwice))
}

/// It lay idle for longer than the client has to keep it, after this exchange.
pub(super) fn idle_too_long<'a>(case: &Case<'a>, last: &Exchange, idle: Millis) -> Option<Excuse<'a>> {
    let before = |limit: Millis| limit - MARGIN.min(limit / 2);
    let own = case.scenario.client.idle_timeout.map(millis).map_or(UNKNOWN_IDLE_TIMEOUT, before);
    let advertised = last.response.as_ref().and_then(|response| response.keep_alive);
    let owed = advertised.map_or(own, |advertised| own.min(before(advertised)));
    (owed < idle).then_some(Excuse::IdleTooLong)
}

/// A client may give up a connection on which the origin refuses streams: two in a row, without a request that ended well
/// between them, and nothing was opened on it after that. What happens within an instant has no order for the client.
pub(super) fn refusing<'a>(case: &Case<'a>, connection: &Connection, until: Moment) -> Option<Excuse<'a>> {
    let exchanges = || connection.exchanges.iter();
    let opened = exchanges().map(|exchange| exchange.request.first_sent).filter(|sent| *sent < until).max();
    let ended_well: Vec<Moment> = exchanges()
        .filter(|exchange| exchange.complete().is_some())
        .filter_map(|exchange| answered(case.request_of(exchange)?))
        .collect();
    let refused = exchanges().filter_map(|exchange| exchange.stream.as_ref()?.reset_by_origin);
    let refused = refused.filter(|reset| reset.code == ErrorCode::REFUSED_STREAM);
    let mut refused: Vec<Moment> = refused.filter_map(|reset| reset.delivered).collect();
    refused.sort_unstable();
    let gives_up = refused.windows(REFUSALS).any(|row| {
        let (first, last) = (row[0], row[REFUSALS - 1]);
        let parted = ended_well.iter().any(|end| first.precedes(*end) && end.precedes(last));
        !parted && opened.is_none_or(|opened| opened.may_precede(last)) && last < until
    });
    gives_up.then_some(Excuse::Refusing)
}

/// A client may mistrust a connection on which nothing came since a request that was given up was written, since it was
/// given up with the network full (its PING may wait there), or since a PING was sent. Where the silence began only after the
/// request, it has to be long: that an answer is on its way is no reason to dial.
pub(super) fn silent<'a>(
    case: &Case<'a>,
    connection: &Connection,
    started: Moment,
    moment: Moment,
) -> Option<Excuse<'a>> {
    let moment = connection.client_close().map_or(moment, |close| close.min(moment));
    let counts =
        |since: Moment| since < moment && (since.may_precede(started) || moment.since(since) >= LONG_SILENCE);
    let is_unheard = |request: &Request| {
        let Some(over) = request.over().filter(|over| counts(*over)) else { return false };
        let on_it = |attempt: &&Attempt| attempt.connection == connection.number;
        request.attempts.iter().filter(on_it).any(|attempt| {
            connection.is_silent(attempt.first_sent, moment)
                || connection.is_silent(over, moment) && case.waits(connection, over, moment)
        })
    };
    let mut pings = connection.http2.iter().flat_map(|http2| http2.pings());
    let is_silent = case.requests().any(is_unheard)
        || pings.any(|ping| counts(ping) && connection.is_silent(ping, moment));
    is_silent.then_some(Excuse::Silent)
}

/// The network has taken nothing for as long as [`LONG_SILENCE`], and not even an acknowledgement came.
pub(super) fn cut_off<'a>(case: &Case<'a>, connection: &Connection, moment: Moment) -> Option<Excuse<'a>> {
    let at = moment.at.saturating_sub(LONG_SILENCE);
    let since = Moment { event: case.turn_start(at).event + 1, at };
    let is_cut_off = connection.established.is_some_and(|established| established < since)
        && case.waits(connection, since, moment)
        && case.is_cut_off(connection, since, moment);
    is_cut_off.then_some(Excuse::CutOff)
}

/// The client closed it before, and had reason to: it was being closed itself, has a limit of connections, had as many
/// others idle as it may have, or had just learned of another connection that it is dead. When
/// it made a close that waited for the network, and why, nothing tells.
pub(super) fn closed<'a>(case: &Case<'a>, connection: &Connection, request: &Request) -> Option<Excuse<'a>> {
    let unused = connection.exchanges.iter().all(|exchange| exchange.request.first_sent < request.started);
    let closed = case.closed(connection).filter(|closed| Some(closed.earliest) < connection.client_close());
    if unused && closed.is_some_and(|closed| closed.earliest <= request.started) {
        return Some(Excuse::ClosedUnseen);
    }
    let close = connection.client_close().filter(|close| close.may_precede(request.started))?;
    if case.closing().is_some_and(|closing| closing < close) {
        return Some(Excuse::Closing);
    }
    let client = &case.scenario.client;
    let idle_full =
        || client.max_idle.is_some_and(|limit| others_idle(case, connection, close) >= limit as usize);
    if client.max_connections.is_some() || idle_full() {
        return Some(Excuse::AtItsLimit);
    }
    found_fault(case, connection, close).or_else(|| in_bad_company(case, connection, close))
}

/// The client found fault with what came, or with how late it came: at the very end of the ping timeout may be
/// too late. A close that waited for the network was decided before.
fn found_fault<'a>(case: &Case<'a>, connection: &Connection, close: Moment) -> Option<Excuse<'a>> {
    let http2 = connection.http2.as_ref()?;
    let limit = case.scenario.client.ping_timeout.map(millis);
    let closed = case.closed(connection).map_or(close, |closed| closed.earliest);
    let too_late = |ping: Moment| {
        let Some(expiry) = limit.map(|limit| ping.later_by(limit)) else { return false };
        let expired = closed.may_precede(expiry) && expiry.may_precede(close);
        expired && connection.heard_after(ping).is_none_or(|answer| expiry.may_precede(answer))
    };
    if http2.to_origin.iter().any(streams::is_complaint) {
        return Some(Excuse::FoundFault);
    }
    http2.pings().any(too_late).then_some(Excuse::PingTooLate)
}

/// How many other connections lay idle at that instant.
fn others_idle(case: &Case, connection: &Connection, close: Moment) -> usize {
    let others = case.connections().filter(|other| other.number != connection.number);
    let idle = |other: &&Connection| {
        let exchanges = other.exchanges.iter();
        let before = exchanges.take_while(|exchange| exchange.request.first_sent.precedes(close));
        let free = before.last().map_or(other.established, Exchange::complete);
        other.lasts_until(close) && free.is_some_and(|free| free.may_precede(close))
    };
    others.filter(idle).count()
}

/// At the instant of the close a request was given up of which the client had heard nothing since it was written,
/// and nothing had come on this connection for longer: what killed that one may have killed all (a NAT that forgot them,
/// a host that is gone). What comes in that very instant may come behind the timer that ended the wait.
fn in_bad_company<'a>(case: &Case<'a>, connection: &Connection, close: Moment) -> Option<Excuse<'a>> {
    let patience =
        case.scenario.client.read_timeout.map_or(LONG_SILENCE, |limit| millis(limit).min(LONG_SILENCE));
    let heard = connection.heard_until(close);
    let casts_doubt = |request: &Request| {
        let (Some(attempt), Some(over)) = (case.final_attempt(request), request.over()) else { return false };
        let Some(other) = case.connection_of(attempt) else { return false };
        let written = attempt.first_sent;
        let gave_up = request.failed() || request.outcome() == Some(&Outcome::Cancelled);
        // What was over before its first byte left has waited for no answer.
        let long = over.is_beside(close) && written < over && over.since(written) >= patience;
        let silent = other.heard_after(written).is_none_or(|next| over.may_precede(next));
        gave_up && long && silent && heard.is_none_or(|heard| heard.may_precede(written))
    };
    case.requests().any(casts_doubt).then_some(Excuse::InBadCompany)
}

/// When a request was answered whole, as its caller knows.
pub(super) fn answered(request: &Request) -> Option<Moment> {
    match &request.finished {
        Some((finished, Outcome::Response { end: BodyEnd::Complete, .. })) => Some(*finished),
        _ => None,
    }
}
