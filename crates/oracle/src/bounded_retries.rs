//! Retries have a budget.

use closewait_trace::{Attempt, Connection, Moment, Request};

use super::case::Case;
use super::tally::{Tally, count};
use super::{Level, Oracle, Severity, Verdict, every_protocol, streams};

pub(super) const ORACLE: Oracle = Oracle {
    name: "bounded-retries",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "more attempts on the wire than the retry budget",
    source: "RFC 9112 section 9.3.1, hyperium/hyper-util#150",
    judge,
};

/// The first attempt and two retries.
const MOST_ATTEMPTS: usize = 3;

/// A request that failed on a connection without a past may be tried on one more such connection.
const MOST_FRESH_ATTEMPTS: usize = 2;

/// Connections opened on behalf of one request and never used for any.
const MOST_UNUSED_CONNECTIONS: usize = 3;

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    for request in case.requests() {
        judge_request(case, request, &mut tally);
    }
    tally.verdict("no attempt failed")
}

fn judge_request(case: &Case, request: &Request, tally: &mut Tally) {
    let id = &request.id;
    let attempts = request.attempts.len();
    // What the origin says that it did not process, it may well process elsewhere.
    let counts = |attempt: &&Attempt| attempt.fresh && !streams::is_disowned(case, request, attempt);
    let fresh = request.attempts.iter().filter(counts).count();
    let unused = unused_connections(case, request);
    let written = request.attempts.iter().map(|attempt| attempt.first_sent.event);
    if attempts > MOST_ATTEMPTS {
        let message = format!("{id} was written {attempts} times; the budget is {MOST_ATTEMPTS}");
        tally.violated(Severity::RetryStorm, message, written);
    } else if fresh > MOST_FRESH_ATTEMPTS {
        let message = format!(
            "{id} was written on {fresh} new connections in turn; the budget is {MOST_FRESH_ATTEMPTS}"
        );
        tally.violated(Severity::RetryStorm, message, written);
    } else if unused.len() > MOST_UNUSED_CONNECTIONS * contemporaries(case, request) {
        let message =
            format!("{} were opened for {id} and carried no request", count(unused.len(), "connection"));
        tally.violated(Severity::RetryStorm, message, unused.iter().map(|syn| syn.event));
    } else if attempts > 1 || request.attempts.iter().any(|attempt| is_failure(case, attempt)) {
        tally.holds(format!("{id}: {}", count(attempts, "attempt")));
    }
}

fn is_failure(case: &Case, attempt: &Attempt) -> bool {
    case.exchange_of(attempt).is_some_and(|exchange| exchange.complete().is_none())
}

/// The SYNs of connections opened during the life of a request on which nothing was ever written.
fn unused_connections(case: &Case, request: &Request) -> Vec<Moment> {
    let unused = case.connections().filter(|connection: &&Connection| connection.exchanges.is_empty());
    let syns = unused.filter_map(|connection| connection.syn);
    syns.filter(|syn| request.started < *syn && request.over().is_none_or(|over| *syn < over)).collect()
}

/// How many requests were unfinished during the life of this one, itself included.
fn contemporaries(case: &Case, request: &Request) -> usize {
    let overlaps = |other: &&Request| {
        other.over().is_none_or(|over| request.started < over)
            && request.over().is_none_or(|over| other.started < over)
    };
    case.requests().filter(overlaps).count()
}
