//! What a request may wait for, and its client with it: a connection, room for one, a stream, the network.

use closewait_trace::{Attempt, Connection, Direction, Fate, Moment, Request, What};

use super::case::Case;
use super::doubts;
use super::exemption::Exemption;
use super::policy::{FIRST_TIMEOUT, SLOW_DIAL};
use super::streams;

/// What a request waits for from the end of an attempt on.
pub(super) fn after_attempt<'a>(
    case: &Case<'a>,
    request: &Request,
    attempt: &Attempt,
    (end, finished): (Moment, Moment),
) -> Option<Exemption<'a>> {
    let own_close = case.connection_of(attempt).and_then(Connection::client_close) == Some(end);
    // Before a close of its own the client may dial, within the instant.
    if case.dials_again(request, if own_close { case.turn_before(end) } else { end }) {
        return Some(Exemption::Dialling);
    }
    if case.room(end, finished).is_none_or(|room| finished.may_precede(room)) {
        return Some(Exemption::InLine);
    }
    if !request.is_idempotent() && streams::not_processed(case, attempt) != Some(end) {
        return None;
    }
    let no_stream = waits_for_a_stream(case, end, finished).then_some(Exemption::NoStream);
    no_stream.or_else(|| queued(case, request, end, finished))
}

/// The client may have written the request, from a moment on, on a connection that was there to the last, and the network did
/// not take it.
pub(super) fn queued<'a>(
    case: &Case<'a>,
    request: &Request,
    since: Moment,
    finished: Moment,
) -> Option<Exemption<'a>> {
    let holder = case.holder(request, since);
    holder.filter(|connection| connection.lasts_until(finished)).map(|_| Exemption::Queued)
}

/// A young dial was under way for the request when it was given up: one for each that waits, or for all where requests share
/// a connection.
pub(super) fn young_dial<'a>(case: &Case<'a>, request: &Request, finished: Moment) -> Option<Exemption<'a>> {
    let is_recent = |moment: Moment| moment < finished && finished.since(moment) <= SLOW_DIAL;
    let dials = case.connections().filter_map(|connection| {
        let under_way = connection.ready().is_none_or(|ready| finished.may_precede(ready));
        connection.syn.filter(|syn| is_recent(*syn) && under_way)
    });
    let dials: Vec<Moment> = dials.collect();
    let waits = |other: &&Request| {
        let written = other.attempts.first().is_some_and(|attempt| attempt.first_sent < finished);
        is_recent(other.started) && !written && other.ended().is_none_or(|ended| finished <= ended)
    };
    let waiting = if case.scenario.protocol.is_http2() { 1 } else { case.requests().filter(waits).count() };
    let is_dialled = dials.len() >= waiting && dials.iter().any(|syn| request.started < *syn);
    is_dialled.then_some(Exemption::Dialling)
}

/// Whether at a moment each request that waited for a connection had a dial to wait for, its own or one that was handed over.
pub(super) fn has_a_dial(case: &Case, moment: Moment) -> bool {
    let is_dialled = |connection: &&Connection| {
        let until = connection.ready().into_iter().chain(connection.ended()).min();
        connection.syn.is_some_and(|syn| syn < moment) && until.is_none_or(|until| moment.may_precede(until))
    };
    let waits = |request: &&Request| {
        let written = request.attempts.first().is_some_and(|attempt| attempt.first_sent < moment);
        request.started < moment && !written && request.ended().is_none_or(|ended| moment.may_precede(ended))
    };
    case.requests().filter(waits).count() <= case.connections().filter(is_dialled).count()
}

/// Whether there were fit connections, and none had a stream to spare: another to the same origin SHOULD NOT be (RFC 9113
/// section 9.1).
fn waits_for_a_stream(case: &Case, end: Moment, finished: Moment) -> bool {
    let fit = case.connections().filter(|connection| {
        let stale = case.stale(connection);
        connection.lasts_until(finished)
            && stale.is_none_or(|stale| finished.may_precede(stale.known.earliest))
    });
    let settled = fit.filter_map(|connection| {
        let settled = connection.http2.as_ref()?.settled().filter(|settled| settled.precedes(finished))?;
        Some((connection, streams::is_full(case, connection, settled.max(end), finished)))
    });
    let (full, spare): (Vec<_>, Vec<_>) = settled.partition(|(_, is_full)| *is_full);
    let before = case.turn_before(finished);
    let mistrusted = |connection| doubts::silent(case, connection, end, before).is_some();
    !full.is_empty() && spare.into_iter().all(|(connection, _)| mistrusted(connection))
}

impl Case<'_> {
    /// Whether the client began to dial after an attempt had come to its end, and was still at it when the request was
    /// over. A dial that led to a connection is no reason for waiting on, be it taken by another request or by nobody. Where
    /// requests share connections, a dial that was under way at that end is as good.
    pub fn dials_again(&self, request: &Request, end: Moment) -> bool {
        let ended = request.ended();
        self.connections().any(|connection| {
            let begun = connection.syn.is_some_and(|syn| {
                end < syn && end.may_precede(syn) && ended.is_none_or(|ended| syn < ended)
            });
            let joined = self.scenario.protocol.is_http2()
                && self.is_dialled_at(connection, end)
                && ended.is_none_or(|ended| self.is_dialled_at(connection, ended));
            let done =
                connection.ready().is_some_and(|ready| ended.is_none_or(|ended| ready.precedes(ended)));
            (begun || joined) && !done
        })
    }

    /// Whether a dial that led to nothing until then was under way at a moment: its host repeats the SYN, after a second and
    /// then twice as long each time (RFC 6298 section 5), until it is given up.
    fn is_dialled_at(&self, connection: &Connection, moment: Moment) -> bool {
        let syns: Vec<Moment> = self.syns(connection).take_while(|syn| syn.event <= moment.event).collect();
        let next = match syns[..] {
            [] => return false,
            [first] => first.later_by(FIRST_TIMEOUT),
            [.., before, last] => last.later_by(2 * last.since(before)),
        };
        moment.may_precede(next) && connection.ready().is_none_or(|ready| moment < ready)
    }

    /// The client's SYNs for a connection, each that left its host.
    pub fn syns(&self, connection: &Connection) -> impl DoubleEndedIterator<Item = Moment> {
        let events = self.trace.events.iter().enumerate();
        events.filter_map(|(event, entry)| match &entry.what {
            What::Segment {
                connection: number,
                direction: Direction::ToOrigin,
                fate: Fate::Sent,
                segment,
            } if *number == connection.number && segment.syn => Some(Moment { event, at: entry.at }),
            _ => None,
        })
    }

    /// The first moment, from one until another, at which the client had fewer connections than it may have; `None` if it
    /// never had, and a request has to wait in line.
    pub fn room(&self, from: Moment, until: Moment) -> Option<Moment> {
        let limit = self.scenario.client.max_connections.map_or(usize::MAX, |limit| limit as usize);
        let ended =
            |connection: &Connection| connection.ended().filter(|ended| from < *ended && *ended < until);
        let is_open = |connection: &&Connection, moment: Moment| {
            let opened = connection.syn.is_some_and(|syn| syn.may_precede(moment));
            opened && connection.ended().is_none_or(|ended| moment.precedes(ended))
        };
        let open = |moment| self.connections().filter(|connection| is_open(connection, moment)).count();
        let ends = self.connections().filter_map(ended);
        ends.chain([from]).filter(|moment| open(*moment) < limit).min()
    }
}
