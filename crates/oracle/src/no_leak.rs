//! Sockets are bounded while the client lives, and gone when it is closed.

use closewait_trace::{Connection, Direction, End, Exchange, Fate, Idle, Millis, Moment, What};

use super::case::Case;
use super::streams;
use super::tally::{Tally, count, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol, send_queue};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-leak",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "the client host has sockets after close, or more connections or streams than the limit at any time",
    source: "RFC 9112 section 9.6, golang/go#34941",
    judge,
};

/// States in which an application still holds the socket. What comes after its own close is the host's affair.
pub(super) const HELD: [&str; 3] = ["SYN_SENT", "ESTABLISHED", "CLOSE_WAIT"];

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    if let Some(limit) = case.scenario.client.max_connections {
        let spans: Vec<Span> =
            case.connections().filter_map(|connection| open_span(case, connection)).collect();
        judge_limit("open", limit, &spans, &mut tally);
    }
    if let Some(limit) = case.scenario.client.max_idle {
        let spans: Vec<Span> =
            case.connections().flat_map(|connection| idle_spans(case, connection)).collect();
        judge_limit("idle", limit, &spans, &mut tally);
    }
    for connection in case.connections() {
        judge_streams(case, connection, &mut tally);
    }
    if case.trace.end == End::Completed && case.connections().next().is_some() {
        judge_rest(case, &mut tally);
    }
    tally.verdict("no connection was opened, or the run did not come to its end")
}

/// SETTINGS_MAX_CONCURRENT_STREAMS at the opening of each stream (RFC 9113 section 5.1.2).
fn judge_streams(case: &Case, connection: &Connection, tally: &mut Tally) {
    let number = connection.number;
    let mut most = None;
    for exchange in &connection.exchanges {
        let (opened, Some(stream)) = (exchange.request.first_sent, &exchange.stream) else { continue };
        let chosen = chosen(case, connection, exchange);
        let Some(limit) = streams::most(connection, chosen, opened) else { continue };
        let open = connection.open_streams(opened);
        most = most.max(Some(open));
        if u32::try_from(open).is_ok_and(|open| open > limit) {
            let streams = count(open, "open stream");
            let message = format!(
                "stream {} made {streams} on connection {number}; the origin's limit is {limit}",
                stream.id
            );
            tally.violated(Severity::HangOrLeak, message, [opened.event]);
        }
    }
    if let Some(most) = most {
        tally.holds(format!("never more than {} on connection {number}", count(most, "open stream")));
    }
}

/// The earliest that the client can have opened the stream.
fn chosen(case: &Case, connection: &Connection, exchange: &Exchange) -> Moment {
    let opened = exchange.request.first_sent;
    let request = case.request_of(exchange);
    let started = request.map_or(opened, |request| request.started);
    send_queue::written(case, connection, opened).max(started)
}

fn judge_rest(case: &Case, tally: &mut Tally) {
    let mut held =
        case.trace.sockets.iter().filter(|socket| HELD.contains(&socket.state.as_str())).peekable();
    if held.peek().is_none() {
        tally.holds("no socket was left after close");
    }
    for socket in held {
        let (name, syn) = match socket.connection.and_then(|number| case.views.connections.get(number)) {
            Some(connection) => (format!("connection {}", connection.number), connection.syn),
            None => ("a socket without a connection".to_owned(), None),
        };
        let message = format!("{name} was left in {} after the client was closed", socket.state);
        tally.violated(
            Severity::HangOrLeak,
            message,
            syn.into_iter().chain(case.closing()).map(|moment| moment.event),
        );
    }
}

/// From a moment on, until just before an instant.
struct Span {
    from: Moment,
    to: Millis,
}

fn open_span(case: &Case, connection: &Connection) -> Option<Span> {
    let over = connection.over().map(|over| over.at);
    // A handshake that the client gives up leaves no segment: it is under way for certain until its last SYN, or to the
    // end if its socket is still there.
    let given_up = connection.established.is_none() && !is_held_at_the_end(case, connection);
    let gave_up = given_up.then(|| last_syn(case, connection)).flatten();
    let gave_up =
        gave_up.map(|last| if is_succeeded(case, connection, last) { last.at } else { last.at + 1 });
    // A FIN may wait: whether the client had closed by then cannot be seen.
    let closed = send_queue::closed(case, connection);
    let unused = [unused_since(case, connection), deaf_since(case, connection)];
    let behind_bytes = unused.into_iter().flatten().filter_map(|since| Some(since.max(closed?).at));
    let ends = over.into_iter().chain(gave_up).chain(behind_bytes);
    let to = ends.min().unwrap_or(Millis::MAX);
    connection.syn.map(|from| Span { from, to })
}

/// Since when nobody waits for anything on the connection.
fn unused_since(case: &Case, connection: &Connection) -> Option<Moment> {
    let over = |exchange: &Exchange| {
        let request = case.request_of(exchange)?;
        let excluded = exchange.stream.as_ref().and_then(|stream| streams::excluded(connection, stream.id));
        let ends = request.over().into_iter().chain(exchange.over());
        ends.chain(excluded).chain(connection.death()).min()
    };
    let over: Option<Vec<Moment>> = connection.exchanges.iter().map(over).collect();
    over?.into_iter().max()
}

/// Since when nothing reached the client's host on an open connection, to the end of the run: whether the client holds it
/// cannot be seen then.
fn deaf_since(case: &Case, connection: &Connection) -> Option<Moment> {
    let last = case.trace.events.iter().rposition(|event| {
        matches!(event.what, What::Segment { connection: number, direction: Direction::ToClient, fate: Fate::Delivered, .. }
            if number == connection.number)
    })?;
    let heard = Moment { event: last, at: case.trace.events[last].at };
    let written = connection.exchanges.last()?.request.first_sent;
    let next = Moment { event: written.event + 1, at: written.at };
    Some(heard.max(next)).filter(|_| connection.established.is_some())
}

/// Whether another connection was dialled within the instant after a repeated SYN: the host repeats it, then the client's own
/// timer expires.
fn is_succeeded(case: &Case, connection: &Connection, last: Moment) -> bool {
    let repeated = connection.syn.is_some_and(|first| first < last);
    let mut syns = case.connections().filter_map(|other| other.syn);
    repeated && syns.any(|syn| syn.at == last.at && last < syn)
}

fn is_held_at_the_end(case: &Case, connection: &Connection) -> bool {
    let mut sockets = case.trace.sockets.iter().filter(|socket| HELD.contains(&socket.state.as_str()));
    sockets.any(|socket| socket.connection == Some(connection.number))
}

fn last_syn(case: &Case, connection: &Connection) -> Option<Moment> {
    let is_syn = |what: &What| {
        matches!(what, What::Segment { connection: number, direction: Direction::ToOrigin, fate: Fate::Sent, segment }
            if *number == connection.number && segment.syn)
    };
    let event = case.trace.events.iter().rposition(|event| is_syn(&event.what))?;
    Some(Moment { event, at: case.trace.events[event].at })
}

/// When the connection lay idle and could be used: a stale one is the affair of `prompt-close`.
fn idle_spans(case: &Case, connection: &Connection) -> Vec<Span> {
    let closed = send_queue::closed(case, connection).map_or(Millis::MAX, |closed| closed.at);
    let stale = case.views.stale_since(connection.number).map_or(Millis::MAX, |stale| stale.at);
    let spans = connection.idle().into_iter().filter_map(|Idle { since, until, .. }| {
        // Until then a request that was written may wait for the network.
        let at = send_queue::taken(case, connection, since)?;
        let next = until.map(|until| send_queue::written(case, connection, until));
        let next = next.map_or(Millis::MAX, |next| next.at);
        Some(Span { from: Moment { at, ..since }, to: next.min(closed).min(stale) })
    });
    spans.collect()
}

/// Reports the first instant that ends with more than `limit`: within an instant a client may put things in order.
fn judge_limit(kind: &str, limit: u32, spans: &[Span], tally: &mut Tally) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let most =
        |now: Millis| spans.iter().filter(|span| span.from.at <= now && now < span.to).collect::<Vec<_>>();
    let peaks = spans.iter().map(|span| (span.from.at, most(span.from.at)));
    match peaks.filter(|(_, together)| together.len() > limit).min_by_key(|(at, _)| *at) {
        Some((at, together)) => {
            let connections = count(together.len(), &format!("{kind} connection"));
            let message = format!("{connections} at {}; the limit is {limit}", ms(at));
            tally.violated(Severity::HangOrLeak, message, together.iter().map(|span| span.from.event));
        }
        None if !spans.is_empty() => tally.holds(format!("never more than {limit} {kind}")),
        None => {}
    }
}
