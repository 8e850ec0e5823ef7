//! Each run in a process of its own.
//!
//! What a client leaves to chance may follow from what its process did before: `tokio::select!` counts runtimes, fastrand takes the number
//! of its thread, a static is set once. In a copy of a process that has played nothing, all of that is the same in every run. A client that
//! crashes or ends the process takes one run with it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use closewait_simulator::lab::attempt;
use closewait_system::{Lost, Zygote};
use closewait_trace::{Broken, End, Trace};
use serde::{Deserialize, Serialize};

use super::handover::{pack, unpack};
#[cfg(feature = "tls")]
use crate::tls::make_certificates;

/// Real time after which a copy is given up. The lab's own watchdog, which knows when it waits for loopback, ends a run that hangs: this
/// is for a process that stands still as a whole.
const LIMIT: Duration = Duration::from_secs(600);

/// Which run is to be played.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Which {
    pub suite: usize,
    pub part: usize,
    /// 0 is the scenario's, 1 its control's.
    pub run: usize,
}

/// Processes that stand ready to be copied.
pub(super) struct Processes {
    idle: Mutex<Vec<Zygote>>,
    returned: Condvar,
}

impl Processes {
    /// So many. To be called before anything has started a thread: `None` where one was started, or where the platform cannot copy.
    pub fn start(count: usize, run: impl Fn(Which) -> Trace + Copy) -> Option<Self> {
        // A copy that made them would do so in each run.
        #[cfg(feature = "tls")]
        make_certificates();
        let play = |request: &[u8]| {
            let which: Which = serde_json::from_slice(request).expect("it was written by `play`");
            pack(attempt(|| run(which)))
        };
        let zygotes: Option<Vec<Zygote>> =
            (0..count.max(1)).map(|_| Zygote::start(LIMIT, play).ok().flatten()).collect();
        Some(Self { idle: Mutex::new(zygotes?), returned: Condvar::new() })
    }

    /// Plays a run in a fresh copy, as soon as one of the processes is idle.
    ///
    /// # Errors
    /// It says nothing of the client.
    pub fn play(&self, which: Which) -> Result<Trace, Broken> {
        let request = serde_json::to_vec(&which).expect("numbers are JSON");
        let mut zygote = self.take();
        let answer = zygote.ask(&request);
        self.idle().push(zygote);
        self.returned.notify_one();
        match answer {
            Ok(trace) => unpack(trace).expect("it was written by a copy of this process"),
            Err(Lost::Late) => Ok(stopped(End::Hang)),
            Err(lost @ Lost::Io(_)) => Err(Broken::Machine(lost.to_string())),
            Err(lost) => Ok(stopped(End::Panic { message: lost.to_string() })),
        }
    }

    fn take(&self) -> Zygote {
        let idle = self.returned.wait_while(self.idle(), |idle| idle.is_empty());
        idle.unwrap_or_else(PoisonError::into_inner).pop().expect("one is idle")
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Zygote>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was recorded went with the process.
fn stopped(end: End) -> Trace {
    Trace {
        events: Vec::new(),
        records: Vec::new(),
        end,
        sockets: Vec::new(),
        panics: Vec::new(),
        retries: None,
        untried: Vec::new(),
        unsupported: None,
    }
}
