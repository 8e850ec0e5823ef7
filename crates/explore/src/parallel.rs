//! The same for each of many, on several threads.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

/// Does something; where it panics, `stop` comes first, so that nobody begins more of it.
pub(crate) fn or_stop<T>(stop: impl FnOnce(), work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        stop();
        resume_unwind(panic)
    })
}

/// Waits for threads, and panics as the first of them that did: a scope alone would not say how.
pub(crate) fn join(threads: Vec<ScopedJoinHandle<'_, ()>>) {
    for thread in threads {
        thread.join().unwrap_or_else(|panic| resume_unwind(panic));
    }
}

/// Does `work` for each item on so many threads (at least one). The results are in the order of the items.
pub fn parallel<T: Sync, R: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        let player = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return };
                let result = or_stop(|| next.store(items.len(), Ordering::Relaxed), || work(item));
                results.lock().expect("nobody panics with this lock").push((index, result));
            }
        };
        join((0..threads.max(1)).map(|_| scope.spawn(player)).collect());
    });
    let mut results = results.into_inner().expect("nobody panics with this lock");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_through_as_it_was_and_ends_the_rest() {
        let done = AtomicUsize::new(0);
        let items: Vec<usize> = (0..10_000).collect();
        let work = |item: &usize| match item {
            0 => resume_unwind(Box::new("the first")),
            _ => {
                std::thread::sleep(std::time::Duration::from_millis(1));
                done.fetch_add(1, Ordering::Relaxed)
            }
        };
        let caught = catch_unwind(AssertUnwindSafe(|| parallel(2, &items, work)));
        let panic = caught.expect_err("it panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"the first"));
        assert!(done.into_inner() < items.len() / 2, "nobody goes on");
    }
}
