//! What moves the wire: one future that sleeps until the next segment or timer is due.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use closewait_scenario::{Direction, NetworkAction, NetworkSettings};
use closewait_trace::{Millis, Recorder, SocketAtEnd};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Side;
use super::state::{Trigger, WireState};

/// The simulated network of one run. Owns the thread's network: one at a time on a thread.
///
/// Drop the runtime first: streams that are dropped later than this are dead, and record nothing.
pub struct Network {
    wire: Wire,
}

/// A handle on the network, for the client's connector, the origin and the script.
#[derive(Clone)]
pub struct Wire {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<Option<WireState>>,
    start: Instant,
    /// Something is due earlier than the driver knows.
    touched: Notify,
    /// The driver has moved something: whoever waits for a state of the wire looks again.
    moved: Notify,
}

impl Network {
    /// Installs a network on this thread. Call it inside the runtime whose clock is to be its clock.
    ///
    /// # Panics
    /// When the thread has one already.
    pub fn install(settings: NetworkSettings, recorder: Recorder) -> Self {
        let shared = Shared {
            state: Mutex::new(Some(WireState::new(settings, recorder))),
            start: Instant::now(),
            touched: Notify::new(),
            moved: Notify::new(),
        };
        Self { wire: Wire { shared: Arc::new(shared) } }
    }

    /// A handle.
    pub fn wire(&self) -> Wire {
        self.wire.clone()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Taken out before it is dropped: sockets in it must not find the lock held.
        let state = self.wire.lock().take();
        drop(state);
    }
}

impl Wire {
    /// Moves the wire for ever. Poll it in the same task as the script, and before it: see [`crate::net`].
    pub async fn drive(&self) {
        loop {
            let now = self.now();
            self.with(|state| state.advance(now));
            self.shared.moved.notify_waiters();
            if self.has_news() {
                // The client's tasks run with what they know; then their event loop turns and tells the news.
                tokio::task::yield_now().await;
                self.tell_news();
            } else {
                self.sleep_until_due().await;
            }
        }
    }

    async fn sleep_until_due(&self) {
        let touched = self.shared.touched.notified();
        let due = self.with(|state| {
            state.planned = state.next_due();
            state.planned
        });
        match due.flatten() {
            Some(due) => tokio::select! {
                biased;
                () = touched => {}
                () = crate::timer::sleep_until(self.shared.start + Duration::from_millis(due)) => {}
            },
            None => touched.await,
        }
    }

    fn has_news(&self) -> bool {
        self.with(|state| !state.events.is_empty()).unwrap_or(false)
    }

    /// The client's event loop turns: sockets become ready, and the tasks that wait for them are woken.
    fn tell_news(&self) {
        let mut wakers = Vec::new();
        self.with(|state| {
            for news in std::mem::take(&mut state.events) {
                let readiness = &mut state.connections[news.connection].end_mut(news.side).readiness;
                readiness.readable |= news.readable;
                readiness.writable |= news.writable;
                readiness.read_closed |= news.closed;
                wakers.extend(news.readable.then(|| readiness.reader.take()).flatten());
                wakers.extend(news.writable.then(|| readiness.writer.take()).flatten());
            }
        });
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Virtual time since the start of the run, ms.
    pub fn now(&self) -> Millis {
        self.shared.start.elapsed().as_millis() as Millis
    }

    /// Carries out a fault of the network, which is this step of the script, now. False if it names a connection that does not exist.
    pub fn apply(&self, action: &NetworkAction, step: usize) -> bool {
        self.act(|state, now| state.apply(action, step, now)).unwrap_or(false)
    }

    /// The faults that no segment has met yet, by the indexes of their steps.
    pub fn unmet(&self) -> BTreeSet<usize> {
        self.with(|state| state.faults.unmet().clone()).unwrap_or_default()
    }

    /// Arms a step for the `n`-th segment of a connection. A step of the network is carried out, and
    /// recorded, by the wire; any other turns up in [`Wire::take_triggered`].
    pub fn arm(
        &self,
        n: u32,
        connection: u32,
        direction: Direction,
        step: usize,
        action: Option<NetworkAction>,
    ) {
        self.with(|state| state.triggers.push(Trigger { n, connection, direction, step, action }));
    }

    /// The steps whose segment has left since the last call.
    pub fn take_triggered(&self) -> Vec<usize> {
        self.with(|state| std::mem::take(&mut state.triggered)).unwrap_or_default()
    }

    /// The origin's host stops silently.
    pub fn crash_origin(&self) {
        self.act(WireState::crash_origin);
    }

    /// The origin's host is back and knows no connection.
    pub fn restart_origin(&self) {
        self.with(WireState::restart_origin);
    }

    /// Whether the origin answers SYNs with RST.
    pub fn refuse_connections(&self, refuse: bool) {
        self.with(|state| state.origin_refuses = refuse);
    }

    /// The number of connections that were ever opened.
    pub fn connections(&self) -> u32 {
        self.with(|state| state.connections.len() as u32).unwrap_or(0)
    }

    /// Whether data, SYN, FIN or RST is under way.
    pub fn in_flight(&self) -> bool {
        self.with(|state| state.in_flight()).unwrap_or(false)
    }

    /// Whether the polls of one instant passed all bounds.
    pub fn livelocked(&self) -> bool {
        self.with(|state| state.livelocked).unwrap_or(false)
    }

    /// The sockets that the application on the client's host still holds.
    pub fn client_sockets(&self) -> Vec<SocketAtEnd> {
        self.with(|state| state.client_sockets()).unwrap_or_default()
    }

    /// Wakes whoever drives the wire, to see that it has come to a livelock.
    pub(super) fn alarm(&self) {
        self.shared.touched.notify_one();
    }

    /// Waits until the wire may look different.
    pub async fn moved(&self) {
        self.shared.moved.notified().await;
    }

    /// Runs `f` on the state, puts what the hosts then have to send on the wire, and tells the driver.
    pub(super) fn act<R>(&self, f: impl FnOnce(&mut WireState, Millis) -> R) -> Option<R> {
        let now = self.now();
        self.with(|state| {
            let result = f(state, now);
            state.egress(now);
            if state.is_ahead_of_plan() {
                self.shared.touched.notify_one();
            }
            result
        })
    }

    /// Runs `f` on the state. `None` after the network was dropped.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut WireState) -> R) -> Option<R> {
        self.lock().as_mut().map(f)
    }

    fn lock(&self) -> MutexGuard<'_, Option<WireState>> {
        // A panic of a client under test inside a poll must not take the tap down with it.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which end of which connection a stream is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub connection: usize,
    pub side: Side,
}
