//! Programs take most of a processor while they start: as many at once as there are processors.

use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread::available_parallelism;

static FREE: LazyLock<(Mutex<usize>, Condvar)> =
    LazyLock::new(|| (Mutex::new(available_parallelism().map_or(1, usize::from)), Condvar::new()));

/// The right to start a program.
pub(crate) struct Start(());

impl Start {
    /// Waits until there is room.
    pub fn wait() -> Self {
        let (free, changed) = &*FREE;
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = changed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self(())
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let (free, changed) = &*FREE;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        changed.notify_one();
    }
}
