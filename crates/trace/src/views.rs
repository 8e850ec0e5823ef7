//! All views over one trace, computed once.

use std::collections::BTreeMap;
use std::time::Duration;

use closewait_scenario::ClientSettings;

use super::staleness::{Limits, PingPolicy};
use super::{Connection, Connections, Millis, Requests, Staleness, Trace, staleness};

/// All views over one trace.
#[derive(Debug, Clone)]
pub struct Views {
    /// Per connection.
    pub connections: Connections,
    /// Per request.
    pub requests: Requests,
    /// The instant of the last event, milliseconds.
    pub end: Millis,
    stale: BTreeMap<u32, Vec<Staleness>>,
}

impl Views {
    /// Reads a trace. The settings tell the client's own timeouts.
    pub fn of(trace: &Trace, settings: &ClientSettings) -> Self {
        let connections = Connections::of(trace);
        let requests = Requests::of(trace, &connections);
        let end = trace.events.iter().map(|event| event.at).max().unwrap_or_default();
        let limits = Limits {
            idle: settings.idle_timeout.map(millis),
            ping: settings.ping_timeout.map(millis),
            policy: settings.ping_interval.zip(settings.ping_timeout).map(|(interval, timeout)| PingPolicy {
                interval: millis(interval),
                timeout: millis(timeout),
                while_idle: settings.ping_while_idle,
            }),
        };
        let stale =
            |connection: &Connection| (connection.number, staleness::of(connection, &requests, limits, end));
        let stale = connections.iter().map(stale).collect();
        Self { connections, requests, end, stale }
    }

    /// From when on the connection was stale for the client.
    pub fn stale_since(&self, connection: u32) -> Option<&Staleness> {
        self.staleness(connection).first()
    }

    /// Every reason why the connection was stale for the client, in the order of their instants.
    pub fn staleness(&self, connection: u32) -> &[Staleness] {
        self.stale.get(&connection).map_or(&[], Vec::as_slice)
    }
}

/// Whole milliseconds of a duration.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
