//! Sockets are bounded while the client lives, and gone when it is closed.

use closewait_trace::{Connection, End, Moment};

use super::case::Case;
use super::checks::Checks;
use super::known::stream_limit;
use super::order::Lives;
use super::policy::HELD;
use super::spans::{Span, idle_spans, open_span};
use super::words::{count, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-leak",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "the client host has sockets after close, or more connections or streams than the limit at any time",
    source: "RFC 9112 section 9.6, golang/go#34941",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    if let Some(limit) = case.scenario.client.max_connections {
        let spans: Vec<Span> = case.connections().filter_map(open_span).collect();
        judge_limit("open", limit, &spans, &mut checks);
    }
    if let Some(limit) = case.scenario.client.max_idle {
        let spans: Vec<Span> =
            case.connections().flat_map(|connection| idle_spans(case, connection)).collect();
        judge_limit("idle", limit, &spans, &mut checks);
    }
    for connection in case.connections() {
        judge_streams(case, connection, &mut checks);
    }
    if case.trace.end == End::Completed && case.connections().next().is_some() {
        judge_rest(case, &mut checks);
    }
    checks.verdict("no connection was opened, or the run did not come to its end")
}

/// SETTINGS_MAX_CONCURRENT_STREAMS at the opening of each stream (RFC 9113 section 5.1.2).
fn judge_streams(case: &Case, connection: &Connection, checks: &mut Checks) {
    let number = connection.number;
    let mut most = None;
    for exchange in &connection.exchanges {
        let (opened, Some(stream)) = (exchange.request.first_sent, &exchange.stream) else { continue };
        let written = case.written(connection, exchange);
        let limit = stream_limit(connection, written.earliest, written.latest).most;
        let Some(limit) = limit else { continue };
        let open = connection.open_streams(opened);
        most = most.max(Some(open));
        if u32::try_from(open).is_ok_and(|open| open > limit) {
            let streams = count(open, "open stream");
            let message = format!(
                "stream {} made {streams} on connection {number}; the origin's limit is {limit}",
                stream.id
            );
            checks.violated(Severity::HangOrLeak, message, [opened.event]);
        }
    }
    if let Some(most) = most {
        checks.holds(format!("never more than {} on connection {number}", count(most, "open stream")));
    }
}

fn judge_rest(case: &Case, checks: &mut Checks) {
    let mut held =
        case.trace.sockets.iter().filter(|socket| HELD.contains(&socket.state.as_str())).peekable();
    if held.peek().is_none() {
        checks.holds("no socket was left after close");
    }
    for socket in held {
        let (name, syn) = match socket.connection.and_then(|number| case.views.connections.get(number)) {
            Some(connection) => (format!("connection {}", connection.number), connection.syn),
            None => ("a socket without a connection".to_owned(), None),
        };
        let message = format!("{name} was left in {} after the client was closed", socket.state);
        checks.violated(
            Severity::HangOrLeak,
            message,
            syn.into_iter().chain(case.closing()).map(|moment| moment.event),
        );
    }
}

/// Reports the first instant that ends with more than `limit`: within an instant a client may put things in order.
fn judge_limit(kind: &str, limit: u32, spans: &[Span], checks: &mut Checks) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let turn = |moment: Moment| Moment { event: 0, ..moment };
    let open = Lives::of(spans.iter().map(|span| (turn(span.from), span.to.map(turn))));
    let peaks = spans.iter().map(|span| span.from).filter(|from| open.after_turn(*from) > limit);
    match peaks.min_by_key(|from| from.at) {
        Some(from) => {
            let together: Vec<&Span> = spans.iter().filter(|span| span.covers(from)).collect();
            let connections = count(together.len(), &format!("{kind} connection"));
            let message = format!("{connections} at {}; the limit is {limit}", ms(from.at));
            checks.violated(Severity::HangOrLeak, message, together.iter().map(|span| span.from.event));
        }
        None if !spans.is_empty() => checks.holds(format!("never more than {limit} {kind}")),
        None => {}
    }
}
