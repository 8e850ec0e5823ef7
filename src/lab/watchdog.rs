//! Limits on a run: clients do spin and hang, and the suite goes on.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// When a run is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Virtual time: past it the script has stalled.
    pub virtual_time: Duration,
    /// Wall-clock time: past it something spins where no simulated socket is touched. Its thread is left behind.
    pub wall_clock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { virtual_time: Duration::from_secs(24 * 3600), wall_clock: Duration::from_secs(20) }
    }
}

/// How a supervised piece of work ended.
pub(super) enum Ended<T> {
    Done(T),
    Hung,
    Panicked(String),
}

/// Runs `work` on a thread of its own and waits for it no longer than `limit`, real time.
pub(super) fn supervise<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Ended<T> {
    let (done, result) = sync_channel(1);
    let thread = std::thread::Builder::new().name("closewait-run".to_owned());
    let thread = thread.spawn(move || {
        // A receiver that has given up is no reason to panic.
        let _ = done.send(work());
    });
    let thread = thread.expect("the system has threads to give");
    match result.recv_timeout(limit) {
        Ok(value) => {
            // Wait for the thread's own clean-up, so that runs do not pile up.
            let _ = thread.join();
            Ended::Done(value)
        }
        Err(RecvTimeoutError::Timeout) => Ended::Hung,
        Err(RecvTimeoutError::Disconnected) => {
            Ended::Panicked(thread.join().err().map(|panic| words_of(&*panic)).unwrap_or_default())
        }
    }
}

/// The message of a panic.
pub(super) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: Duration = Duration::from_secs(60);

    #[test]
    fn results_come_back() {
        assert!(matches!(supervise(PATIENT, || 7), Ended::Done(7)));
    }

    #[test]
    fn a_hang_is_told() {
        let (_keep, never) = sync_channel::<()>(0);
        assert!(matches!(supervise(Duration::from_millis(1), move || never.recv()), Ended::Hung));
    }

    #[test]
    fn a_panic_is_told() {
        let ended = supervise(PATIENT, || std::panic::resume_unwind(Box::new("broken")));
        let Ended::<()>::Panicked(message) = ended else { unreachable!("it cannot end otherwise") };
        assert_eq!(message, "broken");
    }
}
