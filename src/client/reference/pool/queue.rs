//! Who waits for a connection, and how they are served: first come, first served.

use std::time::Duration;

use super::connection::{Connection, State};
use super::{Action, CloseReason, ConnectionId, Pool, Ticket};
use crate::client::reference::defect::Defect;

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiter {
    /// A reused connection will not do.
    pub fresh: bool,
    /// The dial on its behalf.
    pub dial: Option<ConnectionId>,
}

impl Pool {
    /// Gives each waiting request, in order, an idle connection or a dial, as far as there are any.
    pub(super) fn serve(&mut self, now: Duration, out: &mut Vec<Action>) {
        let mut tickets: Vec<Ticket> = self.waiting.keys().copied().collect();
        if self.defects.has(Defect::ServesNewestFirst) {
            tickets.reverse();
        }
        for ticket in tickets {
            let waiter = self.waiting[&ticket].clone();
            match self.idle_for(&waiter) {
                Some(id) => self.look(ticket, waiter, id, out),
                None if waiter.dial.is_none() => self.dial(now, ticket, waiter.fresh, out),
                None => {}
            }
        }
    }

    /// The idle connection that was heard of last: the least likely to be dead.
    fn idle_for(&self, waiter: &Waiter) -> Option<ConnectionId> {
        let impatient = self.defects.has(Defect::DialsForNothing);
        let late = |id| impatient || matches!(self.connections[&id].state, State::Dialing { late: true, .. });
        if waiter.fresh || waiter.dial.is_some_and(|dial| !late(dial)) {
            return None;
        }
        let idle = self.connections.iter().filter(|(_, connection)| connection.is_idle());
        idle.max_by_key(|(id, connection)| (connection.quiet_since, **id)).map(|(id, _)| *id)
    }

    fn look(&mut self, ticket: Ticket, waiter: Waiter, id: ConnectionId, out: &mut Vec<Action>) {
        self.waiting.remove(&ticket);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = State::Looking { ticket };
        }
        out.push(Action::Look { connection: id, ticket });
        self.orphan(waiter.dial, out);
    }

    fn dial(&mut self, now: Duration, ticket: Ticket, fresh: bool, out: &mut Vec<Action>) {
        let counted = self.connections.len();
        let counted = if self.defects.has(Defect::CountsConnectionsTwice) { 2 * counted } else { counted };
        let full = counted >= self.limits.max_connections && !self.defects.has(Defect::IgnoresMaxConnections);
        if full {
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

    /// A dial that its request does not need any more goes to the next that has none, or is stopped.
    pub(super) fn orphan(&mut self, dial: Option<ConnectionId>, out: &mut Vec<Action>) {
        let Some(id) = dial.filter(|_| !self.defects.has(Defect::DialsForNothing)) else { return };
        let heir = self.waiting.iter_mut().find(|(_, waiter)| waiter.dial.is_none());
        match (heir, self.connections.get_mut(&id)) {
            (Some((ticket, waiter)), Some(connection)) => {
                waiter.dial = Some(id);
                let late = matches!(connection.state, State::Dialing { late: true, .. });
                connection.state = State::Dialing { ticket: *ticket, late };
            }
            _ => self.remove(id, CloseReason::Unwanted, out),
        }
    }
}
