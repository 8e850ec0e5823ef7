//! From the wish for a connection to a lease on one.

use std::sync::Arc;

use closewait_simulator::client::Timeouts;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::h2::StreamLease;
use super::lease::Lease;
use super::shared::{Grant, Shared};
use super::watchdog::timeout;
use crate::defect::Defect;
use crate::pool::{ConnectionId, Event, Ticket};
use crate::{Cause, Phase};

/// What a request gets.
pub(super) enum Leased {
    /// A connection to itself.
    Whole(Lease),
    /// A stream of a connection.
    Stream(StreamLease),
}

/// Waits for a connection that was looked at and found quiet, or a new one. Where only a fresh one will do, a shared
/// one will do too that was dialled `after` the given one.
pub(super) async fn checkout(
    shared: &Arc<Shared>,
    fresh: bool,
    after: Option<ConnectionId>,
    timeouts: Timeouts,
) -> Result<Leased, Cause> {
    let (ticket, granted) = shared.enter(fresh, after, timeouts.connect);
    Checkout { shared: shared.clone(), ticket, granted, done: false }.wait(timeouts).await
}

/// A request in the queue. Dropped before it is done, it leaves nothing there.
struct Checkout {
    shared: Arc<Shared>,
    ticket: Ticket,
    granted: mpsc::UnboundedReceiver<Grant>,
    done: bool,
}

impl Checkout {
    async fn wait(mut self, timeouts: Timeouts) -> Result<Leased, Cause> {
        let mut deadline = timeouts.pool.map(|limit| (Instant::now() + limit, limit));
        loop {
            let grant = match deadline {
                None => self.granted.recv().await,
                Some((at, limit)) => tokio::select! {
                    biased;
                    grant = self.granted.recv() => grant,
                    // A dial under way has a timeout of its own.
                    () = sleep_until(at) => if self.shared.is_queued(self.ticket) {
                        return Err(timeout(Phase::Pool, limit));
                    } else {
                        deadline = None;
                        continue;
                    },
                },
            };
            match grant {
                Some(Grant::Look(connection)) => self.look(connection).await?,
                Some(Grant::Lease(connection, reused)) => return self.lease(connection, reused),
                Some(Grant::Refused(cause)) => return Err(cause),
                None => return Err(Cause::Closed),
            }
        }
    }

    async fn look(&self, connection: ConnectionId) -> Result<(), Cause> {
        if !self.shared.defects.has(Defect::LooksTooEarly) {
            // A FIN may be in the socket, and the event loop has not turned since: it has to turn once.
            tokio::task::yield_now().await;
        }
        if let Some((link, _)) = self.shared.link(connection) {
            link.look().await;
            self.shared.tell(Event::Turned { ticket: self.ticket });
            return Ok(());
        }
        let clean = match self.shared.gate(connection) {
            Some(gate) => gate.look().await,
            None => false,
        };
        if !clean && self.shared.defects.has(Defect::FailsUnsent) {
            return Err(Cause::Stale);
        }
        self.shared.tell(Event::Looked { connection, clean });
        Ok(())
    }

    fn lease(mut self, connection: ConnectionId, reused: bool) -> Result<Leased, Cause> {
        if let Some(handle) = self.shared.link(connection) {
            self.done = true;
            let names = (connection, self.ticket);
            return Ok(Leased::Stream(StreamLease::new(self.shared.clone(), names, handle, reused)));
        }
        let (Some(gate), Some(sender)) = (self.shared.gate(connection), self.shared.take_sender(connection))
        else {
            // It has ended since it was granted. Whether the transport is closed, another checkout learns.
            return Err(Cause::Stale);
        };
        self.done = true;
        Ok(Leased::Whole(Lease::new(self.shared.clone(), connection, gate, sender, reused)))
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        self.shared.leave(self.ticket);
        if !self.done {
            self.shared.tell(Event::GivenUp { ticket: self.ticket });
        }
    }
}
