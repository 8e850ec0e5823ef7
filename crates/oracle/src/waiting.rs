//! What a request may wait for, and its client with it: a connection, room for one, a stream, the network.

use std::iter;

use closewait_trace::{Attempt, Connection, Moment, Request};

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

impl<'a> Case<'a> {
    /// Whether the client began to dial after an attempt had come to its end, and was still at it when the request was
    /// over. A dial that led to a connection is no reason for waiting on, be it taken by another request or by nobody. Where
    /// requests share connections, a dial that was under way at that end is as good.
    pub fn dials_again(&self, request: &Request, end: Moment) -> bool {
        let ended = request.ended();
        let is_done = |connection: &Connection| {
            connection.ready().is_some_and(|ready| ended.is_none_or(|ended| ready.precedes(ended)))
        };
        let joined = |connection: &'a Connection| {
            self.is_dialled_at(connection, end)
                && ended.is_none_or(|ended| self.is_dialled_at(connection, ended))
                && !is_done(connection)
        };
        let begun =
            |(syn, connection): (Moment, &'a Connection)| end.may_precede(syn) && !is_done(connection);
        self.index.dialled(end, ended).any(begun)
            || self.scenario.protocol.is_http2() && self.connections().any(joined)
    }

    /// Whether a dial that led to nothing until then was under way at a moment: its host repeats the SYN, after a second and
    /// then twice as long each time (RFC 6298 section 5), until it is given up.
    fn is_dialled_at(&self, connection: &Connection, moment: Moment) -> bool {
        if connection.ready().is_some_and(|ready| ready <= moment) {
            return false;
        }
        let next = match self.book(connection).map_or(&[][..], |book| book.syns_by(moment)) {
            [] => return false,
            [first] => first.later_by(FIRST_TIMEOUT),
            [.., before, last] => last.later_by(2 * last.since(*before)),
        };
        moment.may_precede(next)
    }

    /// The first moment, from one until another, at which the client had fewer connections than it may have; `None` if it
    /// never had, and a request has to wait in line.
    pub fn room(&self, from: Moment, until: Moment) -> Option<Moment> {
        let Some(limit) = self.scenario.client.max_connections else { return Some(from) };
        let mut moments = iter::once(from).chain(self.index.ends_between(from, until));
        moments.find(|moment| self.index.sockets.after_turn(*moment) < limit as usize)
    }
}
