//! One connection, as the pool sees it.

use std::time::Duration;

use super::limits::advertised_idle;
use super::streams::Streams;
use super::{CloseReason, Limits, Ticket};
use crate::defect::{Defect, Defects};

#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub state: ConnectionState,
    /// When its dial began.
    pub born: Duration,
    /// When its last byte was read.
    pub quiet_since: Duration,
    /// `Keep-Alive: timeout` of its last response.
    pub keep_alive: Option<Duration>,
    /// Requests that were written on it.
    pub uses: u64,
    /// It ended while it was leased.
    pub ended: bool,
    /// Of a shared connection; `None` of any other.
    pub streams: Option<Streams>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// Being dialled for a request that waits.
    Dialing { ticket: Ticket, late: bool },
    /// Idle until a moment ago: being looked at before it is leased.
    Looking { ticket: Ticket },
    /// In the hands of a request.
    Leased { ticket: Ticket, since: Duration },
    /// Free.
    Idle,
    /// Several requests may have it at a time.
    Shared,
}

impl Connection {
    pub fn dial(now: Duration, ticket: Ticket) -> Self {
        Self {
            state: ConnectionState::Dialing { ticket, late: false },
            born: now,
            quiet_since: now,
            keep_alive: None,
            uses: 0,
            ended: false,
            streams: None,
        }
    }

    /// No request has it.
    pub fn is_idle(&self) -> bool {
        match &self.streams {
            Some(streams) => !streams.is_busy(),
            None => self.is_free(),
        }
    }

    /// One request can have it to itself.
    pub fn is_free(&self) -> bool {
        self.state == ConnectionState::Idle
    }

    /// Who has the connection to itself, or will have it.
    pub fn ticket(&self) -> Option<Ticket> {
        match self.state {
            ConnectionState::Dialing { ticket, .. }
            | ConnectionState::Looking { ticket }
            | ConnectionState::Leased { ticket, .. } => Some(ticket),
            ConnectionState::Idle | ConnectionState::Shared => None,
        }
    }

    /// From when on it must not be leased again, and why.
    pub fn expiry(&self, limits: &Limits, defects: Defects) -> (Duration, CloseReason) {
        let since = if defects.has(Defect::IdleClockNotReset) { self.born } else { self.quiet_since };
        let unit = if defects.has(Defect::IdleLimitInWrongUnit) { 1000 } else { 1 };
        let own = limits.idle.saturating_mul(unit);
        let advertised = self.keep_alive.filter(|_| !defects.has(Defect::IgnoresKeepAliveTimeout));
        let idle = advertised.map_or(own, |timeout| own.min(advertised_idle(timeout)));
        let idle = since.saturating_add(idle);
        let age = self.born.saturating_add(limits.lifetime);
        if age < idle { (age, CloseReason::Lifetime) } else { (idle, CloseReason::Idle) }
    }

    /// When a shared connection is to be looked at again.
    pub fn shared_deadline(&self, limits: &Limits, defects: Defects) -> Option<Duration> {
        let streams = self.streams.as_ref()?;
        let lifetime = || self.born.saturating_add(limits.lifetime);
        let expiry = match streams.is_busy() {
            true => (!streams.draining).then(lifetime),
            false => Some(self.expiry(limits, defects).0),
        };
        let asks = !(streams.draining && defects.has(Defect::StopsPingsAfterGoaway));
        let keep_alive = streams.keep_alive.deadline(streams.is_busy(), limits, defects).filter(|_| asks);
        expiry.into_iter().chain(keep_alive).min()
    }
}
