//! No request is written on a connection that the client could know to be stale.

use closewait_trace::{Connection, Exchange, Request, StaleReason};

use super::case::Case;
use super::checks::Checks;
use super::interval::Order;
use super::known::Stale;
use super::words::{cause, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-stale-reuse",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "the first byte of a request is written on a connection that was stale before",
    source: "RFC 9112 sections 9.2, 9.3, 9.5 and 9.6",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for connection in case.connections() {
        if let Some(stale) = case.stale(connection) {
            judge_connection(case, connection, &stale, &mut checks);
        }
    }
    checks.verdict("no connection became stale before a later request")
}

fn judge_connection(case: &Case, connection: &Connection, stale: &Stale, checks: &mut Checks) {
    let mut left_alone = true;
    for exchange in &connection.exchanges {
        let written = exchange.request.first_sent;
        match case.order(&stale.known, connection, exchange) {
            Order::After => continue,
            Order::Before => {
                let message = violation(connection, stale, exchange);
                let cause = (name(exchange), connection.number.to_string());
                checks.violated_for(cause, Severity::StaleReuse, message, [stale.event, written.event]);
            }
            Order::Race => {
                checks.holds(race(connection, stale, exchange));
                if is_of_time(stale) && stale.known.earliest.precedes(written) {
                    // It was in use by then.
                    return;
                }
            }
        }
        left_alone = false;
    }
    if left_alone && case.requests().last().is_some_and(|last| is_later(stale, last)) {
        let (number, at) = (connection.number, ms(stale.known.earliest.at));
        checks.holds(format!("connection {number} was left alone after {} at {at}", cause(stale.reason)));
    }
}

fn is_later(stale: &Stale, request: &Request) -> bool {
    if is_of_time(stale) {
        stale.known.earliest.precedes(request.started)
    } else {
        stale.event < request.started.event
    }
}

/// Whether nothing but time made it so.
fn is_of_time(stale: &Stale) -> bool {
    matches!(stale.reason, StaleReason::IdleTimeout { .. } | StaleReason::KeepAliveTimeout { .. })
}

fn race(connection: &Connection, stale: &Stale, exchange: &Exchange) -> String {
    let (name, number, cause) = (name(exchange), connection.number, cause(stale.reason));
    if stale.known.earliest.precedes(exchange.request.first_sent) {
        let waited = format!("it waited for connection {number} to take what was written before it");
        format!("{name} raced: {waited} when {cause}")
    } else {
        format!("{name} raced: written on connection {number} at the very instant at which {cause} (W1)")
    }
}

fn violation(connection: &Connection, stale: &Stale, exchange: &Exchange) -> String {
    let late = exchange.request.first_sent.since(stale.known.earliest);
    let late = if late == 0 { "at once".to_owned() } else { ms(late) };
    let (name, number, cause) = (name(exchange), connection.number, cause(stale.reason));
    format!("{name} was written on connection {number}, {late} after {cause} (W0)")
}

fn name(exchange: &Exchange) -> &str {
    exchange.request.id.as_deref().unwrap_or("an unnamed request")
}
