//! From the wish for a connection to a lease on one.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::lease::Lease;
use super::shared::{Grant, Shared};
use super::watchdog::timeout;
use crate::client::Timeouts;
use crate::client::reference::defect::Defect;
use crate::client::reference::pool::{ConnectionId, Event, Ticket};
use crate::client::reference::{Cause, Phase};

/// Waits for a connection that was looked at and found quiet, or a new one.
pub(super) async fn checkout(shared: &Arc<Shared>, fresh: bool, timeouts: Timeouts) -> Result<Lease, Cause> {
    let (ticket, granted) = shared.enter(fresh, timeouts.connect);
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
    async fn wait(mut self, timeouts: Timeouts) -> Result<Lease, Cause> {
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

    fn lease(mut self, connection: ConnectionId, reused: bool) -> Result<Lease, Cause> {
        let (Some(gate), Some(sender)) = (self.shared.gate(connection), self.shared.take_sender(connection))
        else {
            return Err(Cause::Closed);
        };
        self.done = true;
        Ok(Lease::new(self.shared.clone(), connection, gate, sender, reused))
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
