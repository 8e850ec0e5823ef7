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
pub(super) struct Patience {
    waited: Waited,
    sleep: fn(Duration),
    given_up: OnceLock<String>,
}

impl Patience {
    /// Counts what it waits into `waited`, µs.
    pub fn new(waited: Waited) -> Self {
        Self { waited, sleep: std::thread::sleep, given_up: OnceLock::new() }
    }

    /// Why the lab gave up, if it did.
    pub fn given_up(&self) -> Option<&str> {
        self.given_up.get().map(String::as_str)
    }

    /// Gives up: the run means nothing.
    pub fn give_up(&self, why: String) {
        let _ = self.given_up.set(why);
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
            if idle >= LIMIT {
                let limit = LIMIT.as_secs();
                self.give_up(format!(
                    "loopback did not come to rest: after {limit} s of real time {what} had not arrived"
                ));
            }
            if self.given_up.get().is_some() {
                return;
            }
            idle += self.nap(turn);
        }
    }

    fn nap(&self, turn: u32) -> Duration {
        if turn < YIELDS {
            std::thread::yield_now();
            // Next to nothing, unless others have the processor: whoever limits real time hears of it too.
            self.waited.fetch_add(1, Relaxed);
            return Duration::ZERO;
        }
        let nap = SHORTEST_NAP.saturating_mul(1 << (turn - YIELDS).min(8)).min(LONGEST_NAP);
        (self.sleep)(nap);
        self.waited.fetch_add(nap.as_micros() as u64, Relaxed);
        nap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something arrives at each of the first `moves` looks, and loopback is at rest from look `rest` on. How many looks it takes.
    fn check(moves: u64, rest: u64, looks: impl Fn(u64) -> bool, given_up: Option<&str>) {
        let (waited, given) = (Waited::default(), OnceLock::new());
        let patience = Patience { waited: waited.clone(), sleep: |_| (), given_up: given };
        let mut look = 0;
        patience.wait(|| {
            look += 1;
            if look > rest { Motion::AtRest } else { Motion::UnderWay("a FIN", look.min(moves)) }
        });
        assert!(looks(look), "{look} looks");
        assert_eq!(patience.given_up(), given_up);
        assert_eq!(waited.load(Relaxed) > 0, look > 1, "each wait is counted");
    }

    #[test]
    fn waits_until_loopback_is_at_rest() {
        check(0, 0, |looks| looks == 1, None);
        check(0, 1, |looks| looks == 2, None);
        check(0, 5_000, |looks| looks == 5_001, None);
    }

    #[test]
    fn gives_up_when_nothing_moves_any_more() {
        let reason = "loopback did not come to rest: after 10 s of real time a FIN had not arrived";
        check(0, u64::MAX, |looks| (10_000..10_100).contains(&looks), Some(reason));
        check(40_000, u64::MAX, |looks| (50_000..50_100).contains(&looks), Some(reason));
    }

    #[test]
    fn has_no_limit_while_something_moves() {
        check(100_000, 100_000, |looks| looks == 100_001, None);
    }
}
