//! What a client of HTTP/2 is exempt from, each beside the near miss that it is not: random schedules met all of these.

use std::time::Duration;

use closewait_scenario::{ClientSettings, Protocol, Scenario};
use closewait_trace::http2::ErrorCode;
use closewait_trace::http2::testing::*;
use closewait_trace::testing::TraceBuilder;
use closewait_trace::{BodyEnd, Outcome, Retries};

use super::tests::{check_in, scenario};

pub(super) fn h2_with(client: ClientSettings) -> Scenario {
    Scenario { protocol: Protocol::H2, client, ..scenario() }
}

#[track_caller]
pub(super) fn check(oracle: &str, trace: TraceBuilder, expected: &str) {
    check_in(oracle, &h2_with(ClientSettings::default()), trace, expected);
}

#[track_caller]
pub(super) fn check_limited(oracle: &str, trace: TraceBuilder, expected: &str) {
    let client = ClientSettings { max_connections: Some(1), ..ClientSettings::default() };
    check_in(oracle, &h2_with(client), trace, expected);
}

pub(super) fn opened() -> TraceBuilder {
    TraceBuilder::new().h2_open(0, 1, &[])
}

/// `a` was answered on stream 1 of connection 1 at 20 ms.
pub(super) fn answered() -> TraceBuilder {
    opened().h2_request(0, "a", "GET", 1, 1).h2_response(20, "a", 1, 1)
}

/// `a` uploads from 10 ms on, on stream 1, and has filled the window.
pub(super) fn full() -> TraceBuilder {
    uploading(65_535)
}

pub(super) fn uploading(bytes: usize) -> TraceBuilder {
    let upload = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
    let upload = upload.origin_gets(0, 1).acknowledge(5, 1);
    upload.client_sends(10, 1, content(1, &"x".repeat(bytes - 9), 0)).origin_gets(10, 1)
}

pub(super) fn gone(last_stream: u32) -> Vec<u8> {
    goaway(last_stream, ErrorCode::NO_ERROR)
}

pub(super) fn refused(stream: u32) -> Vec<u8> {
    rst_stream(stream, ErrorCode::REFUSED_STREAM)
}

/// A request on a new connection, answered.
pub(super) fn on_new_connection(trace: TraceBuilder, at: u64, id: &str, connection: u32) -> TraceBuilder {
    on_dialled(trace.start(at, id, "GET"), at, id, connection)
}

pub(super) fn on_dialled(trace: TraceBuilder, at: u64, id: &str, connection: u32) -> TraceBuilder {
    let trace = trace.h2_open(at, connection, &[]);
    trace.h2_attempt(at, id, "GET", connection, 1).h2_response(at + 20, id, connection, 1)
}

#[test]
fn what_was_cut_off_may_come_back() {
    let silent = || answered().h2_request(40, "b", "GET", 1, 3).deadline(500, "b");
    let later = |trace: TraceBuilder| trace.h2_request(600, "d", "GET", 1, 5).deadline(1_000, "d");
    check("recovers", later(silent().bytes(550, 1, settings(&[]))), "holds: connection 1 cost b and d");
    let costly = "AvoidableFailure: connection 1, dead since 500 ms, cost d, written on it later";
    check("recovers", later(silent()), costly);
}

#[test]
fn what_was_not_processed_costs_no_retry() {
    let twice = |code: ErrorCode| {
        let first = opened().h2_request(0, "a", "GET", 1, 1).bytes(20, 1, rst_stream(1, code));
        let second = first.h2_open(20, 2, &[]).h2_attempt(20, "a", "GET", 2, 1);
        on_dialled(second.bytes(40, 2, rst_stream(1, code)), 40, "a", 3)
    };
    let check = |trace: TraceBuilder, expected: &str| {
        check("bounded-retries", trace.retries(Retries::Connections(1)), expected);
    };
    check(twice(ErrorCode::REFUSED_STREAM), "holds: a: 3 attempts");
    let storm = "RetryStorm: a was written on 3 new connections in turn; the budget is 2";
    check(twice(ErrorCode::CANCEL), storm);
    // Nobody knew yet that it would not be processed.
    let impatient = (1..=3).fold(TraceBuilder::new().start(0, "a", "GET"), |trace, connection| {
        trace.h2_open(0, connection, &[]).h2_attempt(0, "a", "GET", connection, 1)
    });
    let told_late = (1..=3).fold(impatient, |trace, connection| trace.bytes(20, connection, refused(1)));
    check(told_late, storm);
}

#[test]
fn an_excluded_stream_needs_no_reset() {
    let given_up =
        |last| answered().h2_request(40, "b", "GET", 1, 3).bytes(50, 1, gone(last)).deadline(500, "b");
    check("cancel-is-told", given_up(1), "not exercised: no request was given up with its stream open");
    let never = "HangOrLeak: b was given up at 500 ms, and stream 3 of connection 1 was never reset";
    check("cancel-is-told", given_up(3), never);
}

#[test]
fn room_in_the_instant_of_the_deadline_is_too_late() {
    let waits = |closed| {
        let both = opened().h2_request(0, "a", "GET", 1, 1).h2_request(0, "b", "GET", 1, 3);
        let drained = both.bytes(20, 1, gone(1)).cancel(closed, "a").client_fin(closed, 1);
        drained.deadline(500, "b")
    };
    let line = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check_limited("bounded-wait", waits(500), line);
    let hung = "HangOrLeak: b waited for its deadline, 480 ms after a GOAWAY that excludes stream 3 of connection 1 was delivered";
    check_limited("bounded-wait", waits(499), hung);
}

#[test]
fn a_refused_request_waits_in_line_for_a_stream() {
    let waits = |limit| {
        let trace = TraceBuilder::new().h2_open(0, 1, &[(3, limit)]).h2_request(10, "a", "GET", 1, 1);
        let refused = trace.h2_request(20, "b", "GET", 1, 3).bytes(40, 1, refused(3));
        refused.deadline(500, "b").h2_response(600, "a", 1, 1)
    };
    let line = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check("bounded-wait", waits(1), line);
    let hung = "HangOrLeak: b waited for its deadline, 460 ms after an RST_STREAM on stream 3 of connection 1 was delivered";
    check("bounded-wait", waits(2), hung);
    // A stream was free for a while; what may not be sent again waits for nothing.
    let free = |method| {
        let two = TraceBuilder::new().h2_open(0, 1, &[(3, 2)]).h2_request(10, "a", "GET", 1, 1);
        two.h2_request(10, "b", method, 1, 3).bytes(40, 1, rst_stream(3, ErrorCode(2)))
    };
    let c = |trace: TraceBuilder, at| {
        trace.h2_request(at, "c", "GET", 1, 5).deadline(500, "b").cancel(600, "c").cancel(600, "a")
    };
    let line = "holds: b was ended by its deadline: nothing told the client; 2 requests ended in time";
    check("bounded-wait", c(free("GET"), 40), line);
    check("bounded-wait", c(free("GET"), 41), hung);
    check("bounded-wait", c(free("POST"), 40), hung);
    // The origin permits more; another connection has a stream.
    let limited = |trace: TraceBuilder| {
        let trace = trace.h2_open(0, 1, &[(3, 1)]).h2_request(10, "a", "GET", 1, 1);
        trace.h2_request(20, "b", "GET", 1, 3).bytes(40, 1, refused(3))
    };
    let raised = limited(TraceBuilder::new()).bytes(100, 1, settings(&[(3, 100)]));
    check("bounded-wait", raised.deadline(500, "b").cancel(600, "a"), hung);
    let beside = limited(TraceBuilder::new().h2_open(0, 2, &[]));
    check("bounded-wait", beside.deadline(500, "b").cancel(600, "a"), hung);
    // But one that has not answered a PING for a second need not be used.
    let asks = |at| {
        let trace = TraceBuilder::new().h2_open(0, 2, &[]).start(0, "d", "GET");
        limited(trace.h2_attempt(0, "d", "GET", 2, 1)).client_sends(at, 2, ping(false)).deadline(1_500, "b")
    };
    let ended = |trace: TraceBuilder| trace.cancel(1_600, "a").cancel(1_600, "d");
    let line = "holds: b was ended by its deadline: nothing told the client; 2 requests ended in time";
    check("bounded-wait", ended(asks(400)), line);
    check("bounded-wait", ended(asks(600)), &hung.replace("460", "1 460"));
    // A stream came free while a PING was without an answer, and was taken with the answer.
    let asks = |pinged: u64, taken| {
        let c = limited(TraceBuilder::new()).cancel(45, "a").client_sends(
            45,
            1,
            rst_stream(1, ErrorCode::CANCEL),
        );
        let c = c.client_sends(pinged, 1, ping(false)).bytes(60, 1, ping(true));
        c.h2_request(taken, "c", "GET", 1, 5).deadline(500, "b").cancel(600, "c")
    };
    let line = "holds: b was ended by its deadline: nothing told the client; 2 requests ended in time";
    check("bounded-wait", asks(45, 60), line);
    check("bounded-wait", asks(45, 61), hung);
    check("bounded-wait", asks(46, 60), hung);
    // It is known only when the new connection is open.
    let redialled = |limit| {
        let both = opened().h2_request(0, "b", "GET", 1, 1).h2_request(0, "c", "GET", 1, 3).fin(20, 1);
        let c = both.client_fin(20, 1).h2_open(40, 2, &[(3, limit)]).h2_attempt(40, "c", "GET", 2, 1);
        c.deadline(500, "b").cancel(600, "c")
    };
    let line = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check("bounded-wait", redialled(1), line);
    let hung = "HangOrLeak: b waited for its deadline, 480 ms after the FIN of connection 1 was delivered";
    check("bounded-wait", redialled(2), hung);
}

#[test]
fn an_answer_on_an_excluded_stream_is_not_waited_for() {
    let answered_late = |last| {
        let both = opened().h2_request(0, "a", "GET", 1, 1).h2_request(0, "b", "GET", 1, 3);
        both.bytes(20, 1, gone(last)).bytes(30, 1, answer(3, "b")).deadline(500, "b").deadline(500, "a")
    };
    let line = "holds: a was ended by its deadline: nothing told the client; b was ended by its deadline: nothing told the client";
    check_limited("bounded-wait", answered_late(1), line);
    let hung = "HangOrLeak: b waited for its deadline, 470 ms after its whole response was delivered on connection 1";
    check_limited("bounded-wait", answered_late(3), hung);
}

#[test]
fn an_answer_behind_the_clients_own_close_reaches_nobody() {
    let asked = || opened().h2_request(0, "a", "GET", 1, 1);
    let closed = "HangOrLeak: a waited for its deadline, 480 ms after the client had closed connection 1";
    let late = |trace: TraceBuilder| trace.bytes(30, 1, answer(1, "a")).deadline(500, "a");
    check_limited("bounded-wait", late(asked().client_fin(20, 1)), closed);
    // It is on its way to another.
    let dials = |at| asked().syn(at, 2).client_fin(20, 1).deadline(500, "a");
    check("bounded-wait", dials(20), "holds: a was ended by its deadline: nothing told the client");
    check("bounded-wait", dials(19), "holds: a was ended by its deadline: nothing told the client");
    // A dial that was given up, for its SYN was not repeated, is none to wait for.
    let given_up = asked().syn(5, 2).client_fin(1_006, 1).deadline(1_500, "a");
    check("bounded-wait", given_up, &closed.replace("480", "494"));
    // It waits in line for another.
    let overtaken = || asked().start(10, "c", "GET").client_fin(20, 1).h2_open(20, 2, &[(3, 1)]);
    let line = "holds: a was ended by its deadline: nothing told the client; 1 request ended in time";
    let c = |trace: TraceBuilder| trace.h2_attempt(20, "c", "GET", 2, 1);
    check_limited("bounded-wait", late(c(overtaken())).h2_response(600, "c", 2, 1), line);
    let hung = "HangOrLeak: a waited for its deadline, 470 ms after its whole response was delivered on connection 1";
    check_limited(
        "bounded-wait",
        asked().bytes(30, 1, answer(1, "a")).client_fin(40, 1).deadline(500, "a"),
        hung,
    );
}

#[test]
fn an_rst_takes_a_refusal_with_it() {
    let lost = |at| {
        let refused = answered().h2_request(40, "b", "POST", 1, 3).bytes(50, 1, refused(3));
        refused.rst(at, 1).closed_error(at, "b")
    };
    let unexercised = "not exercised: no request met a dead connection before its first byte was written, \
                       and none was disowned by the origin";
    check("unsent-is-free", lost(50), unexercised);
    let failed = "AvoidableFailure: b failed although the origin said that it had not processed stream 3 of connection 1 \
                  (connection closed before message completed)";
    check("unsent-is-free", lost(51), failed);
}

#[test]
fn an_upload_behind_a_whole_answer_need_not_be_reset() {
    let dropped = || Outcome::Response { status: 200, body: "x".into(), end: BodyEnd::Dropped };
    let early = |answer: Vec<u8>| uploading(1_000).bytes(20, 1, answer).finish(30, "a", dropped()).step(900);
    let nothing = "not exercised: no request was given up with its stream open";
    check("cancel-is-told", early(answer(1, "x")), nothing);
    let never = "HangOrLeak: a was given up at 30 ms, and stream 1 of connection 1 was never reset";
    let half = [headers(1, &[(":status", "200")], 0), content(1, "x", 0)].concat();
    check("cancel-is-told", early(half), never);
}

#[test]
fn an_answer_in_the_instant_of_the_deadline_is_too_late() {
    let waits = |at| {
        let asked = answered()
            .h2_request(40, "b", "GET", 1, 3)
            .deadline(500, "b")
            .client_sends(500, 1, ping(false))
            .start(600, "c", "GET");
        asked.bytes(at, 1, ping(true)).deadline(900, "c")
    };
    let told = "holds: b was ended by its deadline: nothing told the client; \
                c was ended by its deadline: nothing told the client; 1 request ended in time";
    check("bounded-wait", waits(900), told);
    let free = "HangOrLeak: c waited for its deadline, 300 ms after connection 1 was free for it";
    check("bounded-wait", waits(899), free);
}

#[test]
fn doubt_may_come_while_a_request_waits() {
    let silent = |dialled| {
        let asked = answered().h2_request(40, "b", "GET", 1, 3).start(55, "c", "GET");
        if dialled < 55 + 1 {
            on_dialled(asked, 55, "c", 2).deadline(1_000, "b")
        } else {
            on_dialled(asked.deadline(55, "b"), dialled, "c", 2)
        }
    };
    check("reuses-when-healthy", silent(1_055), "holds: b reused connection 1");
    let missed = "NeedlessConnections: c was written on new connection 2 although connection 1 was healthy and \
                  had a stream to spare since 0 ms";
    check("reuses-when-healthy", silent(55), missed);
    // Nor does one that began a moment before the dial.
    let dialled = |trace: TraceBuilder, at| on_dialled(trace, at, "c", 2);
    let asked = |trace: TraceBuilder| trace.start(40, "c", "GET");
    let pinged = |trace: TraceBuilder, at| trace.client_sends(at, 1, ping(false));
    let nothing = "not exercised: no request found a free and healthy connection";
    let missed = missed.replace("since 0 ms", "since 20 ms");
    check("reuses-when-healthy", dialled(asked(pinged(answered(), 39)), 45), nothing);
    check("reuses-when-healthy", dialled(pinged(asked(answered()), 44), 45), &missed);
    check("reuses-when-healthy", dialled(pinged(asked(answered()), 44), 1_044), nothing);
}

#[test]
fn a_connection_that_refuses_streams_need_not_be_used() {
    let after = |refusals: u32| {
        let refuse = |trace: TraceBuilder, n| {
            let (id, stream) = (format!("b{n}"), 3 + 2 * n);
            let refused = trace.h2_request(30, &id, "GET", 1, stream).bytes(30, 1, refused(stream));
            refused.closed_error(30, &id)
        };
        on_new_connection((0..refusals).fold(answered(), refuse), 50, "c", 2)
    };
    let missed = |since: u64| {
        format!(
            "NeedlessConnections: c was written on new connection 2 although connection 1 was healthy and \
             had a stream to spare since {since} ms"
        )
    };
    check("reuses-when-healthy", after(1), &missed(30));
    check("reuses-when-healthy", after(2), "holds: b0 reused connection 1");
    // It answered in between; the client used it again.
    let refuse = |trace: TraceBuilder, at, id: &str, stream| {
        trace.h2_request(at, id, "GET", 1, stream).bytes(at, 1, refused(stream)).closed_error(at, id)
    };
    let serve = |trace: TraceBuilder, at, id: &str, stream| {
        trace.h2_request(at, id, "GET", 1, stream).h2_response(at, id, 1, stream)
    };
    let between = refuse(serve(refuse(answered(), 30, "b", 3), 32, "d", 5), 34, "e", 7);
    check("reuses-when-healthy", on_new_connection(between, 50, "c", 2), &missed(34));
    let used = serve(refuse(refuse(answered(), 30, "b", 3), 32, "e", 5), 34, "d", 7);
    check("reuses-when-healthy", on_new_connection(used, 50, "c", 2), &missed(34));
    // That another connection served it says nothing of this one.
    let once = |trace: TraceBuilder| trace.h2_request(30, "b", "GET", 1, 3).bytes(30, 1, refused(3));
    let elsewhere = |trace: TraceBuilder| {
        let served = on_dialled(once(trace), 32, "b", 2).bytes(54, 2, gone(1)).client_fin(54, 2);
        refuse(served, 60, "d", 5)
    };
    let reused = "holds: b reused connection 1; d reused connection 1";
    check("reuses-when-healthy", on_new_connection(elsewhere(answered()), 70, "c", 3), reused);
    // An answer that the application does not want does not count.
    let dropped = Outcome::Response { status: 200, body: "".into(), end: BodyEnd::Dropped };
    let unwanted =
        refuse(answered(), 30, "b", 3).h2_request(32, "d", "GET", 1, 5).bytes(32, 1, answer(5, "d"));
    let twice = refuse(unwanted.finish(32, "d", dropped), 34, "e", 7);
    let reused = "holds: b reused connection 1; d reused connection 1; e reused connection 1";
    check("reuses-when-healthy", on_new_connection(twice, 50, "c", 2), reused);
}

#[test]
fn nobody_uses_a_stream_behind_an_early_response() {
    let second = Some(Duration::from_secs(1));
    let client = || ClientSettings { idle_timeout: second, ..ClientSettings::default() };
    let early = |at| {
        let begun = answered().start(30, "b", "POST").client_sends(30, 1, request(3, "b", "POST", 0));
        let answered = begun.origin_gets(30, 1).h2_response(60, "b", 1, 3);
        on_new_connection(answered.acknowledge(100, 1).client_fin(at, 1), at + 1, "c", 2)
    };
    let b_alone = "holds: b reused connection 1";
    check_in("reuses-when-healthy", &h2_with(client()), early(1_060), b_alone);
    let missed = "NeedlessConnections: c was written on new connection 2 although connection 1 was healthy \
                  when the client closed it at 550 ms";
    check_in("reuses-when-healthy", &h2_with(client()), early(550), missed);
}

#[test]
fn a_ping_of_the_instant_is_answered_by_what_came_in_it() {
    let client = ClientSettings { ping_timeout: Some(Duration::from_secs(1)), ..ClientSettings::default() };
    let late = |pinged| {
        let trace = answered().client_sends(pinged, 1, ping(false));
        trace.h2_request(2_000, "b", "GET", 1, 3).h2_response(2_020, "b", 1, 3)
    };
    let fresh = "not exercised: no connection became stale before a later request";
    check_in("no-stale-reuse", &h2_with(client.clone()), late(20), fresh);
    let stale = "StaleReuse: b was written on connection 1, 979 ms after the client's ping timeout of 1 000 ms had passed (W0)";
    check_in("no-stale-reuse", &h2_with(client), late(21), stale);
}
