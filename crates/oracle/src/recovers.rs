//! A dead connection costs at most one request, and one that drains costs none that it accepted.

use closewait_trace::{Connection, Millis, Moment, Request};

use super::case::Case;
use super::checks::Checks;
use super::draining;
use super::order::before;
use super::words::{few, list, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "recovers",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "one dead connection cost more than one request, or a graceful GOAWAY cost one that it accepts",
    source: "hyperium/hyper#1439, curl/curl#10646, RFC 9113 section 6.8",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    let mut drained = false;
    for connection in case.connections() {
        if connection.http2.is_some() {
            judge_streams(case, connection, &mut checks);
            drained |= draining::judge(case, connection, &mut checks);
        } else {
            judge_connection(case, connection, &mut checks);
        }
    }
    checks.verdict(match (case.scenario.protocol.is_http2(), drained) {
        (false, _) => "no connection died before a later request",
        (true, false) => "no connection died before a later request, and none drained with a stream open",
        (true, true) => {
            "no connection died before a later request, and something else ended the streams that drained"
        }
    })
}

fn judge_connection(case: &Case, connection: &Connection, checks: &mut Checks) {
    let cost = failures_on(case, connection);
    let failed = cost.iter().filter_map(|request| request.ended()).min();
    let Some(dead_since) = connection.death().into_iter().chain(failed).min() else { return };
    let number = connection.number;
    let names = names(&cost);
    if cost.len() > 1 {
        let message = format!(
            "connection {number}, dead since {}, cost {} requests: {}",
            ms(dead_since.at),
            cost.len(),
            few(&names)
        );
        checks.violated_by_many(Severity::AvoidableFailure, message, evidence(dead_since, &cost), &names);
    } else if case.goes_on_after(dead_since) {
        let cost = names.first().copied().unwrap_or("no request");
        checks.holds(format!("connection {number} cost {cost}"));
    }
}

/// Of a connection with streams a death may cost whatever was in flight, and nothing that was written later.
fn judge_streams(case: &Case, connection: &Connection, checks: &mut Checks) {
    let mut cost = failures_on(case, connection);
    cost.retain(|request| is_lost(case, connection, request));
    let failed = cost.iter().filter_map(|request| request.ended());
    let mut deaths: Vec<Moment> = connection.death().into_iter().chain(failed).collect();
    deaths.sort_unstable();
    let Some(first) = deaths.first().copied() else { return };
    let number = connection.number;
    // What was cut off may come back, also while the request waits: then it was lost to something else.
    let dead_since = |request: &Request| {
        let (written, lost) = (case.final_attempt(request)?.first_sent, request.ended()?);
        let heard = case.book(connection).and_then(|book| book.heard_by(lost.event));
        let silent = deaths.partition_point(|death| heard.is_some_and(|heard| death.event <= heard));
        let silent = deaths.get(silent).copied().filter(|death| *death <= lost);
        let for_good = connection.death().and_then(|end| deaths.get(before(&deaths, end))).copied();
        silent.into_iter().chain(for_good).min().filter(|death| death.precedes(written))
    };
    let later: Vec<&Request> = cost.iter().filter(|request| dead_since(request).is_some()).copied().collect();
    if let Some(dead_since) = later.iter().filter_map(|request| dead_since(request)).min() {
        let message = format!(
            "connection {number}, dead since {}, cost {}, written on it later",
            ms(dead_since.at),
            few(&names(&later))
        );
        let proof = evidence(dead_since, &later);
        checks.violated_by_many(Severity::AvoidableFailure, message, proof, &names(&later));
    } else if case.goes_on_after(first) {
        let names = if cost.is_empty() { vec!["no request"] } else { names(&cost) };
        let note = |names: String| format!("connection {number} cost {names}");
        checks.holds_of_many(note(few(&names)), note(list(&names)));
    }
}

fn names<'a>(requests: &[&'a Request]) -> Vec<&'a str> {
    requests.iter().map(|request| request.id.as_str()).collect()
}

/// Whether the connection is to blame for a failure, not the stream alone: it had ended, or it was cut off.
fn is_lost(case: &Case, connection: &Connection, request: &Request) -> bool {
    let (Some(over), Some(attempt)) = (request.ended(), case.final_attempt(request)) else { return false };
    let Some(exchange) = case.exchange_of(attempt) else { return false };
    if over < attempt.first_sent {
        // It was over before it was written: that is the affair of `cancel-is-told`.
        return false;
    }
    let ended = connection.death().is_some_and(|death| death <= over);
    let reset = exchange.stream.as_ref().and_then(|stream| stream.reset_delivered());
    // The client has waited since it wrote, though the network took it only later.
    let written = case.written(connection, exchange).earliest;
    let is_long = over.at.saturating_sub(written.at) > round_trip(connection);
    ended || (reset.is_none() && is_long && case.is_cut_off(connection, written, over))
}

/// What the handshake took: sooner nothing can come back, and a silence says nothing.
fn round_trip(connection: &Connection) -> Millis {
    let (Some(syn), Some(established)) = (connection.syn, connection.established) else { return 0 };
    established.at.saturating_sub(syn.at)
}

/// The requests that failed with their last attempt on the connection. One whose own body failed has lost nothing to it.
fn failures_on<'a>(case: &Case<'a>, connection: &Connection) -> Vec<&'a Request> {
    let counts = |request: &&Request| request.failed() && !case.upload_fails(&request.id);
    let decided = case.book(connection).map_or(&[][..], |book| &book.decided);
    decided.iter().copied().filter(counts).collect()
}

fn evidence(dead_since: Moment, cost: &[&Request]) -> Vec<usize> {
    let outcomes = cost.iter().filter_map(|request| request.ended());
    outcomes.chain([dead_since]).map(|moment| moment.event).collect()
}
