//! What exempts a client that passes over a connection though it looks free.

use closewait_trace::{BodyEnd, Connection, Exchange, Millis, Moment, Outcome, Request, millis};

use super::case::Case;
use super::exemption::Exemption;
use super::policy::{LONG_SILENCE, MARGIN, UNKNOWN_IDLE_TIMEOUT};

/// Stale by then, or something is on its way that will make it so, or something odd has come that does not
/// forbid reuse but permits closing (RFC 9112 sections 6.1 and 9.2). What the origin sent after the client's own close is its answer to that,
/// and no exemption.
pub(super) fn in_doubt<'a>(
    case: &Case<'a>,
    connection: &Connection,
    moment: Moment,
) -> Option<Exemption<'a>> {
    let stale = case.stale(connection).filter(|stale| stale.known.earliest.may_precede(moment));
    let until = connection.client_close().map_or(moment, |close| close.min(moment));
    let on_its_way = || connection.signals().iter().find(|signal| signal.sent.is_some_and(|at| at < until));
    let crlf = || connection.unsolicited.iter().any(|bytes| bytes.delivered < moment);
    let twice = || {
        let first = case.book(connection).and_then(|book| book.length_given_twice);
        first.is_some_and(|first| first < moment)
    };
    let stale = stale.map(|stale| Exemption::Stale(stale.reason));
    let exemption = stale.or_else(|| on_its_way().map(|signal| Exemption::OnItsWay(signal.kind)));
    exemption
        .or_else(|| crlf().then_some(Exemption::UnaskedCrlf))
        .or_else(|| twice().then_some(Exemption::LengthGivenTwice))
}

/// It lay idle for longer than the client has to keep it, after this exchange.
pub(super) fn idle_too_long<'a>(case: &Case<'a>, last: &Exchange, idle: Millis) -> Option<Exemption<'a>> {
    let before = |limit: Millis| limit - MARGIN.min(limit / 2);
    let own = case.scenario.client.idle_timeout.map(millis).map_or(UNKNOWN_IDLE_TIMEOUT, before);
    let advertised = last.response.as_ref().and_then(|response| response.keep_alive);
    let owed = advertised.map_or(own, |advertised| own.min(before(advertised)));
    (owed < idle).then_some(Exemption::IdleTooLong)
}

/// A client may give up a connection on which the origin refuses streams: two in a row, without a request that ended well
/// between them, and nothing was opened on it after that. What happens within an instant has no order for the client.
pub(super) fn refusing<'a>(case: &Case<'a>, connection: &Connection, until: Moment) -> Option<Exemption<'a>> {
    let refused = case.streams(connection)?.refused_before(until)?;
    let before = connection.exchanges.partition_point(|exchange| exchange.request.first_sent < until);
    let opened = before.checked_sub(1).map(|last| connection.exchanges[last].request.first_sent);
    opened.is_none_or(|opened| opened.may_precede(refused)).then_some(Exemption::Refusing)
}

/// A client may mistrust a connection on which nothing came since a request that was given up was written, since it was
/// given up with the network full (its PING may wait there), or since a PING was sent. Where the silence began only after the
/// request, it has to be long: that an answer is on its way is no reason to dial.
pub(super) fn silent<'a>(
    case: &Case<'a>,
    connection: &Connection,
    started: Moment,
    moment: Moment,
) -> Option<Exemption<'a>> {
    let moment = connection.client_close().map_or(moment, |close| close.min(moment));
    let counts =
        |since: Moment| since < moment && (since.may_precede(started) || moment.since(since) >= LONG_SILENCE);
    // Of what was written, given up or sent since something came last, the earliest says it, if any does.
    let heard = connection.heard_until(moment);
    let streams = case.streams(connection)?;
    let mut pings = connection.http2.iter().flat_map(|http2| http2.pings());
    let mut full =
        streams.ended_since(heard).take_while(|ended| *ended < moment).filter(|ended| counts(*ended));
    let is_silent = streams.first_end_of_what_was_written_since(heard).is_some_and(counts)
        || pings.find(|ping| is_since(*ping, heard)).is_some_and(counts)
        || case.was_ever_full(connection) && full.any(|ended| case.waits(connection, ended, moment));
    is_silent.then_some(Exemption::Silent)
}

/// Whether nothing came after this, if what came last came at another moment.
pub(super) fn is_since(moment: Moment, heard: Option<Moment>) -> bool {
    heard.is_none_or(|heard| heard.event <= moment.event)
}

/// The network has taken nothing for as long as [`LONG_SILENCE`], and not even an acknowledgement came.
pub(super) fn cut_off<'a>(case: &Case<'a>, connection: &Connection, moment: Moment) -> Option<Exemption<'a>> {
    let at = moment.at.saturating_sub(LONG_SILENCE);
    let since = Moment { event: case.turn_start(at).event + 1, at };
    let is_cut_off = connection.established.is_some_and(|established| established < since)
        && case.waits(connection, since, moment)
        && case.is_cut_off(connection, since, moment);
    is_cut_off.then_some(Exemption::CutOff)
}

/// When a request was answered whole, as its caller knows.
pub(super) fn answered(request: &Request) -> Option<Moment> {
    match &request.finished {
        Some((finished, Outcome::Response { end: BodyEnd::Complete, .. })) => Some(*finished),
        _ => None,
    }
}
