//! What is true of a pool between any two events.

use std::collections::BTreeSet;
use std::time::Duration;

use super::connection::ConnectionState;
use super::{Pool, Ticket};

impl Pool {
    /// Checks every invariant, for tests and benchmarks.
    ///
    /// # Panics
    /// When one does not hold.
    pub fn assert_invariants(&self, now: Duration) {
        self.assert_limits();
        self.assert_tickets();
        self.assert_drained_are_busy();
        self.assert_nobody_waits_without_need();
        assert!(
            self.next_deadline().is_none_or(|deadline| deadline > now),
            "a deadline has passed unnoticed"
        );
    }

    fn assert_limits(&self) {
        let idle = self.connections.values().filter(|connection| connection.is_idle()).count();
        assert!(self.connections.len() <= self.limits.max_connections, "too many connections");
        assert!(idle <= self.limits.max_idle, "too many idle connections");
        assert!(!self.closing || idle == 0, "an idle connection in a closed pool");
    }

    /// Every ticket is in one place, and dials and waiters know each other.
    fn assert_tickets(&self) {
        let mut held: BTreeSet<Ticket> = BTreeSet::new();
        for (id, connection) in &self.connections {
            let streams = connection.streams.iter();
            for ticket in streams.flat_map(|streams| streams.held.keys()) {
                assert!(held.insert(*ticket), "two connections for one request");
                assert!(!self.waiting.contains_key(ticket), "a request has what it waits for");
            }
            let Some(ticket) = connection.ticket() else { continue };
            assert!(held.insert(ticket), "two connections for one request");
            let dial = self.waiting.get(&ticket).map(|waiter| waiter.dial);
            let dialing = matches!(connection.state, ConnectionState::Dialing { .. });
            assert_eq!(dial, dialing.then_some(Some(*id)), "a waiter and its dial have lost each other");
        }
        let dials = self.waiting.values().filter_map(|waiter| waiter.dial);
        assert!(dials.into_iter().all(|id| self.connections.contains_key(&id)), "a dial that is gone");
    }

    fn assert_drained_are_busy(&self) {
        let mut streams = self.connections.values().filter_map(|connection| connection.streams.as_ref());
        assert!(
            streams.all(|streams| !streams.draining || streams.is_busy()),
            "a drained connection stays open"
        );
    }

    fn assert_nobody_waits_without_need(&self) {
        let idle = self.connections.values().any(|connection| connection.is_free());
        let queued = self.waiting.values().filter(|waiter| waiter.dial.is_none());
        for waiter in queued {
            assert!(
                self.shared_for(waiter).is_none(),
                "a request waits beside a connection with room ({waiter:?})"
            );
            if self.is_worth_waiting(waiter) {
                continue;
            }
            assert!(self.connections.len() >= self.limits.max_connections, "a request waits for nothing");
            assert!(!idle, "a request waits beside an idle connection ({waiter:?})");
        }
    }
}
