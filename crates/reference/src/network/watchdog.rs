//! The read and write timeouts: they run while the socket is silent, not while the caller is busy.

use std::sync::Arc;
use std::time::Duration;

use closewait_simulator::client::Timeouts;
use tokio::time::{Instant, sleep_until};

use super::gate::Gate;
use crate::{Cause, Phase};

/// Resolves when the socket has been silent for too long, counted from now at the earliest.
pub(super) async fn silence(gate: Arc<Gate>, timeouts: Timeouts) -> Cause {
    let since = Instant::now();
    loop {
        let activity = gate.activity();
        let (phase, after, deadline) = match (activity.blocked_since, timeouts.write, timeouts.read) {
            (Some(blocked), Some(write), _) => (Phase::Write, write, blocked.max(since) + write),
            // Not the read timeout's affair, but it may become that any time.
            (Some(_), None, Some(read)) => (Phase::Read, read, Instant::now() + read),
            (None, _, Some(read)) => (Phase::Read, read, activity.last.max(since) + read),
            (None, Some(write), None) => (Phase::Write, write, Instant::now() + write),
            (_, None, None) => std::future::pending().await,
        };
        if Instant::now() >= deadline {
            return timeout(phase, after);
        }
        // The socket may stop taking bytes meanwhile.
        let recheck = timeouts.write.map_or(deadline, |write| Instant::now() + write);
        sleep_until(deadline.min(recheck)).await;
    }
}

pub(super) fn timeout(phase: Phase, after: Duration) -> Cause {
    Cause::Timeout { phase, after }
}
