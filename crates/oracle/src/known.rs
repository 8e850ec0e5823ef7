//! What a client can know, and by when it must. It knows what reached its host once it had its turn: in virtual time that is
//! over with the instant.

use closewait_scenario::{Action, NetworkAction, OriginAction};
use closewait_trace::http2::Setting;
use closewait_trace::{Connection, Exchange, Millis, Moment, StaleReason, Staleness};

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
        self.staleness(connection).first().copied()
    }

    /// Every reason why the connection was stale for the client, in order. See [`stale`](Self::stale).
    pub fn staleness(&self, connection: &Connection) -> &[Stale<'a>] {
        self.book(connection).map_or(&[], |book| &book.stale)
    }

    /// What the client knew of a reason, given what it had reported of the connection.
    pub fn known_stale(&self, reports: &Reports, stale: &'a Staleness) -> Stale<'a> {
        let by_event = self.trace.events.get(stale.event).is_some_and(|event| event.at == stale.at);
        // Where time alone made it so, that was before anything else in the instant.
        let earliest =
            if by_event { Moment { event: stale.event, at: stale.at } } else { self.turn_start(stale.at) };
        let known = self.known(earliest);
        let reported = reports.first_behind(stale.event).map(|finished| earliest.max(finished));
        let latest = reported.map_or(known.latest, |reported| reported.min(known.latest));
        Stale { known: Known { latest, ..known }, reason: &stale.reason, event: stale.event }
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
        from <= until && self.book(connection).is_none_or(|book| book.is_quiet(from.event, until.event))
    }
}

/// When the client reported responses that had arrived whole, in the order of their arrival.
pub(super) struct Reports {
    /// The arrival, and the first report of this response or a later one.
    first: Vec<(Moment, Moment)>,
}

impl Reports {
    pub fn of(case: &Case, connection: &Connection) -> Self {
        let report = |exchange: &Exchange| {
            let response = exchange.answered()?;
            let (finished, _) = case.request_of(exchange)?.finished.as_ref()?;
            (response < *finished).then_some((response, *finished))
        };
        let mut first: Vec<_> = connection.exchanges.iter().filter_map(report).collect();
        first.sort_unstable();
        let mut earliest = None;
        for (_, finished) in first.iter_mut().rev() {
            *finished = earliest.map_or(*finished, |earliest| (*finished).min(earliest));
            earliest = Some(*finished);
        }
        Self { first }
    }

    /// The first report of a response that arrived with an event or after it.
    fn first_behind(&self, event: usize) -> Option<Moment> {
        let behind = self.first.partition_point(|(response, _)| response.event < event);
        self.first.get(behind).map(|(_, finished)| *finished)
    }
}

/// Whether a step may keep PINGs, or their answers, from their receiver.
pub(super) fn silences(action: &Action) -> bool {
    match action {
        Action::Network(action) => !matches!(action, NetworkAction::Heal { .. }),
        Action::Origin(OriginAction::Pings { .. } | OriginAction::Read { .. } | OriginAction::Crash) => true,
        Action::Origin(_) | Action::Client(_) | Action::Wait(_) | Action::Until(_) => false,
    }
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
