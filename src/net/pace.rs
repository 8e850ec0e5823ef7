//! Keeps virtual time from running ahead of real sockets.
//!
//! A paused tokio clock jumps to the next timer whenever the runtime goes idle, even if the same look at
//! epoll brought events: they would be handled at the later instant. So before every jump the event loop
//! turns a few more times, and again whenever the bridge has carried something.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Quiet turns of the event loop before time may go on. The longest chain without the bridge's notice is
/// two: a timer makes the client close its socket, epoll tells the bridge.
const QUIET_TURNS: u32 = 4;

/// Counts quiet turns of the event loop within one instant.
#[derive(Default)]
pub struct Pace {
    carried: AtomicBool,
    quiet: AtomicU32,
    instant: Mutex<Option<Instant>>,
    turn: Notify,
}

impl Pace {
    /// Something crossed the bridge.
    pub fn touch(&self) {
        self.carried.store(true, Relaxed);
    }

    /// To be called whenever the runtime is about to go idle. Waking [`Pace::keep`] makes tokio look
    /// at epoll without advancing the clock.
    pub fn before_idle(&self) {
        let now = Instant::now();
        let mut instant = self.instant.lock().expect("nobody panics with this lock");
        if self.carried.swap(false, Relaxed) || *instant != Some(now) {
            *instant = Some(now);
            self.quiet.store(0, Relaxed);
        }
        if self.quiet.fetch_add(1, Relaxed) < QUIET_TURNS {
            self.turn.notify_one();
        }
    }

    /// Takes the wake-ups of [`Pace::before_idle`], for ever. Poll it in the main task of the runtime.
    pub async fn keep(self: Arc<Self>) {
        loop {
            self.turn.notified().await;
        }
    }
}
