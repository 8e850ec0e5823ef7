//! What the machine does not give: descriptors, ports, threads, loopback.
//!
//! A bridged client has real sockets of its own, and gets the same errors as the lab. Which run an error belongs to is not known
//! where it is met, and need not be: what one run of a process lacks, all lack that are under way.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use closewait_system::shortage;
use closewait_trace::Broken;

/// How many troubles were met, and the last of them.
static MET: Mutex<(u64, String)> = Mutex::new((0, String::new()));

/// Takes down an error if it is the machine's. True if it is.
pub(crate) fn note(error: &io::Error) -> bool {
    let Some(remedy) = shortage(error) else { return false };
    let mut met = met();
    met.0 += 1;
    met.1 = format!("{error}; {remedy}");
    true
}

/// An error of the lab's own sockets: there is no other way on.
pub(crate) fn broken(error: &io::Error) -> Broken {
    let remedy = shortage(error).map(|remedy| format!("; {remedy}"));
    Broken::Machine(format!("{error}{}", remedy.unwrap_or_default()))
}

/// No thread can be had.
pub(crate) fn no_thread(error: &io::Error) -> Broken {
    Broken::Machine(format!("{error}; raise the limit on threads and processes, `ulimit -u` or `pids.max`"))
}

/// Troubles from now on.
pub(crate) struct Watch(u64);

impl Watch {
    pub fn start() -> Self {
        Self(met().0)
    }

    /// The last that was met since the start.
    pub fn trouble(&self) -> Option<Broken> {
        let met = met();
        (met.0 > self.0).then(|| Broken::Machine(met.1.clone()))
    }
}

fn met() -> MutexGuard<'static, (u64, String)> {
    MET.lock().unwrap_or_else(PoisonError::into_inner)
}
