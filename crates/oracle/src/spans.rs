//! From when until when a connection was open, or idle, for certain.

use closewait_trace::{Connection, Exchange, Idle, Moment};

use super::case::Case;
use super::policy::HELD;

/// From a moment on, until just before another instant; to the end of the run without one.
pub(super) struct Span {
    pub from: Moment,
    to: Option<Moment>,
}

impl Span {
    pub fn covers(&self, now: Moment) -> bool {
        self.from.may_precede(now) && self.to.is_none_or(|to| now.precedes(to))
    }

    fn between(from: Moment, ends: impl Iterator<Item = Moment>) -> Self {
        Self { from, to: ends.min_by_key(|end| end.at) }
    }
}

pub(super) fn open_span(case: &Case, connection: &Connection) -> Option<Span> {
    // A handshake that the client gives up leaves no segment: it is under way for certain until its last SYN, or to the
    // end if its socket is still there.
    let given_up = connection.established.is_none() && !is_held_at_the_end(case, connection);
    let last_syn = case.syns(connection).next_back().filter(|_| given_up);
    let gave_up =
        last_syn.map(|last| if is_succeeded(case, connection, last) { last } else { last.later_by(1) });
    // A FIN may wait: whether the client had closed by then cannot be seen.
    let closed = case.closed(connection).map(|closed| closed.earliest);
    let unused = [unused_since(case, connection), deaf_since(case, connection)].into_iter().flatten();
    let behind_bytes = unused.filter_map(|since| Some(since.max(closed?)));
    let ends = connection.ended().into_iter().chain(gave_up).chain(behind_bytes);
    connection.syn.map(|from| Span::between(from, ends))
}

/// When the connection lay idle and could be used: a stale one is the affair of `prompt-close`.
pub(super) fn idle_spans(case: &Case, connection: &Connection) -> Vec<Span> {
    let closed = case.closed(connection).map(|closed| closed.earliest);
    let stale = case.stale(connection).map(|stale| stale.known.earliest);
    let spans = connection.idle().into_iter().filter_map(|Idle { since, until, .. }| {
        // Until then a request that was written may wait for the network.
        let from = Moment { at: case.left_by(connection, since)?.at, ..since };
        let next = until.map(|until| case.earliest(connection, until));
        Some(Span::between(from, next.into_iter().chain(closed).chain(stale)))
    });
    spans.collect()
}

/// Since when nobody waits for anything on the connection.
fn unused_since(case: &Case, connection: &Connection) -> Option<Moment> {
    let ended = |exchange: &Exchange| {
        let request = case.request_of(exchange)?;
        let ends = request.ended().into_iter().chain(exchange.ended());
        ends.chain(connection.excluded(exchange)).chain(connection.death()).min()
    };
    let ended: Option<Vec<Moment>> = connection.exchanges.iter().map(ended).collect();
    ended?.into_iter().max()
}

/// Since when nothing reached the client's host on an open connection, to the end of the run: whether the client holds it
/// cannot be seen then.
fn deaf_since(case: &Case, connection: &Connection) -> Option<Moment> {
    let heard = case.last_arrival(connection)?;
    let written = connection.exchanges.last()?.request.first_sent;
    let next = Moment { event: written.event + 1, at: written.at };
    Some(heard.max(next)).filter(|_| connection.established.is_some())
}

/// Whether another connection was dialled within the instant after a repeated SYN: the host repeats it, then the client's own
/// timer expires.
fn is_succeeded(case: &Case, connection: &Connection, last: Moment) -> bool {
    let repeated = connection.syn.is_some_and(|first| first < last);
    let mut syns = case.connections().filter_map(|other| other.syn);
    repeated && syns.any(|syn| syn.is_beside(last) && last < syn)
}

fn is_held_at_the_end(case: &Case, connection: &Connection) -> bool {
    let mut sockets = case.trace.sockets.iter().filter(|socket| HELD.contains(&socket.state.as_str()));
    sockets.any(|socket| socket.connection == Some(connection.number))
}
