//! The machine: one method an event.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connection::{Connection, ConnectionState};
use super::keep_alive::Doubt;
use super::streams::Streams;
use super::{Action, CloseReason, ConnectionId, Event, Limits, Phase, Poison, Refusal, Return, Ticket};
use crate::defect::{Defect, Defects};

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiter {
    /// A reused connection will not do.
    pub fresh: bool,
    /// Or one that is shared and was dialled after this one.
    pub after: Option<ConnectionId>,
    /// The dial on its behalf.
    pub dial: Option<ConnectionId>,
}

impl Waiter {
    /// Whether a shared connection will do.
    pub fn takes(&self, shared: ConnectionId) -> bool {
        !self.fresh || self.after.is_some_and(|after| shared > after)
    }
}

/// A pool of connections to one origin.
#[derive(Debug, Clone)]
pub struct Pool {
    pub(super) limits: Limits,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) waiting: BTreeMap<Ticket, Waiter>,
    pub(super) closing: bool,
    pub(super) defects: Defects,
    /// Requests wait for one dial together.
    pub(super) shares: bool,
    drained: bool,
    dialled: u64,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: Limits) -> Self {
        Self::with_defects(limits, Defects::default())
    }

    pub(crate) fn with_defects(limits: Limits, defects: Defects) -> Self {
        let shares = limits.shares;
        Self {
            limits,
            connections: BTreeMap::new(),
            waiting: BTreeMap::new(),
            closing: false,
            defects,
            shares,
            drained: false,
            dialled: 0,
        }
    }

    /// Takes note of an event. `now` never goes back.
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.retire(now, &mut out);
        let forgets = matches!(event, Event::Returned { .. }) && self.defects.has(Defect::ForgetsToWake);
        match event {
            Event::Wanted { ticket, fresh, after } => self.wanted(ticket, fresh, after, &mut out),
            Event::GivenUp { ticket } => self.given_up(ticket, &mut out),
            Event::Connected { connection } => self.connected(now, connection, &mut out),
            Event::ConnectFailed { connection } => self.connect_failed(connection, &mut out),
            Event::Looked { connection, clean } => self.looked(now, connection, clean, &mut out),
            Event::Returned { connection, how } => self.returned(connection, how, &mut out),
            Event::Multiplexed { connection } => self.multiplexed(now, connection, &mut out),
            Event::Turned { ticket } => self.turned(now, ticket, &mut out),
            Event::Finished { connection, ticket, how } => {
                self.finished(now, connection, ticket, how, &mut out);
            }
            Event::Capacity { connection, streams } => self.capacity(connection, streams),
            Event::Heard { connection } => self.heard(now, connection),
            Event::GoneAway { connection } => self.gone_away(connection, &mut out),
            Event::Ended { connection } => self.ended(connection, &mut out),
            Event::Tick => self.tick(now),
            Event::Close => self.close(&mut out),
            Event::Abort => self.abort(&mut out),
        }
        if !forgets {
            self.settle(now, &mut out);
        }
        out
    }

    /// When to send the next [`Event::Tick`]: later than the `now` of the last event.
    pub fn next_deadline(&self) -> Option<Duration> {
        let of = |connection: &Connection| match connection.state {
            ConnectionState::Idle => Some(connection.expiry(&self.limits, self.defects).0),
            ConnectionState::Dialing { late: false, .. } => {
                Some(connection.born.saturating_add(self.limits.late_dial))
            }
            ConnectionState::Shared => connection.shared_deadline(&self.limits, self.defects),
            _ => None,
        };
        self.connections.values().filter_map(of).min()
    }

    /// Whether the request waits for a connection that nobody is dialling for it.
    pub fn is_queued(&self, ticket: Ticket) -> bool {
        self.waiting.get(&ticket).is_some_and(|waiter| waiter.dial.is_none())
    }

    /// What becomes of a connection just now; `None` if there is none of this name.
    pub fn phase(&self, connection: ConnectionId) -> Option<Phase> {
        let connection = self.connections.get(&connection)?;
        if let Some(streams) = &connection.streams {
            return Some(phase_of(streams));
        }
        Some(match connection.state {
            ConnectionState::Dialing { .. } => Phase::Dialing,
            ConnectionState::Looking { .. } => Phase::Looking,
            ConnectionState::Leased { .. } if connection.ended => Phase::LeasedAndEnded,
            ConnectionState::Leased { .. } => Phase::Leased,
            ConnectionState::Idle | ConnectionState::Shared => Phase::Idle,
        })
    }

    fn wanted(&mut self, ticket: Ticket, fresh: bool, after: Option<ConnectionId>, out: &mut Vec<Action>) {
        if self.closing {
            out.push(Action::Refuse { ticket, why: Refusal::Closed });
        } else {
            self.waiting.insert(ticket, Waiter { fresh, after, dial: None });
        }
    }

    fn given_up(&mut self, ticket: Ticket, out: &mut Vec<Action>) {
        if let Some(waiter) = self.waiting.remove(&ticket) {
            self.orphan(waiter.dial, out);
            return;
        }
        self.forgo(ticket, out);
        let held = self.connections.iter_mut().find(|(_, connection)| connection.ticket() == Some(ticket));
        if let Some((id, connection)) = held {
            connection.state = ConnectionState::Idle;
            let (id, ended) = (*id, connection.ended);
            if ended {
                self.remove(id, CloseReason::Ended, out);
            }
        }
    }

    fn connected(&mut self, now: Duration, id: ConnectionId, out: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let ConnectionState::Dialing { ticket, .. } = connection.state else { return };
        connection.quiet_since = now;
        self.shares = false;
        for joined in self.waiting_for(id).into_iter().filter(|joined| *joined != ticket) {
            if let Some(waiter) = self.waiting.get_mut(&joined) {
                waiter.dial = None;
            }
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if self.waiting.remove(&ticket).is_none() {
            connection.state = ConnectionState::Idle;
            return;
        }
        connection.state = ConnectionState::Leased { ticket, since: now };
        out.push(Action::Lease { connection: id, ticket, reused: false });
    }

    fn connect_failed(&mut self, id: ConnectionId, out: &mut Vec<Action>) {
        let dialing = |connection: &Connection| matches!(connection.state, ConnectionState::Dialing { .. });
        if !self.connections.get(&id).is_some_and(dialing) {
            return;
        }
        let joined = self.waiting_for(id);
        self.connections.remove(&id);
        for ticket in joined {
            self.waiting.remove(&ticket);
            out.push(Action::Refuse { ticket, why: Refusal::ConnectFailed(id) });
        }
    }

    fn looked(&mut self, now: Duration, id: ConnectionId, clean: bool, out: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let ConnectionState::Looking { ticket } = connection.state else { return };
        if clean {
            connection.state = ConnectionState::Leased { ticket, since: now };
            out.push(Action::Lease { connection: id, ticket, reused: true });
        } else {
            self.remove(id, CloseReason::Stale, out);
        }
    }

    fn returned(&mut self, id: ConnectionId, how: Return, out: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let ConnectionState::Leased { since, .. } = connection.state else { return };
        connection.uses += 1;
        match how {
            Return::Poisoned(poison) => {
                self.remove(id, CloseReason::Poisoned(poison), out);
                if poison == Poison::Silence {
                    self.doubt(since, out);
                }
            }
            Return::Reusable { .. } if connection.ended => self.remove(id, CloseReason::Ended, out),
            Return::Reusable { .. } if self.defects.has(Defect::NeverReuses) => {
                self.remove(id, CloseReason::Ended, out);
            }
            Return::Reusable { keep_alive, quiet_since } => {
                connection.state = ConnectionState::Idle;
                connection.keep_alive = keep_alive;
                connection.quiet_since = quiet_since;
            }
        }
    }

    /// Closes the idle connections of which nothing was heard since.
    fn doubt(&mut self, since: Duration, out: &mut Vec<Action>) {
        let doubtful = |connection: &Connection| connection.is_idle() && connection.quiet_since <= since;
        for id in self.ids(doubtful) {
            self.remove(id, CloseReason::Doubt, out);
        }
    }

    fn ended(&mut self, id: ConnectionId, out: &mut Vec<Action>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match connection.state {
            ConnectionState::Leased { .. } => connection.ended = true,
            ConnectionState::Dialing { .. } => {}
            ConnectionState::Idle | ConnectionState::Looking { .. } | ConnectionState::Shared => {
                self.remove(id, CloseReason::Ended, out)
            }
        }
    }

    fn tick(&mut self, now: Duration) {
        for connection in self.connections.values_mut() {
            if let ConnectionState::Dialing { late, .. } = &mut connection.state {
                *late |= now >= connection.born.saturating_add(self.limits.late_dial);
            }
        }
    }

    fn close(&mut self, out: &mut Vec<Action>) {
        self.closing = true;
        if self.defects.has(Defect::CloseForgetsIdle) {
            return;
        }
        for id in self.ids(Connection::is_idle) {
            self.remove(id, CloseReason::Closed, out);
        }
    }

    fn abort(&mut self, out: &mut Vec<Action>) {
        self.closing = true;
        if self.defects.has(Defect::CloseForgetsIdle) {
            return;
        }
        let refuse = |ticket| Action::Refuse { ticket, why: Refusal::Closed };
        let looking = self.connections.values().flat_map(Self::looking_at);
        out.extend(looking.map(refuse));
        out.extend(std::mem::take(&mut self.waiting).into_keys().map(refuse));
        let close = |connection| Action::Close { connection, why: CloseReason::Closed };
        out.extend(std::mem::take(&mut self.connections).into_keys().map(close));
    }

    /// Puts things in order after every event: closes what has expired, serves who waits, keeps the limits.
    fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        self.expire(now, out);
        self.keep_alive(now, out);
        self.serve(now, out);
        self.trim(out);
        if self.closing && self.connections.is_empty() && self.waiting.is_empty() && !self.drained {
            self.drained = true;
            out.push(Action::Drained);
        }
    }

    fn expire(&mut self, now: Duration, out: &mut Vec<Action>) {
        for id in self.ids(Connection::is_idle) {
            let (expiry, why) = self.connections[&id].expiry(&self.limits, self.defects);
            if self.closing && !self.defects.has(Defect::CloseForgetsIdle) {
                self.remove(id, CloseReason::Closed, out);
            } else if now >= expiry {
                self.remove(id, why, out);
            }
        }
    }

    /// Closes the idle connections that have been quiet longest, until the limit is kept.
    fn trim(&mut self, out: &mut Vec<Action>) {
        let counted = |pool: &Self| match pool.defects {
            defects if defects.has(Defect::CountsBusyAsIdle) => pool.connections.len(),
            _ => pool.ids(Connection::is_idle).len(),
        };
        while counted(self) > self.limits.max_idle && !self.defects.has(Defect::IgnoresMaxIdle) {
            let Some(id) = self.longest_idle() else { return };
            self.remove(id, CloseReason::TooManyIdle, out);
        }
    }

    pub(super) fn longest_idle(&self) -> Option<ConnectionId> {
        let idle = self.connections.iter().filter(|(_, connection)| connection.is_idle());
        idle.min_by_key(|(id, connection)| (connection.quiet_since, **id)).map(|(id, _)| *id)
    }

    pub(super) fn ids(&self, which: impl Fn(&Connection) -> bool) -> Vec<ConnectionId> {
        self.connections.iter().filter(|(_, connection)| which(connection)).map(|(id, _)| *id).collect()
    }

    pub(super) fn next_id(&mut self) -> ConnectionId {
        self.dialled += 1;
        ConnectionId(self.dialled)
    }

    /// Closes a connection. Who was about to get it waits again, in its old place.
    pub(super) fn remove(&mut self, id: ConnectionId, why: CloseReason, out: &mut Vec<Action>) {
        let Some(connection) = self.connections.remove(&id) else { return };
        self.wait_again(Self::looking_at(&connection));
        out.push(Action::Close { connection: id, why });
    }
}

fn phase_of(streams: &Streams) -> Phase {
    match (streams.draining, streams.keep_alive.doubt) {
        (true, _) => Phase::Draining,
        (false, Some(Doubt::Young | Doubt::Old)) => Phase::InDoubt,
        (false, None) => Phase::Open,
    }
}
