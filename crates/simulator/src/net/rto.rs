//! When TCP retransmits, and when it gives up: the tables of Linux, in virtual time.
//!
//! RFC 6298 with Linux's limits (`tcp_retries2`, `tcp_syn_retries`, `tcp_synack_retries`). The first
//! timeout is fixed at the 200 ms minimum: latencies here are too small and steady for an estimate to matter.

use closewait_trace::Millis;

/// Timeouts for one kind of segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    first: Millis,
    longest: Millis,
    retries: u32,
}

/// Data and FIN: 200 ms doubling to 120 s, 15 retries, so 924.6 s in all.
pub(super) const DATA: Schedule = Schedule { first: 200, longest: 120_000, retries: 15 };
/// Asking a peer with a closed window whether it has opened: as often as data would go again.
pub(super) const PROBE: Schedule = DATA;
/// SYN: 1 s doubling, 6 retries, so 127 s in all.
pub(super) const SYN: Schedule = Schedule { first: 1_000, longest: 120_000, retries: 6 };
/// SYN-ACK: 1 s doubling, 5 retries, so 63 s in all.
pub(super) const SYN_ACK: Schedule = Schedule { first: 1_000, longest: 120_000, retries: 5 };

/// More would overflow, and is past every limit.
const MOST_DOUBLINGS: u32 = 20;

/// A running retransmission timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timer {
    schedule: Schedule,
    attempts: u32,
    backoff: u32,
    /// When it fires next.
    pub due: Millis,
}

/// What to do when the timer has fired.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fired {
    /// Send the oldest unacknowledged segment again.
    Retransmit,
    /// The peer is gone: `ETIMEDOUT`.
    GiveUp,
}

impl Timer {
    pub fn start(schedule: Schedule, now: Millis) -> Self {
        Self { schedule, attempts: 0, backoff: 0, due: now + schedule.first }
    }

    /// Whether something was retransmitted since the last acknowledgement that made progress.
    pub fn is_recovering(&self) -> bool {
        self.attempts > 0
    }

    /// The peer is there, though what is waited for did not come: it is not given up, and not asked more often.
    pub fn hear(&mut self) {
        self.attempts = 0;
    }

    pub fn fire(&mut self, now: Millis) -> Fired {
        if self.attempts == self.schedule.retries {
            return Fired::GiveUp;
        }
        self.attempts += 1;
        self.backoff = (self.backoff + 1).min(MOST_DOUBLINGS);
        let doubled = self.schedule.first << self.backoff;
        self.due = now + doubled.min(self.schedule.longest);
        Fired::Retransmit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: Schedule, retransmissions: &[Millis], gives_up: Millis) {
        let mut timer = Timer::start(schedule, 0);
        let mut seen = Vec::new();
        loop {
            let now = timer.due;
            match timer.fire(now) {
                Fired::Retransmit => seen.push(now),
                Fired::GiveUp => {
                    assert_eq!((seen.as_slice(), now), (retransmissions, gives_up));
                    return;
                }
            }
        }
    }

    #[test]
    fn data_follows_tcp_retries2() {
        let at = [
            200, 600, 1_400, 3_000, 6_200, 12_600, 25_400, 51_000, 102_200, 204_600, 324_600, 444_600,
            564_600, 684_600, 804_600,
        ];
        check(DATA, &at, 924_600);
    }

    #[test]
    fn syn_follows_tcp_syn_retries() {
        check(SYN, &[1_000, 3_000, 7_000, 15_000, 31_000, 63_000], 127_000);
    }

    #[test]
    fn syn_ack_follows_tcp_synack_retries() {
        check(SYN_ACK, &[1_000, 3_000, 7_000, 15_000, 31_000], 63_000);
    }
}
