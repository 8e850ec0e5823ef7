//! When a shared connection is asked whether it lives (RFC 9113 section 6.7), and what its silence means.
//!
//! Whatever is read is a sign of life, as in gRPC's keep-alive (gRFC A8): it answers the ping that is outstanding and
//! moves the next one. A ping that was sent is followed to its end, also when nothing is in flight any more.

use std::time::Duration;

use super::Limits;
use crate::defect::{Defect, Defects};

/// How one connection is known to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeepAlive {
    /// When something was last read.
    pub heard: Duration,
    /// When the ping was sent that nothing has answered yet.
    pub asked: Option<Duration>,
    /// Why it gets no streams until something is read, if so.
    pub doubt: Option<Doubt>,
}

/// A stream was given up of which, and during which, nothing was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// An answer may be on its way: who wants the connection waits.
    Young,
    /// Nobody waits for it any more.
    Old,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Send a ping.
    Ask,
    /// Take the connection for dead.
    Dead,
}

impl KeepAlive {
    pub fn since(now: Duration) -> Self {
        Self { heard: now, asked: None, doubt: None }
    }

    pub fn hear(&mut self, now: Duration, defects: Defects) {
        if defects.has(Defect::PingTimerNotReset) && self.asked.is_some() {
            return;
        }
        *self = Self::since(now);
    }

    /// Whether the connection has said nothing since.
    pub fn is_silent_since(&self, instant: Duration) -> bool {
        self.heard <= instant
    }

    /// When to look again at what is due, if nothing happens until then.
    pub fn deadline(&self, busy: bool, limits: &Limits, defects: Defects) -> Option<Duration> {
        let Some(asked) = self.asked else {
            let idle_too = limits.ping_while_idle && !defects.has(Defect::PingsOnlyWhenBusy);
            let interval = limits.ping_interval.filter(|_| busy || idle_too);
            return interval.map(|interval| self.heard.saturating_add(interval));
        };
        let dead = asked.saturating_add(limits.ping_timeout);
        let dead = (!defects.has(Defect::KeepsUnanswered)).then_some(dead);
        let old = (self.doubt == Some(Doubt::Young)).then(|| asked.saturating_add(limits.doubt));
        dead.into_iter().chain(old).min()
    }

    pub fn due(&self, now: Duration, busy: bool, limits: &Limits, defects: Defects) -> Due {
        match self.asked {
            Some(asked) if now >= asked.saturating_add(limits.ping_timeout) => {
                if defects.has(Defect::KeepsUnanswered) { Due::Nothing } else { Due::Dead }
            }
            Some(_) => Due::Nothing,
            None if self.deadline(busy, limits, defects).is_some_and(|deadline| now >= deadline) => Due::Ask,
            None => Due::Nothing,
        }
    }

    /// Who waits for an answer has waited long enough.
    pub fn grow_old(&mut self, now: Duration, limits: &Limits) {
        let old = self.asked.is_some_and(|asked| now >= asked.saturating_add(limits.doubt));
        if old && self.doubt == Some(Doubt::Young) {
            self.doubt = Some(Doubt::Old);
        }
    }
}
