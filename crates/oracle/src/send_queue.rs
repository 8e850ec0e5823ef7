//! What a client has written and the network has not taken: it is not seen when it is written, and cannot be taken back.
//!
//! Packets show when bytes left the host. Two questions lead from there to the client: by when is to be seen what was
//! written at a moment ([`taken`]), and since when may have been written what was seen later ([`written`]).

use std::collections::BTreeMap;

use closewait_scenario::Scenario;
use closewait_trace::{Connection, Direction, Fate, Millis, Moment, Request, Segment, Trace, Views, What};

use super::case::Case;
use super::streams;

/// RST_STREAM, the smallest frame that says anything of a stream, bytes.
const FRAME: usize = 13;
/// What TLS adds to it, bytes.
const SEAL: usize = 22;

/// What a client can hold of what it has encoded, and cannot take back either: two frames of the largest size
/// (RFC 9113 section 4.2), bytes.
const WRITE_BUFFER: usize = 2 * 16_384;

/// The send queue of each connection, by number.
pub(super) type SendQueues = BTreeMap<u32, SendQueue>;

/// How a send queue stood at the end of each instant at which it may have changed, in order.
#[derive(Default)]
pub(super) struct SendQueue {
    states: Vec<State>,
    /// How many bytes the client knew to be with the origin.
    acknowledged: usize,
    /// How many the origin permitted in all (RFC 9293 section 3.8.6).
    edge: usize,
    /// What came behind a gap: it is held, with what it acknowledges, until the gap is closed (RFC 9293 section 3.10.7.4).
    early: Vec<Segment>,
}

#[derive(Clone, Copy)]
struct State {
    /// The first event of the connection in the instant.
    since: Moment,
    /// The peer's window had no room for one more frame, nor for a FIN behind what waits.
    shut: bool,
    /// The window or the host's send buffer had no room for one more frame.
    full: bool,
    /// How many bytes had left.
    sent: usize,
    /// How many bytes the client can have written in all.
    capacity: usize,
}

pub(super) fn all(scenario: &Scenario, trace: &Trace, views: &Views) -> SendQueues {
    let mut queues = SendQueues::new();
    for (event, entry) in trace.events.iter().enumerate() {
        let What::Segment { connection, direction, fate, segment } = &entry.what else { continue };
        let Some(connection) = views.connections.get(*connection) else { continue };
        // Before the handshake nothing can be written.
        if connection.established.is_none_or(|established| event < established.event) {
            continue;
        }
        let queue = queues.entry(connection.number).or_default();
        match (direction, fate) {
            (Direction::ToClient, Fate::Delivered) if segment.ack => {
                queue.on_acknowledged(segment, connection.to_client.delivered.len_after(event));
            }
            (Direction::ToOrigin, Fate::Sent) => {}
            _ => continue,
        }
        queue.note(connection, Moment { event, at: entry.at }, scenario.network.send_buffer as usize);
    }
    queues
}

/// The instant by whose end everything that the client had written at `moment` had left; `None` if it never did.
pub(super) fn taken(case: &Case, connection: &Connection, moment: Moment) -> Option<Millis> {
    let states = case.states(connection);
    let (past, later) = states.split_at(states.partition_point(|state| state.since.at <= moment.at));
    let Some(then) = past.last().filter(|then| then.full) else { return Some(moment.at) };
    let all_left = |state: &&State| !state.full || then.capacity <= state.sent;
    later.iter().find(all_left).map(|state| state.since.at)
}

/// Whether what the client wrote at `moment` may have waited until the instant of another.
pub(super) fn waits(case: &Case, connection: &Connection, moment: Moment, until: Moment) -> bool {
    taken(case, connection, moment).is_none_or(|taken| moment.at < taken && until.at <= taken)
}

/// The earliest moment at which the client can have written what left its host at `left`.
pub(super) fn written(case: &Case, connection: &Connection, left: Moment) -> Moment {
    let ahead = connection.to_origin.sent.len_after(left.event.saturating_sub(1));
    waited_since(case, connection, left, |state| state.full && ahead <= state.capacity)
}

/// The earliest moment at which the client can have closed the connection: its FIN waits behind what it had written. While
/// it waits the host answers what arrives with RST, and an RST that arrives takes it along (RFC 9293 section 3.10.7).
pub(super) fn closed(case: &Case, connection: &Connection) -> Option<Moment> {
    let end = Moment { event: case.trace.events.len(), at: Millis::MAX };
    let over = connection.over();
    let aborts = over.is_some() && over == connection.to_origin.own_rst && !connection.answered_with_rst();
    if aborts {
        return over;
    }
    let seen = over.unwrap_or(end);
    let closed = waited_since(case, connection, seen, |state| state.shut);
    // What arrived before was not answered with RST.
    let heard = connection.to_client.delivered.moments().take_while(|heard| heard.at < seen.at).last();
    Some(closed.max(heard.unwrap_or(closed))).filter(|_| closed != end)
}

/// Since when a condition held at the end of every instant before that of `seen`; `seen` itself if it did not.
fn waited_since(
    case: &Case,
    connection: &Connection,
    seen: Moment,
    waits: impl Fn(&State) -> bool,
) -> Moment {
    let states = case.states(connection);
    let before = &states[..states.partition_point(|state| state.since.at < seen.at)];
    before.iter().rev().take_while(|state| waits(state)).last().map_or(seen, |state| state.since)
}

/// The connection over HTTP/2 on which the client may have written a request, from a moment on, that no packet shows: it was
/// sound, had a stream, and from then on the network took nothing as long as request and connection lasted.
pub(super) fn holder<'a>(case: &'a Case, request: &Request, since: Moment) -> Option<&'a Connection> {
    let over = request.over()?;
    case.connections().find(|connection| {
        let end = connection.over().map_or(over, |end| end.min(over));
        let stale = case.views.stale_since(connection.number).map_or(Millis::MAX, |stale| stale.at);
        let ready = connection.ready().filter(|_| connection.http2.is_some());
        let free = ready.and_then(|ready| streams::first_free(case, connection, ready.max(since)));
        free.is_some_and(|free| free < end && free.at <= stale && waits(case, connection, free, end))
    })
}

impl Case<'_> {
    fn states(&self, connection: &Connection) -> &[State] {
        self.queues.get(&connection.number).map_or(&[], |queue| &queue.states)
    }
}

impl SendQueue {
    /// A segment came, behind or within the first `delivered` bytes, or behind a gap.
    fn on_acknowledged(&mut self, segment: &Segment, delivered: usize) {
        self.early.push(segment.clone());
        // The SYN takes number 0.
        let offset = |number: u32| number.saturating_sub(1) as usize;
        let is_early = |segment: &mut Segment| {
            (segment.fin || !segment.payload.is_empty()) && delivered < offset(segment.seq)
        };
        for segment in self.early.extract_if(.., |segment| !is_early(segment)) {
            let now = offset(segment.ack_seq);
            self.acknowledged = self.acknowledged.max(now);
            self.edge = self.edge.max(now + segment.window as usize);
        }
    }

    fn note(&mut self, connection: &Connection, now: Moment, send_buffer: usize) {
        let frame = if connection.tls.is_some() { FRAME + SEAL } else { FRAME };
        let sent = connection.to_origin.sent.len_after(now.event);
        let buffered = self.acknowledged + send_buffer;
        let shut = sent + frame > self.edge;
        let state = State {
            since: now,
            shut,
            full: shut || sent + frame > buffered,
            sent,
            capacity: buffered + WRITE_BUFFER,
        };
        match self.states.last_mut().filter(|last| last.since.at == now.at) {
            Some(last) => *last = State { since: last.since, ..state },
            None => self.states.push(state),
        }
    }
}
