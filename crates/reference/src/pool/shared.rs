//! A connection that carries several requests at a time (RFC 9113): open, draining, or in doubt.

use std::time::Duration;

use super::connection::{Connection, ConnectionState};
use super::keep_alive::{Doubt, Due};
use super::machine::Waiter;
use super::streams::{Hold, INITIAL_STREAMS, Streams};
use super::{Action, CloseReason, ConnectionId, Finish, Pool, Ticket};
use crate::defect::Defect;

/// What happens to shared connections.
impl Pool {
    /// A dial has led to a connection for several requests: all who waited for it get a stream, as far as there are any.
    pub(super) fn multiplexed(&mut self, now: Duration, id: ConnectionId, out: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !matches!(connection.state, ConnectionState::Dialing { .. }) {
            return;
        }
        self.shares = true;
        let mut streams = Streams::new(now);
        for ticket in self.waiting_for(id) {
            if !streams.has_room() {
                if let Some(waiter) = self.waiting.get_mut(&ticket) {
                    waiter.dial = None;
                }
                continue;
            }
            self.waiting.remove(&ticket);
            streams.held.insert(ticket, Hold::Open { since: now });
            out.push(Action::Lease { connection: id, ticket, reused: false });
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.quiet_since = now;
            connection.state = ConnectionState::Shared;
            connection.streams = Some(streams);
        }
    }

    pub(super) fn waiting_for(&self, dial: ConnectionId) -> Vec<Ticket> {
        let waiting = self.waiting.iter().filter(|(_, waiter)| waiter.dial == Some(dial));
        waiting.map(|(ticket, _)| *ticket).collect()
    }

    /// Who was about to get a stream, and would now be one too many, waits again.
    pub(super) fn capacity(&mut self, id: ConnectionId, limit: u32) {
        let Some(streams) = self.streams_mut(id) else { return };
        streams.limit = limit;
        let surplus = streams.held.len().saturating_sub(limit as usize);
        let turned_away: Vec<Ticket> = streams.looking().into_iter().rev().take(surplus).collect();
        streams.held.retain(|ticket, _| !turned_away.contains(ticket));
        self.wait_again(turned_away);
    }

    pub(super) fn heard(&mut self, now: Duration, id: ConnectionId) {
        let defects = self.defects;
        if let Some(streams) = self.streams_mut(id) {
            streams.keep_alive.hear(now, defects);
        }
    }

    pub(super) fn gone_away(&mut self, id: ConnectionId, out: &mut Vec<Action>) {
        if self.defects.has(Defect::IgnoresGoaway) {
            return;
        }
        self.drain(id, CloseReason::GoneAway, out);
        if self.defects.has(Defect::KillsAccepted) {
            self.remove(id, CloseReason::GoneAway, out);
        }
    }

    /// No more streams: who was about to get one waits again, and the last that is open takes the connection with it.
    fn drain(&mut self, id: ConnectionId, why: CloseReason, out: &mut Vec<Action>) {
        let Some(streams) = self.streams_mut(id) else { return };
        streams.draining = true;
        let looking = streams.looking();
        streams.held.retain(|_, hold| *hold != Hold::Looking);
        let is_over = !streams.is_busy();
        self.wait_again(looking);
        if is_over {
            self.remove(id, why, out);
        }
    }

    /// The event loop has turned, and the place is still there: it becomes a stream.
    pub(super) fn turned(&mut self, now: Duration, ticket: Ticket, out: &mut Vec<Action>) {
        for (id, connection) in &mut self.connections {
            let Some(hold) = connection.streams.as_mut().and_then(|streams| streams.held.get_mut(&ticket))
            else {
                continue;
            };
            if *hold == Hold::Looking {
                *hold = Hold::Open { since: now };
                out.push(Action::Lease { connection: *id, ticket, reused: true });
            }
        }
    }

    /// The request gives its place or its unused stream back.
    pub(super) fn forgo(&mut self, ticket: Ticket, out: &mut Vec<Action>) {
        let mut over = Vec::new();
        for (id, connection) in &mut self.connections {
            let Some(streams) = &mut connection.streams else { continue };
            if streams.held.get(&ticket).is_none_or(|hold| *hold == Hold::Sending) {
                continue;
            }
            streams.held.remove(&ticket);
            if streams.draining && !streams.is_busy() {
                over.push(*id);
            }
        }
        over.into_iter().for_each(|id| self.remove(id, CloseReason::GoneAway, out));
    }

    pub(super) fn finished(
        &mut self,
        now: Duration,
        id: ConnectionId,
        ticket: Ticket,
        how: Finish,
        out: &mut Vec<Action>,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(streams) = &mut connection.streams else { return };
        let Some(Hold::Open { since }) = streams.held.remove(&ticket) else {
            // Its response was there before: the stream is free, and that is all.
            return;
        };
        connection.uses += 1;
        connection.quiet_since = now;
        match how {
            Finish::Done => streams.refused = 0,
            Finish::Answered => {
                streams.refused = 0;
                streams.held.insert(ticket, Hold::Sending);
            }
            Finish::Refused => {
                streams.refused += 1;
                // As OkHttp: one refusal is an accident, two in a row are a policy.
                streams.draining |= streams.refused > 1;
            }
            Finish::Abandoned => {
                let is_last = streams.draining && !streams.is_busy();
                let silent = since < now && streams.keep_alive.is_silent_since(since) && !is_last;
                if silent && !self.defects.has(Defect::TrustsSilence) {
                    streams.keep_alive.doubt.get_or_insert(Doubt::Young);
                    if streams.keep_alive.asked.is_none() {
                        streams.keep_alive.asked = Some(now);
                        out.push(Action::Ping { connection: id });
                    }
                }
            }
        }
        if streams.draining && !streams.is_busy() {
            self.remove(id, CloseReason::GoneAway, out);
        }
    }

    /// Takes a place on a shared connection for the request, if one has room.
    pub(super) fn share(&mut self, ticket: Ticket, waiter: &Waiter, out: &mut Vec<Action>) -> bool {
        let Some(id) = self.shared_for(waiter) else { return false };
        self.waiting.remove(&ticket);
        if let Some(streams) = self.streams_mut(id) {
            streams.held.insert(ticket, Hold::Looking);
        }
        out.push(Action::Look { connection: id, ticket });
        self.orphan(waiter.dial, out);
        true
    }

    /// The newest shared connection that takes more streams.
    pub(super) fn shared_for(&self, waiter: &Waiter) -> Option<ConnectionId> {
        if waiter.dial.is_some_and(|dial| !self.is_late(dial)) || self.defects.has(Defect::NeverReuses) {
            return None;
        }
        let takes_more =
            |connection: &Connection| connection.streams.as_ref().is_some_and(Streams::takes_more);
        let usable = self.connections.iter().filter(|(_, connection)| takes_more(connection));
        // Who was turned away here and can go nowhere else may come back.
        let resigned = waiter.after.is_some() && self.is_full();
        usable.map(|(id, _)| *id).rfind(|id| waiter.takes(*id) || resigned)
    }

    /// Whether a shared connection may have room any moment: it is worth the wait, since a second connection to one origin
    /// SHOULD NOT be (RFC 9113 section 9.1). One in doubt is given its chance to answer.
    pub(super) fn is_worth_waiting(&self, waiter: &Waiter) -> bool {
        let promising = |streams: &Streams| !streams.draining && streams.keep_alive.doubt != Some(Doubt::Old);
        let mut connections = self.connections.iter();
        connections
            .any(|(id, connection)| waiter.takes(*id) && connection.streams.as_ref().is_some_and(promising))
    }

    /// The dial that the request can wait for together with others.
    pub(super) fn dial_to_join(&self) -> Option<ConnectionId> {
        if !self.shares {
            return None;
        }
        let dialing = |connection: &Connection| matches!(connection.state, ConnectionState::Dialing { .. });
        let mut dials = self.connections.iter().filter(|(_, connection)| dialing(connection));
        dials.find(|(id, _)| self.waiting_for(**id).len() < INITIAL_STREAMS as usize).map(|(id, _)| *id)
    }

    /// What is too old takes no more streams.
    pub(super) fn retire(&mut self, now: Duration, out: &mut Vec<Action>) {
        let lifetime = self.limits.lifetime;
        let is_old = |connection: &Connection| {
            let fresh =
                connection.streams.as_ref().is_some_and(|streams| !streams.draining && streams.is_busy());
            fresh && now >= connection.born.saturating_add(lifetime)
        };
        for id in self.ids(is_old) {
            self.drain(id, CloseReason::Lifetime, out);
        }
    }

    /// Sends the pings that are due, and closes what has not answered.
    pub(super) fn keep_alive(&mut self, now: Duration, out: &mut Vec<Action>) {
        for id in self.ids(|connection| connection.streams.is_some()) {
            let (limits, defects) = (self.limits.clone(), self.defects);
            let Some(streams) = self.streams_mut(id) else { continue };
            if streams.draining && defects.has(Defect::StopsPingsAfterGoaway) {
                continue;
            }
            let busy = streams.is_busy();
            streams.keep_alive.grow_old(now, &limits);
            match streams.keep_alive.due(now, busy, &limits, defects) {
                Due::Nothing => {}
                Due::Ask => {
                    streams.keep_alive.asked = Some(now);
                    out.push(Action::Ping { connection: id });
                }
                Due::Dead => self.remove(id, CloseReason::NoPong, out),
            }
        }
    }

    /// The requests that were about to get a connection wait again, in their old places.
    pub(super) fn wait_again(&mut self, tickets: impl IntoIterator<Item = Ticket>) {
        let waiter = Waiter { fresh: false, after: None, dial: None };
        self.waiting.extend(tickets.into_iter().map(|ticket| (ticket, waiter.clone())));
    }

    pub(super) fn looking_at(connection: &Connection) -> Vec<Ticket> {
        match (&connection.streams, connection.state) {
            (Some(streams), _) => streams.looking(),
            (None, ConnectionState::Looking { ticket }) => vec![ticket],
            _ => Vec::new(),
        }
    }

    fn streams_mut(&mut self, id: ConnectionId) -> Option<&mut Streams> {
        self.connections.get_mut(&id)?.streams.as_mut()
    }
}
