//! Who waits for a connection, and how they are served: first come, first served.

use std::time::Duration;

use super::connection::{Connection, ConnectionState};
use super::machine::Waiter;
use super::{Action, CloseReason, ConnectionId, Pool, Refusal, Ticket};
use crate::defect::Defect;

impl Pool {
    /// Gives each waiting request, in order, an idle connection or a dial, as far as there are any.
    pub(super) fn serve(&mut self, now: Duration, out: &mut Vec<Action>) {
        let mut tickets: Vec<Ticket> = self.waiting.keys().copied().collect();
        if self.defects.has(Defect::ServesNewestFirst) {
            tickets.reverse();
        }
        for ticket in tickets {
            let waiter = self.waiting[&ticket].clone();
            if self.share(ticket, &waiter, out) {
                continue;
            }
            match self.idle_for(&waiter) {
                Some(id) => self.look(ticket, waiter, id, out),
                None if waiter.dial.is_none() && !self.is_worth_waiting(&waiter) => {
                    self.join_or_dial(now, ticket, waiter.fresh, out);
                }
                None => {}
            }
        }
    }

    /// The idle connection that was heard of last: the least likely to be dead.
    fn idle_for(&self, waiter: &Waiter) -> Option<ConnectionId> {
        if waiter.fresh || waiter.dial.is_some_and(|dial| !self.is_late(dial)) {
            return None;
        }
        let idle = self.connections.iter().filter(|(_, connection)| connection.is_free());
        idle.max_by_key(|(id, connection)| (connection.quiet_since, **id)).map(|(id, _)| *id)
    }

    pub(super) fn is_late(&self, dial: ConnectionId) -> bool {
        self.defects.has(Defect::DialsForNothing)
            || matches!(self.connections[&dial].state, ConnectionState::Dialing { late: true, .. })
    }

    fn look(&mut self, ticket: Ticket, waiter: Waiter, id: ConnectionId, out: &mut Vec<Action>) {
        self.waiting.remove(&ticket);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = ConnectionState::Looking { ticket };
        }
        out.push(Action::Look { connection: id, ticket });
        self.orphan(waiter.dial, out);
    }

    fn join_or_dial(&mut self, now: Duration, ticket: Ticket, fresh: bool, out: &mut Vec<Action>) {
        match (self.dial_to_join(), self.waiting.get_mut(&ticket)) {
            (Some(dial), Some(waiter)) => waiter.dial = Some(dial),
            _ => self.dial(now, ticket, fresh, out),
        }
    }

    fn dial(&mut self, now: Duration, ticket: Ticket, fresh: bool, out: &mut Vec<Action>) {
        if self.is_full() {
            match self.longest_idle().filter(|_| fresh) {
                Some(idle) => self.remove(idle, CloseReason::Replaced, out),
                None => return,
            }
        }
        let connection = self.next_id();
        self.connections.insert(connection, Connection::dial(now, ticket));
        if let Some(waiter) = self.waiting.get_mut(&ticket) {
            waiter.dial = Some(connection);
        }
        out.push(Action::Dial { connection, ticket });
    }

    /// No more connections can be dialled.
    pub(super) fn is_full(&self) -> bool {
        let counted = self.connections.len();
        let counted = if self.defects.has(Defect::CountsConnectionsTwice) { 2 * counted } else { counted };
        counted >= self.limits.max_connections && !self.defects.has(Defect::IgnoresMaxConnections)
    }

    /// A dial that its request does not need any more goes to one that waits for it too, or to the next that has none, or
    /// is stopped.
    pub(super) fn orphan(&mut self, dial: Option<ConnectionId>, out: &mut Vec<Action>) {
        let Some(id) = dial.filter(|_| !self.defects.has(Defect::DialsForNothing)) else { return };
        let joined = self.waiting_for(id);
        if self.defects.has(Defect::CancelsForAll) {
            self.waiting.retain(|ticket, _| !joined.contains(ticket));
            out.extend(joined.into_iter().map(|ticket| Action::Refuse { ticket, why: Refusal::Closed }));
            return self.remove(id, CloseReason::Unwanted, out);
        }
        let joined = joined.first().copied();
        let heir = joined.or_else(|| {
            let mut queued = self.waiting.iter().filter(|(_, waiter)| waiter.dial.is_none());
            queued.next().map(|(ticket, _)| *ticket)
        });
        let heir = heir.and_then(|heir| self.waiting.get_mut(&heir).map(|waiter| (heir, waiter)));
        match (heir, self.connections.get_mut(&id)) {
            (Some((ticket, waiter)), Some(connection)) => {
                waiter.dial = Some(id);
                let late = matches!(connection.state, ConnectionState::Dialing { late: true, .. });
                connection.state = ConnectionState::Dialing { ticket, late };
            }
            _ => self.remove(id, CloseReason::Unwanted, out),
        }
    }
}
