//! No request is written on a connection that the client could know to be stale.

use closewait_trace::{Connection, Exchange, StaleReason, Staleness};

use super::case::{Case, cause};
use super::tally::{Tally, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol, send_queue, streams};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-stale-reuse",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "the first byte of a request is written on a connection that was stale before",
    source: "RFC 9112 sections 9.2, 9.3, 9.5 and 9.6",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    for connection in case.connections() {
        if let Some(stale) = case.views.stale_since(connection.number) {
            judge_connection(case, connection, stale, &mut tally);
        }
    }
    tally.verdict("no connection became stale before a later request")
}

fn judge_connection(case: &Case, connection: &Connection, stale: &Staleness, tally: &mut Tally) {
    let mut left_alone = true;
    for exchange in &connection.exchanges {
        if was_queued(case, connection, stale, exchange) {
            left_alone = false;
            let (name, number) = (name(exchange), connection.number);
            tally.holds(format!(
                "{name} raced: it waited for connection {number} to take what was written before it when {}",
                cause(&stale.reason)
            ));
            if is_of_time(stale) {
                // It was in use by then.
                return;
            }
        } else if is_reuse(case, connection, stale, exchange) {
            left_alone = false;
            let message = violation(connection, stale, exchange);
            tally.violated(Severity::StaleReuse, message, [stale.event, exchange.request.first_sent.event]);
        } else if exchange.request.first_sent.at == stale.at
            && exchange.request.first_sent.event > stale.event
        {
            left_alone = false;
            tally.holds(format!(
                "{} raced: written on connection {} at the very instant at which {} (W1)",
                name(exchange),
                connection.number,
                cause(&stale.reason)
            ));
        }
    }
    if left_alone && case.requests().any(|request| is_later(stale, request.started.at, request.started.event))
    {
        tally.holds(format!(
            "connection {} was left alone after {} at {}",
            connection.number,
            cause(&stale.reason),
            ms(stale.at)
        ));
    }
}

fn is_reuse(case: &Case, connection: &Connection, stale: &Staleness, exchange: &Exchange) -> bool {
    let written = exchange.request.first_sent;
    written.at > stale.at || (written.at == stale.at && is_known(case, connection, stale, exchange))
}

/// Whether the request may have been in the host's hands when a signal came that let it through: it was on its way by then, had
/// a stream, and the network took nothing until it left. Over HTTP/1.1 a request has nothing before it to wait for.
fn was_queued(case: &Case, connection: &Connection, stale: &Staleness, exchange: &Exchange) -> bool {
    let (left, known) = (exchange.request.first_sent, case.moment_of(stale));
    let written = send_queue::written(case, connection, left);
    let request = case.request_of(exchange).filter(|request| request.started.at <= known.at);
    connection.http2.is_some()
        && known.at < left.at
        && written.at <= known.at
        && request.is_some_and(|request| {
            let limit = streams::most(connection, written.max(request.started), known);
            let open = streams::open_at(case, connection, left, known);
            limit.is_none_or(|limit| open < limit as usize)
        })
}

/// At the very instant there is a race, unless the client must have had the signal in its own hands: it came
/// with or before the end of a response that the client reported to its caller before it wrote.
fn is_known(case: &Case, connection: &Connection, stale: &Staleness, exchange: &Exchange) -> bool {
    let written = exchange.request.first_sent;
    connection.exchanges.iter().any(|earlier| {
        let response = earlier.response.as_ref().and_then(|response| response.complete);
        let finished = case.request_of(earlier).and_then(|request| request.finished.as_ref());
        match (response, finished) {
            (Some(response), Some((finished, _))) => {
                stale.event <= response.event && response < *finished && *finished < written
            }
            _ => false,
        }
    })
}

fn is_later(stale: &Staleness, at: u64, event: usize) -> bool {
    if is_of_time(stale) { at > stale.at } else { event > stale.event }
}

/// Whether nothing but time made it so.
fn is_of_time(stale: &Staleness) -> bool {
    matches!(stale.reason, StaleReason::IdleTimeout { .. } | StaleReason::KeepAliveTimeout { .. })
}

fn violation(connection: &Connection, stale: &Staleness, exchange: &Exchange) -> String {
    let late = exchange.request.first_sent.at.saturating_sub(stale.at);
    let late = if late == 0 { "at once".to_owned() } else { ms(late) };
    format!(
        "{} was written on connection {}, {late} after {} (W0)",
        name(exchange),
        connection.number,
        cause(&stale.reason)
    )
}

fn name(exchange: &Exchange) -> &str {
    exchange.request.id.as_deref().unwrap_or("an unnamed request")
}
