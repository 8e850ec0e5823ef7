//! What a client has written and the network has not taken: it is not seen when it is written, and cannot be taken back.
//!
//! Packets show when bytes left the host. Two questions lead from there to the client: by when is to be seen what was
//! written at a moment ([`taken`]), and since when may have been written what was seen later ([`written`]).

use std::collections::BTreeMap;

use super::case::Case;
use crate::scenario::Scenario;
use crate::trace::{Connection, Direction, Fate, Millis, Moment, Request, Trace, Views, What};

/// RST_STREAM, the smallest frame that says anything of a stream, bytes.
const FRAME: usize = 13;
/// What TLS adds to it, bytes.
const SEAL: usize = 22;

/// What a client can hold of what it has encoded, and cannot take back either: two frames of the largest size
/// (RFC 9113 section 4.2), bytes.
const WRITE_BUFFER: usize = 2 * 16_384;

/// The send queue of each connection, by number.
pub(super) type SendQueues = BTreeMap<u32, SendQueue>;

/// How the queue stood at the end of each instant at which it may have changed, in order.
#[derive(Default)]
pub(super) struct SendQueue(Vec<State>);

#[derive(Clone, Copy)]
struct State {
    /// The first event of the connection in the instant.
    since: Moment,
    /// The peer's window or the host's send buffer had no room for one more frame.
    full: bool,
    /// How many bytes the client can have written in all.
    capacity: usize,
}

pub(super) fn all(scenario: &Scenario, trace: &Trace, views: &Views) -> SendQueues {
    let send_buffer = scenario.network.send_buffer as usize;
    let queue = |connection: &Connection| SendQueue::of(trace, connection, send_buffer);
    views.connections.iter().map(|connection| (connection.number, queue(connection))).collect()
}

/// The instant by whose end the network had taken all that the client had written at `moment`; `None` if it never did.
pub(super) fn taken(case: &Case, connection: &Connection, moment: Moment) -> Option<Millis> {
    let states = case.states(connection);
    let (past, later) = states.split_at(states.partition_point(|state| state.since.at <= moment.at));
    if past.last().is_none_or(|state| !state.full) {
        return Some(moment.at);
    }
    later.iter().find(|state| !state.full).map(|state| state.since.at)
}

/// Whether what the client wrote at `moment` may have waited until the instant of another.
pub(super) fn waits(case: &Case, connection: &Connection, moment: Moment, until: Moment) -> bool {
    taken(case, connection, moment).is_none_or(|taken| moment.at < taken && until.at <= taken)
}

/// The earliest moment at which the client can have written what left its host at `left`.
pub(super) fn written(case: &Case, connection: &Connection, left: Moment) -> Moment {
    let states = case.states(connection);
    let before = &states[..states.partition_point(|state| state.since.at < left.at)];
    let ahead = connection.to_origin.sent.len_after(left.event.saturating_sub(1));
    let held = before.iter().rev().take_while(|state| state.full && ahead <= state.capacity).last();
    held.map_or(left, |state| state.since)
}

/// The earliest moment at which the client can have closed the connection: its FIN waits behind what it had written. While
/// it waits the host answers what arrives with RST, and an RST that arrives takes it along (RFC 9293 section 3.10.7).
pub(super) fn closed(case: &Case, connection: &Connection) -> Option<Moment> {
    let end = Moment { event: case.trace.events.len(), at: Millis::MAX };
    match connection.over() {
        Some(over) if connection.to_origin.own_rst == Some(over) && !connection.answered_with_rst() => {
            Some(over)
        }
        Some(over) => Some(written(case, connection, over)),
        None => Some(written(case, connection, end)).filter(|closed| *closed != end),
    }
}

/// The connection over HTTP/2 on which the client may have written a request, at `moment`, that no packet shows.
pub(super) fn holder<'a>(case: &'a Case, request: &Request, moment: Moment) -> Option<&'a Connection> {
    let over = request.over()?;
    let holds = |connection: &&Connection| {
        let open = connection.ready().is_some_and(|ready| ready < moment)
            && connection.over().is_none_or(|end| moment < end);
        let until = connection.over().map_or(over, |end| end.min(over));
        connection.http2.is_some() && open && waits(case, connection, moment, until)
    };
    case.connections().find(holds)
}

impl Case<'_> {
    fn states(&self, connection: &Connection) -> &[State] {
        self.queues.get(&connection.number).map_or(&[], |queue| &queue.0)
    }
}

impl SendQueue {
    /// From the handshake on; before it nothing can be written.
    fn of(trace: &Trace, connection: &Connection, send_buffer: usize) -> Self {
        let frame = if connection.tls.is_some() { FRAME + SEAL } else { FRAME };
        let mut queue = Self::default();
        // What the client knew to be with the origin, and what the origin permitted in all (RFC 9293 section 3.8.6), bytes.
        let (mut acknowledged, mut edge) = (0, 0);
        let established = connection.established.map_or(trace.events.len(), |established| established.event);
        for (event, entry) in trace.events.iter().enumerate().skip(established) {
            let What::Segment { connection: number, direction, fate, segment } = &entry.what else {
                continue;
            };
            match (direction, fate) {
                _ if *number != connection.number => continue,
                (Direction::ToClient, Fate::Delivered) if segment.ack => {
                    // The SYN takes number 0.
                    let now = segment.ack_seq.saturating_sub(1) as usize;
                    acknowledged = acknowledged.max(now);
                    edge = edge.max(now + segment.window as usize);
                }
                (Direction::ToOrigin, Fate::Sent) => {}
                _ => continue,
            }
            let room = edge.min(acknowledged + send_buffer);
            let full = connection.to_origin.sent.len_after(event) + frame > room;
            let capacity = acknowledged + send_buffer + WRITE_BUFFER;
            queue.note(State { since: Moment { event, at: entry.at }, full, capacity });
        }
        queue
    }

    fn note(&mut self, state: State) {
        match self.0.last_mut().filter(|last| last.since.at == state.since.at) {
            Some(last) => *last = State { since: last.since, ..state },
            None => self.0.push(state),
        }
    }
}
