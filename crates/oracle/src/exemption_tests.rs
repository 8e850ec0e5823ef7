//! What a client is exempt from, each beside the near miss that it is not: random schedules met all of these.

use std::time::Duration;

use closewait_scenario::{ClientSettings, Scenario};
use closewait_trace::testing::{TraceBuilder, data, error, head, ok_message};
use closewait_trace::{BodyEnd, Direction, ErrorKind, Fate, Outcome, Segment, Views};

use super::case::Case;
use super::tests::{answered, check_in, check_trace, on_new_connection, opened, scenario};
use super::{closes, doubts, waiting};

fn with_client(client: ClientSettings) -> Scenario {
    Scenario { client, ..scenario() }
}

fn one_connection() -> Scenario {
    with_client(ClientSettings { max_connections: Some(1), ..ClientSettings::default() })
}

/// The client's host answers a SYN-ACK with RST.
fn refused(trace: TraceBuilder, at: u64, connection: u32) -> TraceBuilder {
    let rst = Segment { rst: true, seq: 1, ..Segment::default() };
    trace.segment(at, connection, Direction::ToOrigin, Fate::Sent, rst)
}

/// An acknowledgement by the client's host.
fn ack(trace: TraceBuilder, at: u64, connection: u32) -> TraceBuilder {
    let ack = Segment { ack: true, seq: 1, ack_seq: 1, ..Segment::default() };
    trace.segment(at, connection, Direction::ToOrigin, Fate::Sent, ack)
}

/// The origin has taken this many bytes, and leaves that much room.
pub(super) fn acked(trace: TraceBuilder, at: u64, bytes: usize, window: u32) -> TraceBuilder {
    let ack_seq = u32::try_from(bytes).expect("a test writes little") + 1;
    let ack = Segment { ack: true, seq: 1, ack_seq, window, ..Segment::default() };
    trace.segment(at, 1, Direction::ToClient, Fate::Delivered, ack)
}

/// Why `c` need not use connection 1, or may take the client's time.
#[track_caller]
fn check_exemption(client: ClientSettings, trace: TraceBuilder, expected: &str) {
    let (scenario, trace) = (with_client(client), trace.build());
    let views = Views::of(&trace, &scenario.client);
    let case = Case::new(&scenario, &trace, &views);
    let request = views.requests.get("c").expect("request c");
    let connection = views.connections.get(1).expect("connection 1");
    let last = connection.exchanges.last().expect("an exchange");
    let idle = request.started.since(last.complete().unwrap_or(request.started));
    let exemption = doubts::in_doubt(&case, connection, request.started)
        .or_else(|| doubts::idle_too_long(&case, last, idle))
        .or_else(|| closes::reason(&case, connection, request))
        .or_else(|| waiting::young_dial(&case, request, request.ended()?));
    assert_eq!(exemption.map_or("none".to_owned(), |exemption| exemption.to_string()), expected);
}

#[test]
fn every_exemption_has_its_words() {
    let plain = ClientSettings::default;
    let asked = |trace: TraceBuilder, at| trace.start(at, "c", "GET");
    check_exemption(plain(), asked(answered(), 40), "none");
    check_exemption(plain(), asked(answered().fin(30, 1), 40), "its FIN was delivered");
    check_exemption(plain(), asked(answered().fin_sent(30, 1), 40), "FIN was on its way");
    check_exemption(
        plain(),
        asked(answered().bytes(30, 1, "\r\n"), 40),
        "an unasked CRLF was delivered on it",
    );
    check_exemption(plain(), asked(answered(), 30_021), "it had been idle too long");
    let closed = || asked(answered().client_fin(40, 1), 40);
    check_exemption(plain(), closed(), "none");
    check_exemption(one_connection().client, closed(), "the client has a limit of connections");
    check_exemption(
        plain(),
        asked(answered().closing(30).client_fin(40, 1), 40),
        "the client was being closed",
    );
    let dead = two_at_once().response(20, "a", 1).deadline(2_000, "b").client_fin(2_000, 1);
    check_exemption(plain(), asked(dead, 2_000), "another connection had just proved dead");
    let shut = asked(stopped_upload(), 100);
    check_exemption(plain(), shut, "a was given up on it with the response outstanding");
    let dialled = asked(answered(), 40).syn(40, 2).deadline(90, "c");
    check_exemption(plain(), dialled, "a connection was being dialled");
}

#[test]
fn a_handshake_that_the_host_refuses_is_no_connection() {
    let needless = |trace: TraceBuilder, expected: &str| {
        check_trace("no-needless-connections", &scenario(), &trace.build(), expected);
    };
    needless(refused(answered().open(40, 2), 40, 2), "holds: 1 connection for 1 request");
    let unused = "NeedlessConnections: connection 2 was opened and never carried a request";
    needless(refused(ack(answered().open(40, 2), 40, 2), 50, 2), unused);

    let leak = |trace: TraceBuilder, expected: &str| {
        check_trace("no-leak", &one_connection(), &trace.build(), expected);
    };
    let late = |trace: TraceBuilder| {
        let syn_ack = Segment { syn: true, ack: true, ack_seq: 1, ..Segment::default() };
        trace.segment(20, 1, Direction::ToClient, Fate::Delivered, syn_ack)
    };
    let given_up = || late(TraceBuilder::new().syn(0, 1).syn(5, 2));
    leak(ack(given_up(), 20, 1), "HangOrLeak: 2 open connections at 5 ms; the limit is 1");
    let closed = TraceBuilder::new().syn(0, 1).client_close(5, 1, 0).syn(5, 2);
    leak(refused(late(closed), 20, 1), "holds: never more than 1 open; no socket was left after close");
}

#[test]
fn a_connection_may_be_over_before_anything_can_be_written_on_it() {
    let check = |trace: TraceBuilder, expected: &str| {
        let trace = trace.client_fin(60, 1).open(60, 2).attempt(60, "a", "GET", 2).response(80, "a", 2);
        check_in("no-needless-connections", &scenario(), trace, expected);
    };
    let opened = || TraceBuilder::new().start(20, "a", "GET").open(40, 1);
    let ended = "holds: 2 connections for 1 request";
    let unused = "NeedlessConnections: connection 1 was opened and never carried a request";
    check(opened().fin(40, 1), ended);
    check(opened().rst(40, 1), ended);
    check(opened().alert(40, 1, "close_notify"), ended);
    check(opened().alert(40, 1, "internal_error"), ended);
    // A little later the request could have been written.
    check(opened().fin(41, 1), unused);
    check(opened().alert(41, 1, "close_notify"), unused);
    // What answers the client's own close is no reason for it.
    check(opened().client_fin(40, 1).fin(40, 1), unused);
}

#[test]
fn a_handshake_that_the_client_gives_up_is_its_own_failure() {
    let check = |trace: TraceBuilder, expected: &str| {
        check_trace("unsent-is-free", &scenario(), &trace.build(), expected);
    };
    let failed =
        || TraceBuilder::new().start(0, "b", "GET").open(5, 1).finish(10, "b", error(ErrorKind::Canceled));
    check(
        refused(failed(), 20, 1),
        "AvoidableFailure: b failed although no byte of it was written (connection closed before message completed)",
    );
    let nobody =
        TraceBuilder::new().start(0, "b", "GET").syn(5, 1).finish(10, "b", error(ErrorKind::Canceled));
    check(nobody, "not exercised: no request met a dead connection before its first byte was written");
}

/// What the stopped upload has written by 60 ms, bytes.
pub(super) const WRITTEN: usize = 55 + 8;

/// An upload that is given up at 50 ms with half of it written; what is left in the host's buffer goes on, and fills the
/// origin's window.
pub(super) fn stopped_upload() -> TraceBuilder {
    stopped_with(63)
}

fn stopped_with(window: u32) -> TraceBuilder {
    let half = "PUT /a HTTP/1.1\r\nx-request-id: a\r\ncontent-length: 9\r\n\r\n1234";
    let syn_ack = Segment { syn: true, ack: true, ack_seq: 1, window, ..Segment::default() };
    let opened = TraceBuilder::new().syn(0, 1).segment(0, 1, Direction::ToClient, Fate::Delivered, syn_ack);
    let trace = opened.start(0, "a", "PUT").client_sends(0, 1, half).deadline(50, "a");
    trace.client_sends(60, 1, "5678")
}

#[test]
fn a_fin_waits_behind_bytes() {
    let check = |trace: TraceBuilder, expected: &str| {
        check_trace(
            "no-leak",
            &one_connection(),
            &trace.start(100, "b", "GET").open(100, 2).build(),
            expected,
        );
    };
    check(
        stopped_upload().client_close(100, 1, 5),
        "holds: never more than 1 open; no socket was left after close",
    );
    let leaks = "HangOrLeak: 2 open connections at 100 ms; the limit is 1";
    check(stopped_upload(), leaks);

    let prompt = |trace: TraceBuilder, expected: &str| {
        check_trace("prompt-close", &scenario(), &trace.build(), expected);
    };
    let stuck = || stopped_upload().fin(60, 1);
    let kept =
        "HangOrLeak: connection 1 was closed 4 940 ms after its FIN was delivered; the bound is 1 000 ms";
    prompt(stuck().client_close(5_000, 1, 5).step(9_000), kept);
    prompt(acked(stuck(), 80, WRITTEN, 4096).client_fin(5_000, 1), kept);
    let never = "HangOrLeak: connection 1 was not yet closed 899 940 ms after its FIN was delivered; the bound is 1 000 ms";
    prompt(stuck().step(900_000), never);
    // What it closes at once may have to wait.
    let prompt_close = "holds: connection 1 was closed 10 ms after its FIN was delivered";
    prompt(stuck().client_close(70, 1, 5).client_fin(900_000, 1), prompt_close);
}

#[test]
fn a_young_dial_is_waited_for() {
    let check = |trace, expected: &str| check_in("bounded-wait", &scenario(), trace, expected);
    let told = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    let asked = || opened().request(0, "a", "GET", 1).start(10, "b", "GET");
    let dialling = || asked().syn(10, 2).response(20, "a", 1);
    check(dialling().deadline(40, "b"), told);
    let late = "HangOrLeak: b waited for its deadline, 1 080 ms after connection 1 was free for it";
    check(dialling().deadline(1_100, "b"), late);
    // A dial that was begun before is somebody else's.
    let other = opened().request(0, "a", "GET", 1).syn(5, 2).start(10, "b", "GET").response(20, "a", 1);
    let free = "HangOrLeak: b waited for its deadline, 20 ms after connection 1 was free for it";
    check(other.deadline(40, "b"), free);
    // One dial is not enough for two who wait.
    let two = asked().syn(10, 2).start(11, "c", "GET").response(20, "a", 1).deadline(40, "c");
    let c = "HangOrLeak: c waited for its deadline, 20 ms after connection 1 was free for it";
    check(two.deadline(40, "b"), c);
}

#[test]
fn a_place_in_line() {
    let limited =
        |limit| with_client(ClientSettings { max_connections: Some(limit), ..ClientSettings::default() });
    let check = |limit, trace, expected: &str| check_in("bounded-wait", &limited(limit), trace, expected);
    let busy = || opened().request(0, "a", "GET", 1).start(10, "b", "GET");
    check(
        1,
        busy().deadline(500, "b").response(600, "a", 1),
        "holds: b was ended by its deadline: nothing told the client; 1 request ended in time",
    );
    let room =
        "HangOrLeak: b waited for its deadline, 490 ms after there was room for one more of 2 connections";
    check(2, busy().deadline(500, "b").response(600, "a", 1), room);
    check(
        2,
        busy().syn(10, 2).deadline(500, "b").response(600, "a", 1),
        "holds: b was ended by its deadline: nothing told the client; 1 request ended in time",
    );
    let overtaken = busy().start(20, "c", "GET").response(30, "a", 1).attempt(30, "c", "GET", 1);
    let late = "HangOrLeak: b waited for its deadline, 470 ms after c, which began later, was written";
    check(1, overtaken.deadline(500, "b").response(600, "c", 1), late);
}

#[test]
fn a_retry_waits_in_line() {
    let crossed = || {
        let trace = answered().start(40, "b", "GET").write(40, "b", "GET", 1).start(45, "c", "GET");
        trace.rst(50, 1).start(50, "c", "GET").open(50, 2)
    };
    let served = || crossed().attempt(50, "c", "GET", 2).deadline(500, "b").response(600, "c", 2);
    let check = |oracle, limit: Option<u32>, trace, expected: &str| {
        let client = ClientSettings { max_connections: limit, ..ClientSettings::default() };
        check_in(oracle, &with_client(client), trace, expected);
    };
    let waits = "holds: b was ended by its deadline: nothing told the client; 2 requests ended in time";
    check("bounded-wait", Some(1), served(), waits);
    let hung = "HangOrLeak: b waited for its deadline, 450 ms after an RST of connection 1 was delivered";
    check("bounded-wait", Some(2), served(), hung);
    check("bounded-wait", None, served(), hung);
    let raced =
        "holds: b: ended by its deadline (RST of connection 1 delivered after the request was written, W3)";
    check("race-outcome", Some(1), served(), raced);
    let hung = "HangOrLeak: b hung for 450 ms after the end of its connection was delivered (RST of connection 1 delivered after the request was written, W3)";
    check("race-outcome", Some(2), served(), hung);
    // The line has moved on: there was room from 200 ms.
    let moved =
        crossed().attempt(50, "c", "GET", 2).response(100, "c", 2).client_fin(200, 2).deadline(500, "b");
    let hung = "HangOrLeak: b waited for its deadline, 450 ms after an RST of connection 1 was delivered";
    check("bounded-wait", Some(1), moved, hung);
}

/// `a` and `b` were asked for together, each on a connection of its own; `b` was written a little later.
fn two_at_once() -> TraceBuilder {
    let trace = opened().start(0, "a", "GET").start(0, "b", "GET").attempt(0, "a", "GET", 1);
    trace.open(20, 2).attempt(20, "b", "GET", 2)
}

#[test]
fn silence_casts_doubt_on_those_that_were_silent_for_longer() {
    let check = |client: ClientSettings, trace, expected: &str| {
        check_in("reuses-when-healthy", &with_client(client), trace, expected);
    };
    let plain = ClientSettings::default;
    let asked = || two_at_once().response(20, "a", 1);
    let closed = |trace: TraceBuilder, at| on_new_connection(trace.client_fin(at, 1), at, "c", 3);
    let exempt = "not exercised: no request found a free and healthy connection";
    let missed = |at: &str| {
        format!(
            "NeedlessConnections: c was written on new connection 3 although connection 1 was healthy when the client closed it at {at} ms"
        )
    };
    check(plain(), closed(asked().deadline(2_000, "b"), 2_000), exempt);
    check(plain(), closed(asked().cancel(2_000, "b"), 2_000), exempt);
    // Too soon; too late; something was heard; of the other connection something was heard since.
    check(plain(), closed(asked().cancel(900, "b"), 900), &missed("900"));
    check(plain(), closed(asked().deadline(2_000, "b"), 2_001), &missed("2 001"));
    check(
        plain(),
        closed(asked().bytes(40, 2, "HTTP/1.1 200").deadline(2_000, "b"), 2_000),
        &missed("2 000"),
    );
    let heard = asked().request(1_000, "d", "GET", 1).response(1_020, "d", 1);
    check(plain(), closed(heard.deadline(2_000, "b"), 2_000), &missed("2 000"));
    // What the client's user calls too long is long enough.
    let timed = ClientSettings { read_timeout: Some(Duration::from_millis(100)), ..plain() };
    let timed_out = || asked().finish(130, "b", error(ErrorKind::Timeout));
    check(timed.clone(), closed(timed_out(), 130), exempt);
    // The answer comes in that instant, or just before.
    let late = |at| asked().bytes(at, 2, ok_message("b")).finish(130, "b", error(ErrorKind::Timeout));
    check(timed.clone(), closed(late(130), 130), exempt);
    check(timed, closed(late(129), 130), &missed("130"));
    check(plain(), closed(timed_out(), 130), &missed("130"));
}

#[test]
fn who_was_over_before_its_first_byte_left_was_silent_to_nobody() {
    let closed = |ended: u64, left: u64| {
        let trace = answered().open(40, 2).start(45, "b", "GET");
        let trace = if left < ended { trace.attempt(left, "b", "GET", 2) } else { trace };
        let trace = trace.deadline(ended, "b").client_fin(ended, 1);
        let trace = if ended < left { trace.attempt(left, "b", "GET", 2) } else { trace };
        on_new_connection(trace, 3_000, "c", 3)
    };
    let check = |trace, expected: &str| check_in("reuses-when-healthy", &scenario(), trace, expected);
    let missed = "NeedlessConnections: c was written on new connection 3 although connection 1 was healthy when the client closed it at 2 000 ms";
    check(closed(2_000, 2_010), missed);
    check(closed(2_000, 50), "holds: b reused connection 2");
}

#[test]
fn a_limit_on_idle_connections_exempts_nothing_until_it_is_reached() {
    let limited = with_client(ClientSettings { max_idle: Some(1), ..ClientSettings::default() });
    let check = |trace, expected: &str| check_in("reuses-when-healthy", &limited, trace, expected);
    let missed = "NeedlessConnections: c was written on new connection 3 although connection 1 was healthy when the client closed it at 40 ms";
    let busy = || two_at_once().response(20, "a", 1);
    check(on_new_connection(busy().client_fin(40, 1), 50, "c", 3), missed);
    let idle = busy().response(40, "b", 2).client_fin(40, 1).request(45, "d", "GET", 2);
    check(on_new_connection(idle, 50, "c", 3), "holds: d reused connection 2");
}

#[test]
fn two_requests_may_share_a_segment() {
    let dropped = Outcome::Response { status: 200, body: "a".into(), end: BodyEnd::Dropped };
    let half = "PUT /a HTTP/1.1\r\nx-request-id: a\r\ncontent-length: 4\r\n\r\n12";
    let begun = || {
        let trace = opened().start(0, "a", "PUT").client_sends(0, 1, half).origin_gets(0, 1);
        trace.executed(0, "a", 1).replied(0, "a", 1, 200, "abc", true)
    };
    let rest = |trace: TraceBuilder| {
        let bytes = format!("34{}", head("b", "GET"));
        trace.start(40, "b", "GET").segment(
            40,
            1,
            Direction::ToOrigin,
            Fate::Sent,
            Segment { seq: 56, ..data(bytes) },
        )
    };
    let check = |trace: TraceBuilder, expected: &str| {
        check_trace("no-stale-reuse", &scenario(), &trace.build(), expected);
    };
    let drained = begun().bytes(20, 1, ok_message("abc")).finish(30, "a", dropped.clone());
    check(rest(drained), "not exercised: no connection became stale before a later request");
    let unread =
        begun().bytes(20, 1, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na").finish(30, "a", dropped);
    check(
        rest(unread),
        "StaleReuse: b was written on connection 1, 10 ms after a was given up on it with the response outstanding (W0)",
    );
}
