//! Waiting in real time, with a limit.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long nothing may move, real time, before the lab gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Looks that only let other threads run in between: the kernel's own are enough for most of what is late.
const YIELDS: u32 = 16;

const SHORTEST_NAP: Duration = Duration::from_micros(20);
const LONGEST_NAP: Duration = Duration::from_millis(1);

/// How long a run has waited for loopback, for whoever limits its real time.
pub type Waited = Arc<AtomicU64>;

/// What a look at loopback found.
pub(super) enum Motion {
    AtRest,
    /// What is under way, and a number that changes whenever something arrives.
    UnderWay(&'static str, u64),
}

/// Waits, and remembers for how long, and why it gave up if it did.
#[derive(Default)]
pub(super) struct Patience {
    waited: Waited,
    lost: OnceLock<&'static str>,
}

impl Patience {
    /// Counts what it waits into `waited`, µs.
    pub fn new(waited: Waited) -> Self {
        Self { waited, lost: OnceLock::new() }
    }

    /// What never arrived.
    pub fn lost(&self) -> Option<&'static str> {
        self.lost.get().copied()
    }

    /// Returns when `look` finds loopback at rest, or when it has seen nothing move for too long: then for good.
    ///
    /// Time is what was slept. The clock that `std` reads is not asked: in a run it may be virtual.
    pub fn wait(&self, mut look: impl FnMut() -> Motion) {
        let (mut idle, mut last) = (Duration::ZERO, None);
        for turn in 0.. {
            let Motion::UnderWay(what, progress) = look() else { return };
            if last.replace(progress) != Some(progress) {
                idle = Duration::ZERO;
            }
            if self.lost.get().is_some() {
                return;
            }
            if idle >= LIMIT {
                let _ = self.lost.set(what);
                return;
            }
            idle += self.nap(turn);
        }
    }

    fn nap(&self, turn: u32) -> Duration {
        if turn < YIELDS {
            std::thread::yield_now();
            return Duration::ZERO;
        }
        let nap = SHORTEST_NAP.saturating_mul(1 << (turn - YIELDS).min(8)).min(LONGEST_NAP);
        std::thread::sleep(nap);
        self.waited.fetch_add(nap.as_micros() as u64, Relaxed);
        nap
    }
}
