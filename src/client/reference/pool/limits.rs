//! What bounds a pool.

use std::time::Duration;

/// The limits of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// At most this many connections at any time, dials included. At least 1.
    pub max_connections: usize,
    /// At most this many idle connections.
    pub max_idle: usize,
    /// An idle connection is closed after this long.
    pub idle: Duration,
    /// A connection is not used again when it is older than this.
    pub lifetime: Duration,
    /// A request whose dial takes longer than this takes an idle connection instead, should one come free.
    pub late_dial: Duration,
}

impl Default for Limits {
    /// Idle connections go well before the 60 s at which common servers and load balancers hang up.
    fn default() -> Self {
        Self {
            max_connections: usize::MAX,
            max_idle: usize::MAX,
            idle: Duration::from_secs(45),
            lifetime: Duration::from_secs(3600),
            late_dial: Duration::from_secs(1),
        }
    }
}

/// The most that is subtracted from an advertised timeout.
const MARGIN: Duration = Duration::from_millis(500);

/// How long a connection may be idle whose origin advertises `Keep-Alive: timeout`: less by what a FIN
/// may take on its way, but never by more than a quarter.
pub(super) fn advertised_idle(timeout: Duration) -> Duration {
    timeout - MARGIN.min(timeout / 4)
}
