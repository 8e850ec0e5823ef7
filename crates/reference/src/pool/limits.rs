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
    /// The origin is expected to take several requests on a connection: they wait for one dial together.
    pub shares: bool,
    /// A shared connection of which nothing was read for this long is pinged; `None` is never.
    pub ping_interval: Option<Duration>,
    /// It is dead if nothing is read for this long after a ping.
    pub ping_timeout: Duration,
    /// It is pinged also while no stream is open.
    pub ping_while_idle: bool,
    /// How long a request waits for a connection in doubt to prove alive before another one is dialled.
    pub doubt: Duration,
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
            shares: false,
            ping_interval: None,
            ping_timeout: Duration::from_secs(20),
            ping_while_idle: false,
            // As OkHttp's wait for the pong of a degraded connection.
            doubt: Duration::from_secs(1),
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
