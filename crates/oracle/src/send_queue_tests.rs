//! What waits in the host's buffer exempts a client, beside the near misses that do not: random schedules met all of these.

use std::time::Duration;

use closewait_scenario::{
    Action, ClientSettings, NetworkAction, NetworkSettings, Path, Scenario, Step, When,
};
use closewait_trace::http2::ErrorCode;
use closewait_trace::http2::testing::*;
use closewait_trace::testing::{TraceBuilder, data};
use closewait_trace::{Direction, Fate, Segment};

use super::http2_exemption_tests::*;
use super::tests::{check_in, check_trace};

#[test]
fn what_waits_for_the_network_is_not_seen() {
    let nothing = "not exercised: no request was given up with its stream open";
    let reset = |at| {
        let cancelled = full().cancel(30, "a").acknowledge(40, 1);
        cancelled.client_sends(at, 1, rst_stream(1, ErrorCode::CANCEL))
    };
    check("cancel-is-told", full().cancel(30, "a").step(900), nothing);
    check("cancel-is-told", reset(40), "holds: a: stream 1 of connection 1 was reset as it was given up");
    let later = "HangOrLeak: a was given up, and stream 1 of connection 1 was reset only 11 ms after that";
    check("cancel-is-told", reset(41), later);
    // The network takes it at once, and the end of the connection takes it away.
    let never = "HangOrLeak: a was given up at 30 ms, and stream 1 of connection 1 was never reset";
    check("cancel-is-told", full().acknowledge(30, 1).cancel(30, "a").step(900), never);
    let dead = |at| full().cancel(30, "a").acknowledge(40, 1).rst(at, 1);
    check("cancel-is-told", dead(40), nothing);
    check("cancel-is-told", dead(41), never);

    // An upload goes on, and fills the window again: all that could be written before has left by then.
    let goes_on = |for_long: u64| {
        let both = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
        let both = both.h2_request(5, "b", "GET", 1, 3).acknowledge(5, 1);
        let full = both.client_sends(10, 1, content(1, &"x".repeat(65_526), 0));
        let cancelled = full.cancel(30, "b").acknowledge(40, 1);
        cancelled.client_sends(40, 1, content(1, &"x".repeat(65_526), 0)).rst(40 + for_long, 1)
    };
    let b = never.replace("a was", "b was").replace("stream 1", "stream 3");
    check("cancel-is-told", goes_on(0), nothing);
    check("cancel-is-told", goes_on(1), &b);

    let late = |trace: TraceBuilder| {
        let given_up = trace.start(20, "b", "GET").deadline(30, "b").acknowledge(40, 1);
        given_up.h2_write(40, "b", "GET", 1, 3)
    };
    check("cancel-is-told", late(full()), nothing);
    let for_nobody =
        "HangOrLeak: b was over at 30 ms, and stream 3 of connection 1 was opened for it 10 ms later";
    check("cancel-is-told", late(uploading(1_000)), for_nobody);
    check("cancel-is-told", late(full().acknowledge(15, 1)), for_nobody);
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
    // The network had taken everything meanwhile; there was no stream; the client cannot have held as much.
    let taken = full().start(30, "b", "GET").bytes(40, 1, gone(u32::MAX >> 1)).acknowledge(50, 1);
    let again = taken.client_sends(50, 1, content(1, &"x".repeat(65_526), 0)).acknowledge(60, 1);
    check("no-stale-reuse", again.h2_attempt(60, "b", "GET", 1, 3), stale);
    let limited = |limit| {
        let waits = full().bytes(20, 1, settings(&[(3, limit)])).start(30, "b", "GET");
        let reset = waits.bytes(40, 1, gone(u32::MAX >> 1)).bytes(60, 1, rst_stream(1, ErrorCode(2)));
        reset.acknowledge(60, 1).h2_attempt(60, "b", "GET", 1, 3)
    };
    check("no-stale-reuse", limited(2), raced);
    let lowered =
        full().bytes(20, 1, settings(&[(3, 2)])).start(30, "b", "GET").bytes(35, 1, settings(&[(3, 1)]));
    let lowered = lowered.bytes(40, 1, gone(u32::MAX >> 1)).acknowledge(60, 1);
    check("no-stale-reuse", lowered.h2_attempt(60, "b", "GET", 1, 3), raced);
    check("no-stale-reuse", limited(1), stale);
    let behind = |bytes: usize| {
        let waits = full().start(30, "b", "GET").bytes(40, 1, gone(u32::MAX >> 1)).acknowledge(60, 1);
        let more = waits.client_sends(60, 1, content(1, &"x".repeat(bytes), 0));
        more.h2_attempt(60, "b", "GET", 1, 3)
    };
    check("no-stale-reuse", behind(30_000), raced);
    check("no-stale-reuse", behind(40_000), stale);
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
    let taken = full().start(30, "b", "GET").bytes(40, 1, settings(&[(3, 1)])).acknowledge(50, 1);
    check("no-leak", taken.h2_attempt(60, "b", "GET", 1, 3), two);
    // What was permitted at any time counts.
    let raised = |second| {
        let first = TraceBuilder::new().h2_open(0, 1, &[(3, 1)]).start(0, "a", "POST");
        let sends = first.client_sends(0, 1, request(1, "a", "POST", 0)).origin_gets(0, 1).acknowledge(5, 1);
        let full = sends.client_sends(10, 1, content(1, &"x".repeat(65_526), 0)).start(20, "b", "GET");
        full.bytes(30, 1, settings(&[(3, second)])).acknowledge(60, 1).h2_attempt(60, "b", "GET", 1, 3)
    };
    check(
        "no-leak",
        raised(2),
        "holds: never more than 2 open streams on connection 1; no socket was left after close",
    );
    check("no-leak", raised(1), two);
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
    let taken = full().bytes(15, 1, settings(&[])).start(20, "b", "GET").acknowledge(400, 1);
    check("bounded-wait", taken.deadline(500, "b").cancel(500, "a"), free);
}

#[test]
fn a_refused_request_may_be_lost_in_the_hosts_buffer() {
    let refill = |trace: TraceBuilder| trace.client_sends(15, 1, content(1, &"x".repeat(65_526), 0));
    let begun =
        || opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0)).acknowledge(5, 1);
    let asked = |trace: TraceBuilder| trace.h2_request(10, "b", "POST", 1, 3).acknowledge(12, 1);
    let unexercised = "not exercised: no request met a dead connection before its first byte was written, \
                       and none was disowned by the origin";
    let ended = |trace: TraceBuilder| trace.bytes(20, 1, refused(3)).rst(50, 1).closed_error(50, "b");
    check("unsent-is-free", ended(refill(asked(begun()))), unexercised);
    let failed = "AvoidableFailure: b failed although the origin said that it had not processed stream 3 of connection 1 \
                  (connection closed before message completed)";
    check("unsent-is-free", ended(asked(begun())), failed);
    check("unsent-is-free", ended(refill(asked(begun())).acknowledge(20, 1)), failed);
}

#[test]
fn a_refused_request_may_wait_in_the_hosts_buffer() {
    let waits = |trace: TraceBuilder| trace.bytes(20, 1, refused(1)).deadline(500, "a");
    let told = "holds: a was ended by its deadline: nothing told the client";
    check("bounded-wait", waits(full()), told);
    let hung = "HangOrLeak: a waited for its deadline, 480 ms after an RST_STREAM on stream 1 of connection 1 was delivered";
    check("bounded-wait", waits(uploading(1_000)), hung);
    check("bounded-wait", full().bytes(20, 1, refused(1)).acknowledge(400, 1).deadline(500, "a"), hung);
}

#[test]
fn a_ping_may_wait_in_the_hosts_buffer() {
    let second = Some(Duration::from_secs(1));
    let client =
        || ClientSettings { ping_interval: second, ping_timeout: second, ..ClientSettings::default() };
    let dead = || Scenario { script: vec![everything_is_lost()], ..h2_with(client()) };
    let heard = |trace: TraceBuilder| trace.bytes(15, 1, settings(&[])).step(15);
    let waits = |trace: TraceBuilder| heard(trace).deadline(5_000, "a");
    let told = "holds: a was ended by its deadline: nothing told the client";
    check_in("bounded-wait", &dead(), waits(full()), told);
    let hung = "HangOrLeak: a waited for its deadline, 2 985 ms after nothing had come on connection 1 for 2 000 ms, \
                without a PING of the client";
    check_in("bounded-wait", &dead(), waits(uploading(1_000)), hung);
    // The network takes it when it is due, or a little later; then it has its time from there on.
    let taken = |at| heard(full()).acknowledge(at, 1);
    check_in("bounded-wait", &dead(), taken(1_015).deadline(5_000, "a"), hung);
    let later = hung.replace("2 985", "2 984");
    check_in("bounded-wait", &dead(), taken(1_016).deadline(5_000, "a"), &later);
    let pinged = || taken(1_016).client_sends(1_016, 1, ping(false));
    let unanswered = "HangOrLeak: a waited for its deadline, 2 984 ms after the client's ping timeout of 1 000 ms had passed on connection 1";
    check_in("bounded-wait", &dead(), pinged().deadline(5_000, "a"), unanswered);
    let answered = pinged().bytes(2_016, 1, ping(true));
    check_in("bounded-wait", &dead(), answered.deadline(2_500, "a"), told);
    // A response that is held back on a path that is well: the PING would have been answered.
    check_in("bounded-wait", &h2_with(client()), waits(uploading(1_000)), told);
}

fn everything_is_lost() -> Step {
    let everything = NetworkAction::Drop { path: Path::default(), packets: None };
    Step { action: Action::Network(everything), when: When::Now, may_miss: false, line: 1 }
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
    let again = |trace: TraceBuilder| {
        trace.h2_attempt(60, "a", "POST", 1, 3).h2_response(80, "a", 1, 3).client_fin(80, 1)
    };
    let refused = |trace: TraceBuilder| again(trace.bytes(20, 1, refused(1)).acknowledge(60, 1));
    check_in(
        "no-leak",
        &none,
        refused(full()),
        "holds: never more than 0 idle; no socket was left after close",
    );
    let idle = "HangOrLeak: 1 idle connection at 20 ms; the limit is 0";
    check_in("no-leak", &none, refused(uploading(1_000)), idle);
    let idle = "HangOrLeak: 1 idle connection at 50 ms; the limit is 0";
    let taken = full().bytes(20, 1, rst_stream(1, ErrorCode::REFUSED_STREAM)).acknowledge(50, 1);
    check_in("no-leak", &none, again(taken), idle);
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
fn a_close_on_a_dead_path_leaves_no_segment() {
    let replaced = |trace: TraceBuilder| trace.start(5_000, "b", "GET").h2_open(5_000, 2, &[]);
    let closed = "holds: never more than 1 open; no socket was left after close";
    check_limited("no-leak", replaced(full().client_close(5_000, 1, 0)), closed);
    check_limited("no-leak", replaced(full()), "HangOrLeak: 2 open connections at 5 000 ms; the limit is 1");
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
    let stale = "StaleReuse: b was written on connection 1, 10 ms after the client's idle timeout of 1 000 ms had \
                 passed (W0); likewise c";
    check_in("no-stale-reuse", &h2_with(client()), late(uploading(1_000)), stale);
}

#[test]
fn a_network_that_takes_nothing_for_a_second_may_be_dead() {
    let replaced = |trace: TraceBuilder, last: u64| {
        let heard = trace.bytes(last, 1, settings(&[])).start(30, "b", "GET");
        on_dialled(heard, 1_020, "b", 2)
    };
    let exempt = "not exercised: no request found a free and healthy connection";
    check("reuses-when-healthy", replaced(full(), 19), exempt);
    let missed = "NeedlessConnections: b was written on new connection 2 although connection 1 was healthy and \
                  had a stream to spare since 0 ms";
    check("reuses-when-healthy", replaced(full(), 20), missed);
    check("reuses-when-healthy", replaced(uploading(1_000), 19), missed);
}

#[test]
fn the_hosts_buffer_may_be_full_before_the_window() {
    let small = || {
        let network = NetworkSettings { send_buffer: 4_096, ..NetworkSettings::default() };
        Scenario { network, ..h2_with(ClientSettings::default()) }
    };
    let reset = || {
        let cancelled = uploading(4_096).cancel(30, "a").acknowledge(40, 1);
        cancelled.client_sends(40, 1, rst_stream(1, ErrorCode::CANCEL))
    };
    check_in(
        "cancel-is-told",
        &small(),
        reset(),
        "holds: a: stream 1 of connection 1 was reset as it was given up",
    );
    let late = "HangOrLeak: a was given up, and stream 1 of connection 1 was reset only 10 ms after that";
    check("cancel-is-told", reset(), late);
    // It does not hold a FIN back.
    let kept =
        "HangOrLeak: connection 1 was closed 2 980 ms after its FIN was delivered; the bound is 1 000 ms";
    let closed = uploading(4_096).fin(20, 1).acknowledge(3_000, 1).client_fin(3_000, 1);
    check_in("prompt-close", &small(), closed, kept);
}

/// `a` uploads on connection 1 and has filled the window; `c` was answered on connection 2.
fn full_beside_idle() -> TraceBuilder {
    on_dialled(full().start(11, "c", "GET"), 11, "c", 2)
}

#[test]
fn what_cannot_take_a_request_does_not_hold_it() {
    let waits = |trace: TraceBuilder| trace.start(40, "b", "GET").deadline(500, "b").cancel(500, "a");
    let told = "holds: b was ended by its deadline: nothing told the client; 2 requests ended in time";
    check("bounded-wait", waits(full_beside_idle()), told);
    let free = "HangOrLeak: b waited for its deadline, 460 ms after connection 2 was free for it";
    check("bounded-wait", waits(full_beside_idle().bytes(35, 1, gone(1))), free);
    check("bounded-wait", waits(full_beside_idle().bytes(35, 1, settings(&[(3, 1)]))), free);
}

#[test]
fn a_request_may_wait_for_a_stream_and_then_for_the_network() {
    let lost = |bytes: usize| {
        let begun = TraceBuilder::new().h2_open(0, 1, &[(3, 2)]).start(0, "a", "POST");
        let begun = begun.client_sends(0, 1, request(1, "a", "POST", 0)).h2_request(0, "c", "GET", 1, 3);
        let waits = begun.acknowledge(4, 1).start(5, "b", "POST");
        let sends = waits.client_sends(10, 1, content(1, &"x".repeat(bytes - 9), 0));
        sends.h2_response(20, "c", 1, 3).rst(50, 1).closed_error(50, "b")
    };
    let unexercised = "not exercised: no request met a dead connection before its first byte was written, \
                       and none was disowned by the origin";
    check("unsent-is-free", lost(65_535), unexercised);
    let failed = "AvoidableFailure: b failed although no byte of it was written (connection closed before message completed)";
    check("unsent-is-free", lost(1_000), failed);
}

#[test]
fn a_retry_may_wait_in_the_buffer_of_another_connection() {
    let waits = |taken| {
        let other = TraceBuilder::new().h2_open(0, 1, &[]).h2_open(0, 2, &[]).start(0, "a", "POST");
        let other = other.client_sends(0, 2, request(1, "a", "POST", 0)).acknowledge(5, 2);
        let full =
            other.h2_request(5, "b", "GET", 1, 1).client_sends(10, 2, content(1, &"x".repeat(65_526), 0));
        let ended = full.fin(20, 1).client_fin(20, 1).acknowledge(taken, 2);
        ended.deadline(500, "b").cancel(500, "a")
    };
    let told = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check("bounded-wait", waits(500), told);
    let hung = "HangOrLeak: b waited for its deadline, 480 ms after the FIN of connection 1 was delivered";
    check("bounded-wait", waits(499), hung);
}

#[test]
fn what_comes_behind_a_gap_acknowledges_nothing_yet() {
    let reset = |seq: u32| {
        let cancelled = full().cancel(30, "a");
        let answer = Segment { ack: true, seq, ack_seq: 100_000, window: 65_535, ..data(settings(&[])) };
        let early = cancelled.segment(35, 1, Direction::ToClient, Fate::Delivered, answer);
        early.acknowledge(40, 1).client_sends(40, 1, rst_stream(1, ErrorCode::CANCEL))
    };
    let check = |trace: TraceBuilder, expected: &str| {
        check_trace("cancel-is-told", &h2_with(ClientSettings::default()), &trace.build(), expected);
    };
    check(reset(5_000), "holds: a: stream 1 of connection 1 was reset as it was given up");
    let late = "HangOrLeak: a was given up, and stream 1 of connection 1 was reset only 10 ms after that";
    check(reset(1), late);
}
