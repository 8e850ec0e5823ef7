//! A connection in the hands of one request. Whatever becomes of the request, the pool hears of it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::gate::Gate;
use super::shared::{Sender, Shared};
use crate::defect::Defect;
use crate::persistence::Persistence;
use crate::pool::{ConnectionId, Event, Poison, Return};

/// A request that is cancelled after so long without a byte of an answer counts as a sign of silent death.
const DOUBT_AFTER: Duration = Duration::from_secs(5);

pub(super) struct Lease {
    shared: Arc<Shared>,
    id: ConnectionId,
    pub gate: Arc<Gate>,
    /// `None` once the lease has ended.
    sender: Option<Sender>,
}

impl Lease {
    pub fn new(shared: Arc<Shared>, id: ConnectionId, gate: Arc<Gate>, sender: Sender, reused: bool) -> Self {
        gate.begin(reused);
        Self { shared, id, gate, sender: Some(sender) }
    }

    pub fn has_defect(&self, defect: Defect) -> bool {
        self.shared.defects.has(defect)
    }

    pub fn sender(&mut self) -> Option<&mut Sender> {
        self.sender.as_mut()
    }

    /// The response is read. Gives the connection back if hyper, too, is ready for another request.
    pub fn finish(mut self, cx: &mut Context<'_>, persistence: Persistence) {
        let keep_alive = match persistence {
            Persistence::Keep { keep_alive } => keep_alive,
            Persistence::End(poison) => return self.poison(poison),
        };
        let Some(sender) = &mut self.sender else { return };
        match sender.poll_ready(cx) {
            Poll::Ready(Ok(())) => self.give_back(keep_alive),
            Poll::Ready(Err(_)) => self.poison(Poison::Surplus),
            // The request is still being written: the origin answered before it had all of it.
            Poll::Pending => {
                let shared = self.shared.clone();
                shared.spawn(self.settle(keep_alive));
            }
        }
    }

    /// Waits until the rest of the request is written, but not for long: the origin may not read it.
    async fn settle(mut self, keep_alive: Option<Duration>) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let Some(sender) = &mut self.sender else { return };
        match tokio::time::timeout(PATIENCE, sender.ready()).await {
            Ok(Ok(())) => self.give_back(keep_alive),
            _ => self.poison(Poison::Broken),
        }
    }

    /// The connection is free for the next request.
    pub fn give_back(mut self, keep_alive: Option<Duration>) {
        self.gate.end();
        if let Some(sender) = self.sender.take() {
            self.shared.put_sender(self.id, sender);
        }
        self.tell(Return::Reusable { keep_alive, quiet_since: self.quiet_since() });
    }

    /// The connection must not be used again.
    pub fn poison(mut self, poison: Poison) {
        self.end(poison);
    }

    /// What a timeout means: with not a byte of an answer it may be the connection that is dead.
    pub fn poison_by_timeout(self) {
        let heard = self.gate.progress().received;
        self.poison(if heard { Poison::TimedOut } else { Poison::Silence });
    }

    fn end(&mut self, poison: Poison) {
        if self.sender.take().is_none() {
            return;
        }
        self.gate.end();
        if self.has_defect_for(poison) {
            self.pool_all_the_same();
        } else {
            self.tell(Return::Poisoned(poison));
        }
    }

    fn tell(&self, how: Return) {
        self.shared.tell(Event::Returned { connection: self.id, how });
    }

    fn quiet_since(&self) -> Duration {
        self.shared.since_start(self.gate.activity().last_read)
    }

    fn why_dropped(&self) -> Poison {
        let progress = self.gate.progress();
        let silent_for = Instant::now().saturating_duration_since(self.gate.activity().last);
        let silent = progress.written && !progress.received && silent_for >= DOUBT_AFTER;
        if silent { Poison::Silence } else { Poison::Cancelled }
    }
}

/// What defects make of a poisoned connection.
impl Lease {
    fn has_defect_for(&self, poison: Poison) -> bool {
        match poison {
            Poison::Cancelled => self.has_defect(Defect::PoolsCancelled),
            Poison::TimedOut | Poison::Silence => self.has_defect(Defect::PoolsTimedOut),
            Poison::ConnectionClose => self.has_defect(Defect::IgnoresConnectionClose),
            Poison::Http10 => self.has_defect(Defect::IgnoresHttp10),
            Poison::Surplus => self.has_defect(Defect::KeepsSurplus) && self.gate.put_back(),
            Poison::Broken => false,
        }
    }

    /// hyper refuses to go on: another hyper takes over its socket.
    fn pool_all_the_same(&self) {
        let (shared, id, gate) = (self.shared.clone(), self.id, self.gate.clone());
        let how = Return::Reusable { keep_alive: None, quiet_since: self.quiet_since() };
        self.shared.spawn(async move {
            if let Ok(sender) = shared.handshake(id, &gate).await {
                shared.put_sender(id, sender);
                shared.tell(Event::Returned { connection: id, how });
            }
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end(self.why_dropped());
    }
}
