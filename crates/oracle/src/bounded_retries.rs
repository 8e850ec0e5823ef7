//! Retries have a budget.

use closewait_trace::{Attempt, Connection, Moment, Request};

use super::case::Case;
use super::checks::Checks;
use super::policy::{MOST_ATTEMPTS, MOST_FRESH_ATTEMPTS, MOST_TURNS, MOST_UNUSED_CONNECTIONS};
use super::words::count;
use super::{Level, Oracle, Severity, Verdict, every_protocol, streams};

pub(super) const ORACLE: Oracle = Oracle {
    name: "bounded-retries",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "more attempts on the wire than the retry budget",
    source: "RFC 9112 section 9.3.1, hyperium/hyper-util#150",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for request in case.requests() {
        judge_request(case, request, &mut checks);
    }
    checks.verdict("no attempt failed")
}

fn judge_request(case: &Case, request: &Request, checks: &mut Checks) {
    let id = &request.id;
    // What the origin asked for again begins anew, and may not go on for ever (RFC 9110 section 15.4).
    let turns = request.asked_again.len();
    let most = |counts: &dyn Fn(&&Attempt) -> bool| {
        let of_turn = |turn| move |attempt: &&Attempt| request.turn(attempt.first_sent) == turn;
        let in_turn = |turn| request.attempts.iter().filter(of_turn(turn)).filter(counts).count();
        (0..=turns).map(in_turn).max().unwrap_or_default()
    };
    let attempts = most(&|_| true);
    // What the origin says that it did not process, it may well process elsewhere.
    let fresh = most(&|attempt| attempt.fresh && !streams::is_not_processed(case, request, attempt));
    let unused = unused_connections(case, request);
    let written = request.attempts.iter().map(|attempt| attempt.first_sent.event);
    if turns > MOST_TURNS {
        let message = format!(
            "{id} was sent again {turns} times because its answer asked for that; the budget is {MOST_TURNS}"
        );
        checks.violated(Severity::RetryStorm, message, written);
    } else if attempts > MOST_ATTEMPTS {
        let message = format!("{id} was written {attempts} times; the budget is {MOST_ATTEMPTS}");
        checks.violated(Severity::RetryStorm, message, written);
    } else if fresh > MOST_FRESH_ATTEMPTS {
        let message = format!(
            "{id} was written on {fresh} new connections in turn; the budget is {MOST_FRESH_ATTEMPTS}"
        );
        checks.violated(Severity::RetryStorm, message, written);
    } else if unused.len() > MOST_UNUSED_CONNECTIONS * contemporaries(case, request) {
        let message =
            format!("{} were opened for {id} and carried no request", count(unused.len(), "connection"));
        checks.violated(Severity::RetryStorm, message, unused.iter().map(|syn| syn.event));
    } else if attempts > 1 || request.attempts.iter().any(|attempt| is_failure(case, attempt)) {
        checks.holds(format!("{id}: {}", count(attempts, "attempt")));
    }
}

fn is_failure(case: &Case, attempt: &Attempt) -> bool {
    case.exchange_of(attempt).is_some_and(|exchange| exchange.complete().is_none())
}

/// The SYNs of connections opened during the life of a request on which nothing was ever written.
fn unused_connections(case: &Case, request: &Request) -> Vec<Moment> {
    let unused = case.connections().filter(|connection: &&Connection| connection.exchanges.is_empty());
    let syns = unused.filter_map(|connection| connection.syn);
    syns.filter(|syn| request.started < *syn && request.ended().is_none_or(|ended| *syn < ended)).collect()
}

/// How many requests were unfinished during the life of this one, itself included.
fn contemporaries(case: &Case, request: &Request) -> usize {
    let overlaps = |other: &&Request| {
        other.ended().is_none_or(|ended| request.started < ended)
            && request.ended().is_none_or(|ended| other.started < ended)
    };
    case.requests().filter(overlaps).count()
}
