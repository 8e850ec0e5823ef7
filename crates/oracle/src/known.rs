//! What a client can know, and by when it must. It knows what reached its host once it had its turn: in virtual time that is
//! over with the instant.

use closewait_trace::http2::Setting;
use closewait_trace::{Connection, Direction, Fate, Millis, Moment, StaleReason, What};

use super::case::Case;
use super::interval::Known;

/// What a client knows of a connection that it is not to use any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stale<'a> {
    pub known: Known,
    pub reason: &'a StaleReason,
    /// The event that made it so, or from which the time counts that did.
    pub event: usize,
}

impl<'a> Case<'a> {
    /// When the client knew what reached its host at a moment.
    pub fn known(&self, moment: Moment) -> Known {
        Known { earliest: moment, latest: self.turn_end(moment.at) }
    }

    /// Since when the connection was stale for the client. It must know by the end of its turn, or as soon as it
    /// reports to a caller what came with the signal or behind it.
    pub fn stale(&self, connection: &Connection) -> Option<Stale<'a>> {
        let stale = self.views.stale_since(connection.number)?;
        let by_event = self.trace.events.get(stale.event).is_some_and(|event| event.at == stale.at);
        // Where time alone made it so, that was before anything else in the instant.
        let earliest =
            if by_event { Moment { event: stale.event, at: stale.at } } else { self.turn_start(stale.at) };
        let reports = connection.exchanges.iter().filter_map(|exchange| {
            let response = exchange.response.as_ref()?.complete?;
            let (finished, _) = self.request_of(exchange)?.finished.as_ref()?;
            (stale.event <= response.event && response < *finished).then(|| earliest.max(*finished))
        });
        let known = self.known(earliest);
        let latest = reports.chain([known.latest]).min().unwrap_or(known.latest);
        Some(Stale { known: Known { latest, ..known }, reason: &stale.reason, event: stale.event })
    }

    /// An instant, before anything happened in it.
    pub fn turn_start(&self, at: Millis) -> Moment {
        let first = self.trace.events.partition_point(|event| event.at < at);
        Moment { event: first.saturating_sub(1), at }
    }

    /// An instant, after everything that happened in it.
    pub fn turn_end(&self, at: Millis) -> Moment {
        let events = self.trace.events.partition_point(|event| event.at <= at);
        Moment { event: events.saturating_sub(1), at }
    }

    /// The end of the client's turn before that of a moment.
    pub fn turn_before(&self, moment: Moment) -> Moment {
        Moment { at: moment.at.saturating_sub(1), ..self.turn_start(moment.at) }
    }

    /// Whether not even an acknowledgement reached the client's host from one moment until another. A connection that
    /// brings those is not dead, however long the origin thinks.
    pub fn is_cut_off(&self, connection: &Connection, from: Moment, until: Moment) -> bool {
        let events = self.trace.events.get(from.event..=until.event).unwrap_or_default();
        from <= until && !events.iter().any(|event| reaches_the_client(&event.what, connection))
    }

    /// When anything last reached the client's host on a connection.
    pub fn last_arrival(&self, connection: &Connection) -> Option<Moment> {
        let event =
            self.trace.events.iter().rposition(|event| reaches_the_client(&event.what, connection))?;
        Some(Moment { event, at: self.trace.events[event].at })
    }
}

fn reaches_the_client(what: &What, connection: &Connection) -> bool {
    let What::Segment { connection: number, direction, fate, .. } = what else { return false };
    (*number, *direction, *fate) == (connection.number, Direction::ToClient, Fate::Delivered)
}

/// How many streams the origin permits, as far as the client knows. `None`: as many as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamLimit {
    /// A client that is careful opens no more.
    pub least: Option<u32>,
    /// More than these no client may open.
    pub most: Option<u32>,
}

/// SETTINGS_MAX_CONCURRENT_STREAMS from one moment to another: what arrives within the instants of these may
/// count already, or not yet (RFC 9113 section 6.5.3).
pub(super) fn stream_limit(connection: &Connection, from: Moment, to: Moment) -> StreamLimit {
    let http2 = connection.http2.iter();
    let limits: Vec<_> = http2.flat_map(|http2| http2.setting(Setting::MAX_CONCURRENT_STREAMS)).collect();
    let known = limits.iter().rfind(|(delivered, _)| delivered.precedes(from));
    let meanwhile =
        limits.iter().filter(|(delivered, _)| from.may_precede(*delivered) && delivered.may_precede(to));
    let possible = || meanwhile.clone().chain(known).map(|(_, limit)| *limit);
    StreamLimit { least: possible().min(), most: possible().max().filter(|_| known.is_some()) }
}
