//! Limits on runs: clients do spin and hang, and the suite goes on.

use std::collections::VecDeque;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::broken::throw;
use crate::machine;
use crate::net::Waited;

/// When a run is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Virtual time, beyond the waits and deadlines of the script itself: past it the script has stalled.
    pub virtual_time: Duration,
    /// Wall-clock time: past it something spins where no simulated socket is touched, or blocks its thread. The thread is left behind. It
    /// begins anew whenever the lab itself waits for loopback, and while the machine gave the thread too little of its time to say so.
    pub wall_clock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { virtual_time: Duration::from_secs(24 * 3600), wall_clock: Duration::from_secs(20) }
    }
}

/// The name of a thread that plays runs: a panic that is printed names it.
pub(super) const THREAD: &str = "closewait-run";

/// How a supervised job ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended<T> {
    Done(T),
    Hung,
    Panicked(String),
}

/// Does jobs one after the other on a thread of its own. A job that takes longer than `limit`, real time since it last added to
/// `waited`, is left behind with its thread, and a new thread goes on with the next.
pub(super) struct Supervisor<J, T> {
    waiting: VecDeque<J>,
    work: fn(J) -> T,
    limit: Duration,
    waited: Waited,
    worker: Option<Worker<T>>,
}

/// A thread that does jobs.
struct Worker<T> {
    results: Receiver<Ended<T>>,
    /// Where the kernel says how long it has run, once it has begun.
    scheduled: Arc<OnceLock<PathBuf>>,
}

impl<T> Worker<T> {
    /// How long the thread has run on a processor; `None` where the kernel does not say (it takes Linux).
    fn spent(&self) -> Option<Duration> {
        let told = fs::read_to_string(self.scheduled.get()?).ok()?;
        told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    }
}

impl<J: Send + 'static, T: Send + 'static> Supervisor<J, T> {
    pub fn new(jobs: impl IntoIterator<Item = J>, work: fn(J) -> T, limit: Duration, waited: Waited) -> Self {
        Self { waiting: jobs.into_iter().collect(), work, limit, waited, worker: None }
    }
}

impl<J: Clone + Send + 'static, T: Send + 'static> Iterator for Supervisor<J, T> {
    type Item = Ended<T>;

    fn next(&mut self) -> Option<Ended<T>> {
        if self.waiting.is_empty() {
            return None;
        }
        let worker = self.worker.get_or_insert_with(|| spawn(self.waiting.clone(), self.work));
        let next = || worker.results.recv_timeout(self.limit);
        let ended = match receive(&self.waited, self.limit, || worker.spent(), next) {
            Ok(ended) => ended,
            Err(RecvTimeoutError::Timeout) => Ended::Hung,
            Err(RecvTimeoutError::Disconnected) => {
                Ended::Panicked("the thread of the run is gone".to_owned())
            }
        };
        self.waiting.pop_front();
        if !matches!(ended, Ended::Done(_)) {
            // Whatever state the thread is in, nobody builds on it.
            self.worker = None;
        }
        Some(ended)
    }
}

/// The next result, or a timeout during which nothing was added to `waited`, and the thread did nothing or has `spent` most of the
/// limit: on a busy machine a nap takes longer than it says, and so does work.
fn receive<T>(
    waited: &Waited,
    limit: Duration,
    spent: impl Fn() -> Option<Duration>,
    mut next: impl FnMut() -> Result<T, RecvTimeoutError>,
) -> Result<T, RecvTimeoutError> {
    let began = spent();
    let mut before = (waited.load(Relaxed), began);
    loop {
        let result = next();
        let now = (waited.load(Relaxed), spent());
        // A thread that had not begun at the first look had spent nothing.
        let [began, last] = [began, before.1].map(Option::unwrap_or_default);
        let works = now.1.is_some_and(|now| last < now && now.saturating_sub(began) < limit.mul_f64(MOST));
        if !matches!(result, Err(RecvTimeoutError::Timeout)) || (now.0 == before.0 && !works) {
            return result;
        }
        before = now;
    }
}

/// Who spins has most of a processor where there is nobody else.
const MOST: f64 = 0.5;

/// Starts a thread that does the jobs in order, until one panics or nobody listens any more.
fn spawn<J: Send + 'static, T: Send + 'static>(jobs: VecDeque<J>, work: fn(J) -> T) -> Worker<T> {
    // A few ahead of whoever takes the results, so that neither waits for the other at each; not all of them.
    let (done, results) = sync_channel(16);
    let thread = std::thread::Builder::new().name(THREAD.to_owned());
    let scheduled = Arc::new(OnceLock::new());
    let place = scheduled.clone();
    let spawned = thread.spawn(move || {
        if let Ok(thread) = fs::read_link("/proc/thread-self") {
            let _ = place.set(PathBuf::from("/proc").join(thread).join("schedstat"));
        }
        for job in jobs {
            let ended = match catch_unwind(AssertUnwindSafe(|| work(job))) {
                Ok(value) => Ended::Done(value),
                Err(panic) => Ended::Panicked(words_of(&*panic)),
            };
            let is_last = !matches!(ended, Ended::Done(_));
            if done.send(ended).is_err() || is_last {
                return;
            }
        }
    });
    if let Err(error) = spawned {
        throw(machine::no_thread(&error));
    }
    Worker { results, scheduled }
}

/// The message of a panic.
pub(super) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(jobs: &[&'static str], expected: &[Ended<usize>]) {
        let work = |job: &'static str| match job {
            "hang" => loop {
                std::thread::park();
            },
            "panic" => std::panic::resume_unwind(Box::new("broken")),
            job => job.len(),
        };
        // Long for a job that does nothing, also on a busy machine.
        let limit = Duration::from_secs(if jobs.contains(&"hang") { 5 } else { 60 });
        let jobs = jobs.iter().copied();
        let ended: Vec<_> = Supervisor::new(jobs, work, limit, Waited::default()).collect();
        assert_eq!(ended, expected);
    }

    #[test]
    fn results_come_in_order() {
        check(&["a", "bb", "ccc"], &[Ended::Done(1), Ended::Done(2), Ended::Done(3)]);
        check(&[], &[]);
    }

    #[test]
    fn the_rest_goes_on_after_a_hang() {
        check(&["a", "hang", "ccc"], &[Ended::Done(1), Ended::Hung, Ended::Done(3)]);
    }

    #[test]
    fn the_limit_begins_anew_while_the_lab_waits() {
        let received = |waits: u64, expected| {
            let (waited, mut timeouts) = (Waited::default(), 0);
            let result = receive(
                &waited,
                Duration::from_secs(20),
                || None,
                || {
                    timeouts += 1;
                    waited.fetch_add(u64::from(timeouts <= waits), Relaxed);
                    if timeouts > 5 { Ok(()) } else { Err(RecvTimeoutError::Timeout) }
                },
            );
            assert_eq!((result, timeouts), expected);
        };
        received(0, (Err(RecvTimeoutError::Timeout), 1));
        received(2, (Err(RecvTimeoutError::Timeout), 3));
        received(5, (Ok(()), 6));
    }

    #[test]
    fn who_is_slow_is_not_hung() {
        // Seconds on a processor at the beginning, and after each timeout of twenty seconds.
        let given_up_after = |spent: &[u64], expected: usize| {
            let timeouts = std::cell::Cell::new(0);
            let spent = || spent.get(timeouts.get()).copied().map(Duration::from_secs);
            let result = receive(&Waited::default(), Duration::from_secs(20), spent, || {
                timeouts.set(timeouts.get() + 1);
                Err::<(), _>(RecvTimeoutError::Timeout)
            });
            assert_eq!((result, timeouts.get()), (Err(RecvTimeoutError::Timeout), expected));
        };
        given_up_after(&[0, 20], 1);
        given_up_after(&[3, 3], 1);
        given_up_after(&[0, 0], 1);
        given_up_after(&[3, 5, 7, 9, 11, 13, 15], 5);
        given_up_after(&[3, 5, 5], 2);
        given_up_after(&[], 1);
    }

    #[test]
    fn the_rest_goes_on_after_a_panic() {
        check(&["panic", "bb"], &[Ended::Panicked("broken".to_owned()), Ended::Done(2)]);
    }
}
