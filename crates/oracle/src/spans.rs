//! From when until when a connection was open, or idle, for certain.

use closewait_trace::{Connection, Idle, Moment};

use super::case::Case;

/// From a moment on, until just before another instant; to the end of the run without one.
pub(super) struct Span {
    pub from: Moment,
    pub to: Option<Moment>,
}

impl Span {
    pub fn covers(&self, now: Moment) -> bool {
        self.from.may_precede(now) && self.to.is_none_or(|to| now.precedes(to))
    }

    fn between(from: Moment, ends: impl Iterator<Item = Moment>) -> Self {
        Self { from, to: ends.min_by_key(|end| end.at) }
    }
}

pub(super) fn open_span(connection: &Connection) -> Option<Span> {
    connection.syn.map(|from| Span::between(from, connection.ended().into_iter()))
}

/// When the connection lay idle and could be used: a stale one is the affair of `prompt-close`.
pub(super) fn idle_spans(case: &Case, connection: &Connection) -> Vec<Span> {
    let stale = case.stale(connection).map(|stale| stale.known.earliest);
    let spans = connection.idle().filter_map(|Idle { since, until, after }| {
        // Until then a request that was written may wait for the network.
        let from = Moment { at: case.left_by(connection, since)?.at, ..since };
        // A connection whose response the application keeps is not idle.
        let from =
            from.max(case.request_of(after).and_then(closewait_trace::Request::kept_until).unwrap_or(from));
        let next = until.map(|until| case.earliest(connection, until));
        Some(Span::between(from, next.into_iter().chain(connection.client_close()).chain(stale)))
    });
    spans.collect()
}
