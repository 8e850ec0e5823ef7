//! How full the send queue of a connection was: the window of the origin's host, and the buffer of the client's.

use std::collections::BTreeMap;

use closewait_scenario::Scenario;
use closewait_trace::{Connection, Direction, Fate, Moment, Segment, Trace, Views, What};

use super::policy::{LEAST_FRAME, SEAL, WRITE_BUFFER};

/// The send queue of each connection, by number.
pub(super) type SendQueues = BTreeMap<u32, SendQueue>;

/// How a send queue stood at the end of each instant at which it may have changed, in order.
#[derive(Default)]
pub(super) struct SendQueue {
    fills: Vec<Fill>,
    was_ever_full: bool,
    /// How many bytes the client knew to be with the origin.
    acknowledged: usize,
    /// How many the origin permitted in all (RFC 9293 section 3.8.6).
    edge: usize,
    /// What came behind a gap: it is held, with what it acknowledges, until the gap is closed (RFC 9293 section 3.10.7.4).
    early: Vec<Segment>,
}

/// How full it was, and what that permits.
#[derive(Clone, Copy)]
pub(super) struct Fill {
    /// The first event of the connection in the instant.
    since: Moment,
    /// The window or the host's send buffer had no room for one more frame.
    pub full: bool,
    /// How many bytes had left.
    sent: usize,
    /// How many bytes the client can have written in all.
    pub capacity: usize,
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

impl SendQueue {
    /// Whether there was a time at which it took nothing.
    pub fn was_ever_full(&self) -> bool {
        self.was_ever_full
    }

    /// By when everything had left that the client had written at `moment`; `None` if it never did.
    pub fn emptied(&self, moment: Moment) -> Option<Moment> {
        let (past, later) =
            self.fills.split_at(self.fills.partition_point(|fill| fill.since.may_precede(moment)));
        let Some(then) = past.last().filter(|then| then.full) else { return Some(moment) };
        let all_left = |fill: &&Fill| !fill.full || then.capacity <= fill.sent;
        later.iter().find(all_left).map(|fill| fill.since)
    }

    /// Since when a condition held at the end of every instant before that of `seen`; `seen` itself if it did not.
    pub fn waited_since(&self, seen: Moment, waits: impl Fn(&Fill) -> bool) -> Moment {
        let before = &self.fills[..self.fills.partition_point(|fill| fill.since.precedes(seen))];
        before.iter().rev().take_while(|fill| waits(fill)).last().map_or(seen, |fill| fill.since)
    }

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
        let frame = if connection.tls.is_some() { LEAST_FRAME + SEAL } else { LEAST_FRAME };
        let sent = connection.to_origin.sent.len_after(now.event);
        let buffered = self.acknowledged + send_buffer;
        let fill = Fill {
            since: now,
            full: sent + frame > self.edge || sent + frame > buffered,
            sent,
            capacity: buffered + WRITE_BUFFER,
        };
        self.was_ever_full |= fill.full;
        match self.fills.last_mut().filter(|last| last.since.is_beside(now)) {
            Some(last) => *last = Fill { since: last.since, ..fill },
            None => self.fills.push(fill),
        }
    }
}
