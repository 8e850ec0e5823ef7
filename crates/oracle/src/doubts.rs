//! What exempts a client that passes over a connection though it looks free.

use closewait_trace::http2::ErrorCode;
use closewait_trace::{Attempt, BodyEnd, Connection, Exchange, Millis, Moment, Outcome, Request, millis};

use super::case::Case;
use super::exemption::Exemption;
use super::policy::{LONG_SILENCE, MARGIN, REFUSALS, UNKNOWN_IDLE_TIMEOUT};

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
    let on_its_way =
        || connection.signals().into_iter().find(|signal| signal.sent.is_some_and(|at| at < until));
    let crlf = || connection.unsolicited.iter().any(|bytes| bytes.delivered < moment);
    let responses = || connection.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
    let twice = || responses().any(|answer| answer.length_given_twice && answer.first_delivered < moment);
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
    gives_up.then_some(Exemption::Refusing)
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
    let is_unheard = |request: &Request| {
        let Some(ended) = request.ended().filter(|ended| counts(*ended)) else { return false };
        let on_it = |attempt: &&Attempt| attempt.connection == connection.number;
        request.attempts.iter().filter(on_it).any(|attempt| {
            connection.is_silent(attempt.first_sent, moment)
                || connection.is_silent(ended, moment) && case.waits(connection, ended, moment)
        })
    };
    let mut pings = connection.http2.iter().flat_map(|http2| http2.pings());
    let is_silent = case.requests().any(is_unheard)
        || pings.any(|ping| counts(ping) && connection.is_silent(ping, moment));
    is_silent.then_some(Exemption::Silent)
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
