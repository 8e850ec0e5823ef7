//! What a client of HTTP/2 is excused for, each beside the near miss that it is not: random schedules met all of these.

use std::time::Duration;

use super::tests::{check_in, scenario};
use crate::scenario::{ClientSettings, Protocol, Scenario};
use crate::trace::http2::ErrorCode;
use crate::trace::http2::testing::*;
use crate::trace::testing::TraceBuilder;
use crate::trace::{BodyEnd, Direction, Fate, Outcome, Segment};

fn h2_with(client: ClientSettings) -> Scenario {
    Scenario { protocol: Protocol::H2, client, ..scenario() }
}

#[track_caller]
fn check(oracle: &str, trace: TraceBuilder, expected: &str) {
    check_in(oracle, &h2_with(ClientSettings::default()), trace, expected);
}

#[track_caller]
fn check_limited(oracle: &str, trace: TraceBuilder, expected: &str) {
    let client = ClientSettings { max_connections: Some(1), ..ClientSettings::default() };
    check_in(oracle, &h2_with(client), trace, expected);
}

fn opened() -> TraceBuilder {
    TraceBuilder::new().h2_open(0, 1, &[])
}

/// `a` was answered on stream 1 of connection 1 at 20 ms.
fn answered() -> TraceBuilder {
    opened().h2_request(0, "a", "GET", 1, 1).h2_response(20, "a", 1, 1)
}

/// `a` uploads from 10 ms on, on stream 1, and has filled the window.
fn full() -> TraceBuilder {
    uploading(65_535)
}

fn uploading(bytes: usize) -> TraceBuilder {
    let upload = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
    let upload = upload.origin_gets(0, 1).acknowledge(5, 1);
    upload.client_sends(10, 1, content(1, &"x".repeat(bytes - 9), 0)).origin_gets(10, 1)
}

fn gone(last_stream: u32) -> Vec<u8> {
    goaway(last_stream, ErrorCode::NO_ERROR)
}

fn refused(stream: u32) -> Vec<u8> {
    rst_stream(stream, ErrorCode::REFUSED_STREAM)
}

/// A request on a new connection, answered.
fn on_new_connection(trace: TraceBuilder, at: u64, id: &str, connection: u32) -> TraceBuilder {
    on_dialled(trace.start(at, id, "GET"), at, id, connection)
}

fn on_dialled(trace: TraceBuilder, at: u64, id: &str, connection: u32) -> TraceBuilder {
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
    check("bounded-retries", twice(ErrorCode::REFUSED_STREAM), "holds: a: 3 attempts");
    let storm = "RetryStorm: a was written on 3 new connections in turn; the budget is 2";
    check("bounded-retries", twice(ErrorCode::CANCEL), storm);
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
fn what_waits_for_the_network_is_not_seen() {
    let cancelled = |at| full().acknowledge(at, 1).cancel(30, "a").step(900);
    check("cancel-is-told", cancelled(30), "not exercised: no request was given up with its stream open");
    let never = "HangOrLeak: a was given up at 30 ms, and stream 1 of connection 1 was never reset";
    check("cancel-is-told", cancelled(29), never);

    let late = |trace: TraceBuilder| {
        let given_up = trace.start(20, "b", "GET").deadline(30, "b").acknowledge(40, 1);
        given_up.h2_write(40, "b", "GET", 1, 3)
    };
    check("cancel-is-told", late(full()), "not exercised: no request was given up with its stream open");
    let for_nobody =
        "HangOrLeak: b was over at 30 ms, and stream 3 of connection 1 was opened for it 10 ms later";
    check("cancel-is-told", late(uploading(1_000)), for_nobody);
}

#[test]
fn a_request_may_wait_in_the_hosts_buffer() {
    let written = |trace: TraceBuilder, start| {
        let asked = |trace: TraceBuilder, at| if at == start { trace.start(at, "b", "GET") } else { trace };
        let gone = asked(asked(trace, 30).bytes(40, 1, gone(u32::MAX >> 1)), 45);
        gone.acknowledge(60, 1).h2_attempt(60, "b", "GET", 1, 3)
    };
    let raced = "holds: b raced: it waited for connection 1 to take what was written before it when \
                 a GOAWAY (last stream 2147483647, NO_ERROR) was delivered on it";
    check("no-stale-reuse", written(full(), 30), raced);
    let stale = "StaleReuse: b was written on connection 1, 20 ms after a GOAWAY (last stream 2147483647, NO_ERROR) \
                 was delivered on it (W0)";
    check("no-stale-reuse", written(full(), 45), stale);
    check("no-stale-reuse", written(uploading(1_000), 30), stale);
}

#[test]
fn a_limit_comes_too_late_for_what_waits_in_the_hosts_buffer() {
    let lowered = |trace: TraceBuilder, start| {
        let asked = |trace: TraceBuilder, at| if at == start { trace.start(at, "b", "GET") } else { trace };
        let limited = asked(asked(trace, 30).bytes(40, 1, settings(&[(3, 1)])), 45);
        limited.acknowledge(60, 1).h2_attempt(60, "b", "GET", 1, 3)
    };
    check("no-leak", lowered(full(), 30), "holds: no socket was left after close");
    let two = "HangOrLeak: stream 3 made 2 open streams on connection 1; the origin's limit is 1";
    check("no-leak", lowered(full(), 45), two);
    check("no-leak", lowered(uploading(1_000), 30), two);
}

#[test]
fn room_in_the_instant_of_the_deadline_is_too_late() {
    let waits = |closed| {
        let both = opened().h2_request(0, "a", "GET", 1, 1).h2_request(0, "b", "GET", 1, 3);
        let drained = both.bytes(20, 1, gone(1)).client_fin(closed, 1);
        drained.deadline(500, "b").deadline(500, "a")
    };
    let line = "holds: a was ended by its deadline: nothing told the client; b was ended by its deadline: nothing told the client";
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
    let told = "holds: a was ended by its deadline: nothing told the client";
    check_limited(
        "bounded-wait",
        asked().client_fin(20, 1).bytes(30, 1, answer(1, "a")).deadline(500, "a"),
        told,
    );
    let hung = "HangOrLeak: a waited for its deadline, 470 ms after its whole response was delivered on connection 1";
    check_limited(
        "bounded-wait",
        asked().bytes(30, 1, answer(1, "a")).client_fin(40, 1).deadline(500, "a"),
        hung,
    );
}

#[test]
fn a_host_that_answers_with_rst_has_no_application() {
    let closed = |at| {
        let both = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
        let both = both.h2_request(0, "b", "GET", 1, 3).origin_gets(0, 1).acknowledge(5, 1);
        let full = both.client_sends(10, 1, content(1, &"x".repeat(65_535 - 9), 0));
        let rst = Segment { rst: true, seq: 1, ..Segment::default() };
        let answered = full.bytes(30, 1, answer(3, "b"));
        let reset = answered.segment(at, 1, Direction::ToOrigin, Fate::Sent, rst);
        reset.cancel(400, "a").deadline(500, "b")
    };
    let told = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check_limited("bounded-wait", closed(30), told);
    let hung = "HangOrLeak: b waited for its deadline, 470 ms after its whole response was delivered on connection 1";
    check_limited("bounded-wait", closed(31), hung);
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
fn a_request_that_the_network_did_not_take_is_not_known_to_be_unsent() {
    let lost = |trace: TraceBuilder| trace.start(20, "b", "POST").rst(50, 1).closed_error(50, "b");
    let unexercised = "not exercised: no request met a dead connection before its first byte was written, \
                       and none was disowned by the origin";
    check("unsent-is-free", lost(full()), unexercised);
    let failed = "AvoidableFailure: b failed although no byte of it was written \
                  (connection closed before message completed)";
    check("unsent-is-free", lost(uploading(1_000)), failed);

    let waits =
        |trace: TraceBuilder| trace.bytes(15, 1, settings(&[])).start(20, "b", "GET").deadline(500, "b");
    let told = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check("bounded-wait", waits(full()).cancel(500, "a"), told);
    let free = "HangOrLeak: b waited for its deadline, 480 ms after connection 1 was free for it";
    check("bounded-wait", waits(uploading(1_000)).cancel(500, "a"), free);
}

#[test]
fn a_refused_request_may_wait_in_the_hosts_buffer() {
    let waits = |trace: TraceBuilder| trace.bytes(20, 1, refused(1)).deadline(500, "a");
    let told = "holds: a was ended by its deadline: nothing told the client";
    check("bounded-wait", waits(full()), told);
    let hung = "HangOrLeak: a waited for its deadline, 480 ms after an RST_STREAM on stream 1 of connection 1 was delivered";
    check("bounded-wait", waits(uploading(1_000)), hung);
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
fn a_ping_may_wait_in_the_hosts_buffer() {
    let second = Some(Duration::from_secs(1));
    let client =
        || ClientSettings { ping_interval: second, ping_timeout: second, ..ClientSettings::default() };
    let waits = |trace: TraceBuilder| trace.bytes(15, 1, settings(&[])).deadline(5_000, "a");
    let told = "holds: a was ended by its deadline: nothing told the client";
    check_in("bounded-wait", &h2_with(client()), waits(full()), told);
    let hung = "HangOrLeak: a waited for its deadline, 2 985 ms after nothing had come on connection 1 for 2 000 ms, \
                without a PING of the client";
    check_in("bounded-wait", &h2_with(client()), waits(uploading(1_000)), hung);
}

#[test]
fn silence_counts_from_when_the_request_was_written() {
    let silent = |trace: TraceBuilder| {
        let asked = trace.start(20, "b", "GET").bytes(30, 1, settings(&[])).acknowledge(30, 1);
        let given_up = asked.h2_write(30, "b", "GET", 1, 3).deadline(1_000, "b");
        given_up.h2_request(2_000, "c", "GET", 1, 5).deadline(3_000, "c")
    };
    let unexercised =
        "not exercised: no connection died before a later request, and none drained with a stream open";
    check("recovers", silent(full()), unexercised);
    let costly = "AvoidableFailure: connection 1, dead since 1 000 ms, cost c, written on it later";
    check("recovers", silent(uploading(1_000)), costly);
}

#[test]
fn a_stream_may_be_open_in_the_hosts_buffer() {
    let none = h2_with(ClientSettings { max_idle: Some(0), ..ClientSettings::default() });
    let refused = |trace: TraceBuilder| {
        let again = trace.bytes(20, 1, refused(1)).acknowledge(60, 1);
        again.h2_attempt(60, "a", "POST", 1, 3).h2_response(80, "a", 1, 3).client_fin(80, 1)
    };
    check_in(
        "no-leak",
        &none,
        refused(full()),
        "holds: never more than 0 idle; no socket was left after close",
    );
    let idle = "HangOrLeak: 1 idle connection at 20 ms; the limit is 0";
    check_in("no-leak", &none, refused(uploading(1_000)), idle);
}

#[test]
fn a_request_in_the_hosts_buffer_needs_no_dial() {
    let client =
        || ClientSettings { connect_timeout: Some(Duration::from_secs(1)), ..ClientSettings::default() };
    let waits = |trace: TraceBuilder| {
        let dialled = trace.start(20, "b", "GET").syn(100, 2);
        dialled.cancel(4_000, "a").deadline(5_000, "b")
    };
    let told = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check_in("bounded-wait", &h2_with(client()), waits(full()), told);
    let hung = "HangOrLeak: b waited for its deadline, 3 900 ms after the client's connect timeout of 1 000 ms had passed";
    check_in("bounded-wait", &h2_with(client()), waits(uploading(1_000)), hung);
}

#[test]
fn a_close_on_a_dead_path_is_not_seen() {
    let replaced = |trace: TraceBuilder| trace.start(5_000, "b", "GET").h2_open(5_000, 2, &[]);
    let held = "HangOrLeak: 2 open connections at 5 000 ms; the limit is 1";
    check_limited(
        "no-leak",
        replaced(full()),
        "holds: never more than 1 open; no socket was left after close",
    );
    check_limited("no-leak", replaced(full()).bytes(6_000, 1, settings(&[])), held);
}

#[test]
fn an_idle_timeout_comes_too_late_for_what_waits_in_the_hosts_buffer() {
    let client =
        || ClientSettings { idle_timeout: Some(Duration::from_secs(1)), ..ClientSettings::default() };
    let late = |trace: TraceBuilder| {
        let reset =
            trace.bytes(20, 1, rst_stream(1, ErrorCode(2))).closed_error(20, "a").start(30, "b", "GET");
        let queued = reset.acknowledge(1_030, 1).h2_attempt(1_030, "b", "GET", 1, 3);
        queued.h2_response(1_050, "b", 1, 3).h2_request(1_100, "c", "GET", 1, 5)
    };
    let raced = "holds: b raced: it waited for connection 1 to take what was written before it when \
                 the client's idle timeout of 1 000 ms had passed";
    check_in("no-stale-reuse", &h2_with(client()), late(full()), raced);
    let late_by = |id: &str, by: &str| {
        format!(
            "StaleReuse: {id} was written on connection 1, {by} ms after the client's idle timeout of 1 000 ms had passed (W0)"
        )
    };
    let stale = [late_by("b", "10"), late_by("c", "80")].join("\n");
    check_in("no-stale-reuse", &h2_with(client()), late(uploading(1_000)), &stale);
}

#[test]
fn a_network_that_takes_nothing_for_a_second_may_be_dead() {
    let replaced = |trace: TraceBuilder, last: u64| {
        let heard = trace.bytes(last, 1, settings(&[])).start(30, "b", "GET");
        on_dialled(heard, 1_020, "b", 2)
    };
    let excused = "not exercised: no request found a free and healthy connection";
    check("reuses-when-healthy", replaced(full(), 19), excused);
    let missed = "NeedlessConnections: b was written on new connection 2 although connection 1 was healthy and \
                  had a stream to spare since 0 ms";
    check("reuses-when-healthy", replaced(full(), 20), missed);
    check("reuses-when-healthy", replaced(uploading(1_000), 19), missed);
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
