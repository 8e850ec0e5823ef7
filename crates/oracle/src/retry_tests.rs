//! What is sent, and carried out, more than once: `at-most-once` and `bounded-retries` on hand-written traces.

use closewait_scenario::*;
use closewait_trace::Retries;
use closewait_trace::testing::TraceBuilder;

use super::tests::{answered, check, check_in, check_plain, crossed, opened, scenario};

#[test]
fn at_most_once() {
    let check = |trace, expected: &str| check("at-most-once", trace, expected);
    check(answered(), "not exercised: every request was idempotent");
    let post = || opened().request(10, "a", "POST", 1);
    check(post(), "holds: a (POST): executed once");
    check(opened().start(10, "a", "POST"), "holds: a (POST): not executed");
    let twice = "UnsafeDuplicate: a (POST) was executed 2 times: on connection 1 at 10 ms and on connection 2 at 50 ms";
    check(post().open(50, 2).attempt(50, "a", "POST", 2), twice);
    // What the origin asks for again is another request, and may be carried out once, too.
    let answered = |head: &str| {
        let message = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        post().reply(20, "a", 1, "", &message).attempt(30, "a", "POST", 1)
    };
    let each = "holds: a (POST): executed once each time that the origin asked for it";
    for head in [
        "307 Temporary Redirect\r\nLocation: /b",
        "421 Misdirected Request",
        "425 Too Early",
        "503 Unavailable\r\nRetry-After: 1",
    ] {
        check(answered(head), each);
    }
    let again = "UnsafeDuplicate: a (POST) was executed 2 times: on connection 1 at 10 ms and on connection 1 at 30 ms";
    for head in ["200 OK", "307 Temporary Redirect", "503 Unavailable", "500 Internal Server Error"] {
        check(answered(head), again);
    }
    let redirected =
        answered("307 Temporary Redirect\r\nLocation: /b").open(50, 2).attempt(50, "a", "POST", 2);
    check(
        redirected,
        &again.replace(
            "on connection 1 at 10 ms and on connection 1 at 30 ms",
            "on connection 1 at 30 ms and on connection 2 at 50 ms",
        ),
    );
}

#[test]
fn an_idempotency_key_permits_what_post_does_not() {
    let twice = || opened().request(10, "a", "POST", 1).open(50, 2).attempt(50, "a", "POST", 2);
    let scenario = |headers| {
        let send = SendRequest {
            id: "a".to_owned(),
            method: "POST".to_owned(),
            path: "/a".to_owned(),
            headers,
            body: 0,
            source: BodySource::WHOLE,
            background: false,
            deadline: DEFAULT_DEADLINE,
            read: ReadBody::All,
        };
        let action = Action::Client(ClientAction::Send(send));
        Scenario { script: vec![Step { action, when: When::Now, may_miss: false, line: 1 }], ..scenario() }
    };
    let key = vec![("Idempotency-Key".to_owned(), "k".to_owned())];
    check_in("at-most-once", &scenario(key), twice(), "not exercised: every request was idempotent");
    let executed = "UnsafeDuplicate: a (POST) was executed 2 times: on connection 1 at 10 ms and on connection 2 at 50 ms";
    check_in("at-most-once", &scenario(Vec::new()), twice(), executed);
}

/// A connection that is closed before anything is written on it.
fn dial_in_vain(trace: TraceBuilder, connection: u32) -> TraceBuilder {
    trace.open(50, connection).fin(50, connection)
}

/// `b` again, on a connection of its own that is reset.
fn again(trace: TraceBuilder, connection: u32) -> TraceBuilder {
    trace.open(50, connection).write(50, "b", "GET", connection).rst(50, connection)
}

#[test]
fn bounded_retries() {
    let check = |retries, trace: TraceBuilder, expected: &str| {
        check("bounded-retries", trace.retries(retries), expected);
    };
    let three = Retries::Attempts(2);
    check(three, answered(), "not exercised: no attempt failed");
    check(three, crossed("GET").closed_error(50, "b"), "holds: b: 1 attempt");
    check(three, again(crossed("GET"), 2).closed_error(50, "b"), "holds: b: 2 attempts");
    check(three, again(again(crossed("GET"), 2), 3), "holds: b: 3 attempts");
    let four = || again(again(again(crossed("GET"), 2), 3), 4);
    check(three, four(), "RetryStorm: b was written 4 times; the budget is 3");
    check(Retries::Attempts(3), four(), "holds: b: 4 attempts");
    check(Retries::Attempts(0), crossed("GET").closed_error(50, "b"), "holds: b: 1 attempt");
    let twice = "RetryStorm: b was written 2 times; the budget is 1";
    check(Retries::Attempts(0), again(crossed("GET"), 2), twice);
    // The first of the four attempts was on a connection of the pool.
    check(Retries::Connections(2), four(), "holds: b: 4 attempts");
    let fresh = "RetryStorm: b was written on 3 new connections in turn; the budget is 2";
    check(Retries::Connections(1), four(), fresh);
    check(Retries::Attempts(u32::MAX), four(), "holds: b: 4 attempts");
}

#[test]
fn bounded_dials() {
    let check = |retries, trace: TraceBuilder, expected: &str| {
        check("bounded-retries", trace.retries(retries), expected);
    };
    let storm = |n| (1..=n).fold(TraceBuilder::new().start(50, "b", "GET"), dial_in_vain);
    check(Retries::Attempts(2), storm(3), "not exercised: no attempt failed");
    let four = "RetryStorm: 4 connections were opened for b and carried no request";
    check(Retries::Attempts(2), storm(4), four);
    check(Retries::Connections(2), storm(4), four);
    // Whoever may try four times may dial in vain as often.
    check(Retries::Attempts(3), storm(4), "not exercised: no attempt failed");
    check(Retries::Connections(3), storm(4), "not exercised: no attempt failed");
    let five = "RetryStorm: 5 connections were opened for b and carried no request";
    check(Retries::Attempts(3), storm(5), five);
    let two = |n| (1..=n).fold(TraceBuilder::new().start(50, "b", "GET").start(50, "c", "GET"), dial_in_vain);
    check(Retries::Attempts(0), two(6), "not exercised: no attempt failed");
}

#[test]
fn a_budget_that_is_not_known_is_not_judged() {
    let check = |trace, expected: &str| check("bounded-retries", trace, expected);
    check(answered(), "not exercised: no attempt failed");
    // Once is within every budget.
    check(crossed("GET").closed_error(50, "b"), "holds: b: 1 attempt");
    let not_judged = "not exercised: not judged: the client's retry budget is not known";
    check(again(crossed("GET"), 2).closed_error(50, "b"), not_judged);
    check(again(again(again(crossed("GET"), 2), 3), 4), not_judged);
    let storm = |n| (1..=n).fold(TraceBuilder::new().start(50, "b", "GET"), dial_in_vain);
    check(storm(3), "not exercised: no attempt failed");
    check(storm(4), not_judged);
}

#[test]
fn a_redirect_begins_anew_and_not_for_ever() {
    let check = |trace: TraceBuilder, expected: &str| {
        // Whatever the budget for what failed, and also where that is not known.
        check("bounded-retries", trace.clone().retries(Retries::Attempts(0)), expected);
        check("bounded-retries", trace, expected);
    };
    let message = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    let redirected = |trace: TraceBuilder, n: u64| trace.write(n, "a", "GET", 1).bytes(n, 1, message);
    let followed = |n| (1..=n).fold(opened().start(0, "a", "GET"), redirected);
    check(followed(50), "not exercised: no attempt failed");
    check(
        followed(51),
        "RetryStorm: a was sent again 51 times because its answer asked for that; the budget is 50",
    );
    // What is not judged hides nothing.
    let again = |trace: TraceBuilder, connection| {
        trace.open(60, connection).write(60, "b", "GET", connection).rst(60, connection)
    };
    let unknown = (2..=3).fold(followed(51).start(60, "b", "GET"), again);
    check_plain(
        "bounded-retries",
        unknown,
        "RetryStorm: a was sent again 51 times because its answer asked for that; the budget is 50",
    );
}
