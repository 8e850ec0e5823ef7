//! The timers of the lab. tokio does not tell when its next one is due, and whoever lets virtual time go on no faster than real time
//! has to know.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

thread_local! {
    static DUE: RefCell<BTreeSet<(Instant, u64)>> = const { RefCell::new(BTreeSet::new()) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// As `tokio::time::sleep`.
pub(crate) async fn sleep(duration: Duration) {
    sleep_until(Instant::now() + duration).await;
}

/// As `tokio::time::sleep_until`.
pub(crate) async fn sleep_until(due: Instant) {
    let _known = Known::until(due);
    tokio::time::sleep_until(due).await;
}

/// When the next timer of this thread is due.
#[cfg_attr(
    not(all(feature = "kernel", target_os = "linux")),
    expect(dead_code, reason = "nobody waits in real time")
)]
pub(crate) fn next_due() -> Option<Instant> {
    DUE.with_borrow(|due| due.first().map(|(due, _)| *due))
}

/// A timer that somebody waits for.
struct Known((Instant, u64));

impl Known {
    fn until(due: Instant) -> Self {
        let known = (due, COUNT.replace(COUNT.get() + 1));
        DUE.with_borrow_mut(|due| due.insert(known));
        Self(known)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        // A thread that ends has none any more.
        let _ = DUE.try_with(|due| due.borrow_mut().remove(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_is_known_while_somebody_waits_for_it() {
        let begun = Instant::now();
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(next_due(), None);
        tokio::select! {
            () = sleep(minute) => unreachable!("a second is shorter"),
            () = async {
                sleep(second).await;
                assert_eq!(next_due(), Some(begun + minute));
            } => {}
        }
        assert_eq!(next_due(), None);
    }
}
