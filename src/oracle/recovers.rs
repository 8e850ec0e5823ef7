//! A dead connection costs at most one request.

use super::case::Case;
use super::tally::{Tally, list, ms};
use super::{Level, Oracle, Severity, Verdict};
use crate::trace::{Connection, Moment, Request};

pub(super) const ORACLE: Oracle = Oracle {
    name: "recovers",
    level: Level::Required,
    meaning: "one dead connection cost more than one request",
    source: "hyperium/hyper#1439, curl/curl#10646",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    for connection in case.connections() {
        judge_connection(case, connection, &mut tally);
    }
    tally.verdict("no connection died before a later request")
}

fn judge_connection(case: &Case, connection: &Connection, tally: &mut Tally) {
    let cost = failures_on(case, connection);
    let failed = cost.iter().filter_map(|request| request.over()).min();
    let Some(dead_since) = connection.death().into_iter().chain(failed).min() else { return };
    let number = connection.number;
    let names: Vec<&str> = cost.iter().map(|request| request.id.as_str()).collect();
    if cost.len() > 1 {
        let message = format!(
            "connection {number}, dead since {}, cost {} requests: {}",
            ms(dead_since.at),
            cost.len(),
            list(&names)
        );
        tally.violated(Severity::AvoidableFailure, message, evidence(dead_since, &cost));
    } else if case.requests().any(|request| request.started > dead_since) {
        let cost = names.first().copied().unwrap_or("no request");
        tally.holds(format!("connection {number} cost {cost}"));
    }
}

/// The requests that failed with their last attempt on the connection.
fn failures_on<'a>(case: &'a Case, connection: &Connection) -> Vec<&'a Request> {
    let on_it = |request: &Request| {
        case.final_attempt(request).is_some_and(|attempt| attempt.connection == connection.number)
    };
    case.requests().filter(|request| request.failed() && on_it(request)).collect()
}

fn evidence(dead_since: Moment, cost: &[&Request]) -> Vec<usize> {
    let outcomes = cost.iter().filter_map(|request| request.over());
    outcomes.chain([dead_since]).map(|moment| moment.event).collect()
}
