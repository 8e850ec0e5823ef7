//! Keeps a thread on one core while it lives.
//!
//! What goes over loopback waits in a queue of the core that sent it. A thread that is moved between two
//! calls has its segments in two queues, and which is emptied first is up to the scheduler.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The calling thread stays on one core until this is dropped, by the same thread.
pub struct OneCore {
    before: Option<CpuSet>,
}

impl OneCore {
    /// Picks one of the cores that the thread may use: another each time, so that parallel runs spread.
    ///
    /// Where the system does not let us, the thread stays free: the order within one instant may then differ
    /// between two bridged runs on a busy machine.
    pub fn stay() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let this_thread = Pid::from_raw(0);
        let before = sched_getaffinity(this_thread).ok().filter(|cores| {
            let usable: Vec<usize> =
                (0..CpuSet::count()).filter(|core| cores.is_set(*core).unwrap_or(false)).collect();
            let Some(core) = usable.get(NEXT.fetch_add(1, Relaxed) % usable.len().max(1)) else {
                return false;
            };
            let mut one = CpuSet::new();
            one.set(*core).is_ok() && sched_setaffinity(this_thread, &one).is_ok()
        });
        Self { before }
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        if let Some(cores) = &self.before {
            // It was allowed before, so it is allowed again.
            let _ = sched_setaffinity(Pid::from_raw(0), cores);
        }
    }
}
