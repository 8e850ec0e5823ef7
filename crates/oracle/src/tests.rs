//! Each oracle on hand-written traces: one that holds, one that violates, one that does not exercise it.

use std::collections::BTreeMap;
use std::time::Duration;

use closewait_scenario::*;
use closewait_trace::sealing::sealed;
use closewait_trace::testing::{TraceBuilder, error, ok_message, whole};
use closewait_trace::{BodyEnd, End, ErrorKind, Outcome, Trace};

use super::{Verdict, judge};

/// The least scenario: the client's own defaults, no expectations.
pub(super) fn scenario() -> Scenario {
    Scenario {
        id: "test/test".to_owned(),
        title: String::new(),
        about: String::new(),
        sources: Vec::new(),
        signatures: Vec::new(),
        protocol: Protocol::Http1,
        client: ClientSettings::default(),
        origin: OriginSettings::default(),
        network: NetworkSettings::default(),
        script: Vec::new(),
        expect: BTreeMap::new(),
    }
}

fn with_client(client: ClientSettings) -> Scenario {
    Scenario { client, ..scenario() }
}

fn expecting(outcome: &str, connection: Option<ConnectionKind>) -> Scenario {
    let outcome = vec![outcome.to_owned()];
    let expect = BTreeMap::from([("a".to_owned(), Expectation { outcome, connection })]);
    Scenario { expect, ..scenario() }
}

#[track_caller]
pub(super) fn check(oracle: &str, trace: TraceBuilder, expected: &str) {
    check_in(oracle, &scenario(), trace, expected);
}

#[track_caller]
pub(super) fn check_in(oracle: &str, scenario: &Scenario, trace: TraceBuilder, expected: &str) {
    let trace = trace.build();
    check_trace(oracle, scenario, &trace, expected);
    let protocol = if scenario.protocol.is_http2() { Protocol::Https2 } else { Protocol::Https1 };
    check_trace(oracle, &Scenario { protocol, ..scenario.clone() }, &sealed(trace), expected);
}

#[track_caller]
pub(super) fn check_plain(oracle: &str, trace: TraceBuilder, expected: &str) {
    check_trace(oracle, &scenario(), &trace.build(), expected);
}

#[track_caller]
fn check_sealed(oracle: &str, trace: TraceBuilder, expected: &str) {
    let over_tls = Scenario { protocol: Protocol::Https1, ..scenario() };
    check_trace(oracle, &over_tls, &sealed(trace.build()), expected);
}

#[track_caller]
pub(super) fn check_trace(oracle: &str, scenario: &Scenario, trace: &Trace, expected: &str) {
    let findings = judge(scenario, trace);
    let finding = findings.iter().find(|finding| finding.oracle == oracle).expect("an oracle of that name");
    assert_eq!(describe(&finding.verdict, trace.events.len()), expected);
}

fn describe(verdict: &Verdict, events: usize) -> String {
    match verdict {
        Verdict::Holds { note, .. } => format!("holds: {note}"),
        Verdict::NotExercised { reason } => format!("not exercised: {reason}"),
        Verdict::Violated { violations } => {
            let describe = |violation: &super::Violation| {
                let evidence = &violation.evidence;
                assert!(
                    !evidence.is_empty()
                        && evidence.is_sorted()
                        && evidence.iter().all(|event| *event < events)
                );
                format!("{:?}: {}", violation.severity, violation.message)
            };
            violations.iter().map(describe).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Connection 1 is open, and no request was made.
pub(super) fn opened() -> TraceBuilder {
    TraceBuilder::new().open(0, 1)
}

/// `a` was answered on connection 1 at 20 ms.
pub(super) fn answered() -> TraceBuilder {
    opened().request(0, "a", "GET", 1).response(20, "a", 1)
}

/// `b`, sent with this method on connection 1, crosses its FIN at 50 ms.
pub(super) fn crossed(method: &str) -> TraceBuilder {
    answered().fin_sent(40, 1).start(45, "b", method).write(45, "b", method, 1).client_gets(50, 1)
}

/// A request on a new connection, answered.
pub(super) fn on_new_connection(trace: TraceBuilder, at: u64, id: &str, connection: u32) -> TraceBuilder {
    let trace = trace.start(at, id, "GET").open(at, connection).attempt(at, id, "GET", connection);
    trace.response(at + 20, id, connection)
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

const CLOSE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na";

#[test]
fn no_stale_reuse() {
    let check = |trace, expected: &str| check("no-stale-reuse", trace, expected);
    let stale = |cause: &str| format!("StaleReuse: b was written on connection 1, {cause} (W0)");
    check(answered(), "not exercised: no connection became stale before a later request");
    check(answered().fin(40, 1), "not exercised: no connection became stale before a later request");
    let left_alone = on_new_connection(answered().fin(1_040, 1), 2_040, "b", 2);
    check(left_alone, "holds: connection 1 was left alone after its FIN was delivered at 1 040 ms");
    let b = |trace: TraceBuilder, at| trace.request(at, "b", "GET", 1);
    check(b(answered().fin(40, 1), 1_040), &stale("1 000 ms after its FIN was delivered"));
    check(b(answered().rst(40, 1), 41), &stale("1 ms after an RST was delivered on it"));
    let unsolicited = answered().bytes(40, 1, ok_message("x"));
    check(b(unsolicited, 50), &stale("10 ms after bytes that no request had asked for were delivered on it"));
    check(
        b(answered().bytes(40, 1, "\r\n"), 50),
        "not exercised: no connection became stale before a later request",
    );
    let gave_up = opened().request(0, "a", "GET", 1).cancel(10, "a");
    check(b(gave_up, 50), &stale("40 ms after a was given up on it with the response outstanding"));
}

#[test]
fn no_stale_reuse_knows_a_race() {
    let check = |trace, expected: &str| check("no-stale-reuse", trace, expected);
    let raced =
        "holds: b raced: written on connection 1 at the very instant at which its FIN was delivered (W1)";
    check(answered().fin(40, 1).request(40, "b", "GET", 1), raced);
    let last = || opened().request(0, "a", "GET", 1).reply(20, "a", 1, "a", CLOSE);
    let known = "StaleReuse: b was written on connection 1, at once after the response to a, \
                 which ended its persistence, was delivered (W0)";
    check(last().finish(20, "a", whole(200, "a")).request(20, "b", "GET", 1), known);
    let raced = "holds: b raced: written on connection 1 at the very instant at which \
                 the response to a, which ended its persistence, was delivered (W1)";
    check(last().request(20, "b", "GET", 1).finish(20, "a", whole(200, "a")), raced);
}

#[test]
fn no_stale_reuse_counts_idle_time() {
    let b = |at| answered().request(at, "b", "GET", 1);
    let limited = with_client(ClientSettings { idle_timeout: seconds(5), ..ClientSettings::default() });
    let check = |trace, expected: &str| check_in("no-stale-reuse", &limited, trace, expected);
    check(b(5_020), "not exercised: no connection became stale before a later request");
    let late = "StaleReuse: b was written on connection 1, 1 ms after the client's idle timeout of 5 000 ms had passed (W0)";
    check(b(5_021), late);
    let closed = on_new_connection(answered().client_fin(5_020, 1), 6_000, "b", 2);
    check(
        closed,
        "holds: connection 1 was left alone after the client's idle timeout of 5 000 ms had passed at 5 020 ms",
    );
    let keep_alive = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 1\r\n\r\na";
    let advertised = opened().request(0, "a", "GET", 1).reply(20, "a", 1, "a", keep_alive);
    let late = "StaleReuse: b was written on connection 1, 980 ms after the origin's Keep-Alive timeout of 1 000 ms had passed (W0)";
    check(advertised.request(2_000, "b", "GET", 1), late);
}

#[test]
fn race_outcome() {
    let check = |trace, expected: &str| check("race-outcome", trace, expected);
    let fin = "FIN of connection 1 in flight when the request was written, W5";
    check(answered(), "not exercised: no close and no unsolicited bytes crossed a request");
    let known = answered().fin(40, 1).request(50, "b", "GET", 1);
    check(known, "not exercised: no close and no unsolicited bytes crossed a request");
    let surfaced = format!("holds: b: surfaced (connection closed before message completed) ({fin})");
    check(crossed("POST").closed_error(50, "b"), &surfaced);
    let retried = crossed("GET").open(50, 2).attempt(50, "b", "GET", 2).response(70, "b", 2);
    check(retried, &format!("holds: b: retried on connection 2 ({fin})"));
    let hung = format!("HangOrLeak: b hung for 950 ms after the end of its connection was delivered ({fin})");
    check(crossed("GET").deadline(1_000, "b"), &hung);
    let redials = crossed("GET").syn(51, 2).syn(1_051, 2).deadline(4_000, "b");
    check(redials, &format!("holds: b: ended by its deadline ({fin})"));
    let for_another = crossed("GET").open(51, 2).attempt(60, "c", "GET", 2).deadline(1_000, "b");
    check(for_another, &hung);
    let for_nobody = crossed("GET").open(51, 2).deadline(1_000, "b");
    check(for_nobody, &hung);
    let at_once = format!("holds: b: ended by its deadline ({fin})");
    check(crossed("GET").deadline(50, "b"), &at_once);
    let twice =
        crossed("POST").executed(50, "b", 1).open(50, 2).attempt(50, "b", "POST", 2).response(70, "b", 2);
    check(twice, &format!("UnsafeDuplicate: b (POST) was executed 2 times ({fin})"));
}

#[test]
fn race_outcome_covers_unsolicited_bytes() {
    let check = |trace, expected: &str| check("race-outcome", trace, expected);
    let taken =
        answered().origin_sends(40, 1, ok_message("x")).start(45, "b", "GET").write(45, "b", "GET", 1);
    let taken = taken.client_gets(50, 1).finish(50, "b", whole(200, "x"));
    let place = "unsolicited bytes on connection 1 in flight when the request was written, W5";
    check(taken, &format!("holds: b: took what no client can tell from its answer ({place})"));
    let there = answered().bytes(45, 1, ok_message("x")).request(45, "b", "GET", 1);
    let place = "unsolicited bytes on connection 1 delivered at the same instant, just before the request was written, W1";
    check(
        there.finish(50, "b", whole(200, "x")),
        &format!("WrongResponse: b got a 200 with 1 byte that was no answer to it ({place})"),
    );
    let unharmed = answered().origin_sends(45, 1, "\n").client_gets(45, 1).request(45, "b", "GET", 1);
    check(
        unharmed.response(65, "b", 1),
        "not exercised: no close and no unsolicited bytes crossed a request",
    );
    let waits = answered().bytes(45, 1, "HTTP").request(45, "b", "GET", 1).deadline(1_000, "b");
    let place = "unsolicited bytes on connection 1 delivered at the same instant, just before the request was written, W1";
    check(waits, &format!("holds: b: ended by its deadline ({place})"));
}

#[test]
fn no_cross_talk() {
    let check = |trace, expected: &str| check("no-cross-talk", trace, expected);
    check(opened(), "not exercised: no request got a response");
    check(answered(), "holds: 1 response, each the right one");
    let b = || answered().request(40, "b", "GET", 1);
    let other = b().finish(60, "b", whole(200, "a@1"));
    check(other, "WrongResponse: b got the response to a: 200 b\"a@1\"");
    let surplus = b().reply(60, "b", 1, "b", &ok_message("b")).finish(60, "b", whole(200, "bHTTP"));
    check(surplus, "WrongResponse: b got its response with 4 bytes past the framing");
    let invented = b().finish(60, "b", whole(404, ""));
    check(invented, "WrongResponse: b got a 404 with 0 bytes that the origin never gave to it");
    let idle = answered().bytes(30, 1, "HTTP/1.1 408 Request Timeout\r\n\r\n").request(40, "b", "GET", 1);
    let stale = "WrongResponse: b got a 408 with 0 bytes that was no answer to it \
                 (unsolicited bytes on connection 1 known before the request was written, W0)";
    check(idle.finish(60, "b", whole(408, "")), stale);
    let filled = || {
        let cut = b().replied(60, "b", 1, 200, "whole", false);
        cut.bytes(60, 1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").bytes(70, 1, "stray")
    };
    check(filled().finish(70, "b", whole(200, "stray")), "holds: 2 responses, each the right one");
    let other = "WrongResponse: b got a 200 with 5 bytes that the origin never gave to it";
    check(filled().finish(70, "b", whole(200, "other")), other);
    let behind = b().reply(60, "b", 1, "b", &ok_message("b")).bytes(60, 1, ok_message("stray"));
    check(behind.finish(60, "b", whole(200, "stray")), other);
    let asked = b().bytes(60, 1, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    check(asked.finish(60, "b", whole(408, "")), "holds: 2 responses, each the right one");
}

#[test]
fn no_cross_talk_finds_truncation() {
    let check = |trace, expected: &str| check("no-cross-talk", trace, expected);
    let cut = |end| {
        let trace = opened().request(0, "a", "GET", 1).replied(20, "a", 1, 200, "abcdef", false);
        let trace = trace.bytes(20, 1, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc").fin(20, 1);
        trace.finish(20, "a", Outcome::Response { status: 200, body: "abc".into(), end })
    };
    let failed = BodyEnd::Failed { kind: ErrorKind::Closed, message: String::new() };
    check(cut(failed), "holds: 1 response, each the right one");
    check(cut(BodyEnd::Dropped), "holds: 1 response, each the right one");
    check(cut(BodyEnd::Complete), "SilentTruncation: a got 3 of 6 bytes of its response, reported complete");
    let trace = opened().request(0, "a", "GET", 1).replied(20, "a", 1, 200, "abc", false);
    let unterminated =
        trace.bytes(20, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").fin(20, 1);
    let message = "SilentTruncation: a got a response reported complete although its end was never sent";
    check(unterminated.finish(20, "a", whole(200, "abc")), message);
    let by_close = || {
        let trace = opened().request(0, "a", "GET", 1).replied(20, "a", 1, 200, "abcdef", false);
        trace.bytes(20, 1, "HTTP/1.1 200 OK\r\n\r\nabc").fin(20, 1).finish(20, "a", whole(200, "abc"))
    };
    check_plain("no-cross-talk", by_close(), "holds: 1 response, each the right one");
    // Without close_notify, TLS does not take a FIN for the end of a body.
    let message = "SilentTruncation: a got 3 of 6 bytes of its response, reported complete";
    check_sealed("no-cross-talk", by_close(), message);
    let head = opened().request(0, "a", "HEAD", 1).replied(20, "a", 1, 200, "abc", true);
    check(head.finish(20, "a", whole(200, "")), "holds: 1 response, each the right one");
}

#[test]
fn no_silent_truncation() {
    let check = |trace, expected: &str| check_sealed("no-silent-truncation", trace, expected);
    let not_exercised = "not exercised: under TLS, no body that only the end of the connection ends met its end without close_notify";
    let asked = || opened().request(0, "a", "GET", 1).replied(20, "a", 1, 200, "abcdef", false);
    let cut = || asked().bytes(20, 1, "HTTP/1.1 200 OK\r\n\r\nabc");
    check(
        cut().fin(30, 1).finish(30, "a", whole(200, "abc")),
        "SilentTruncation: a got 3 bytes, reported complete, though a FIN without close_notify ended its body on connection 1 at 30 ms",
    );
    check(
        cut().rst(30, 1).finish(30, "a", whole(200, "abc")),
        "SilentTruncation: a got 3 bytes, reported complete, though an RST without close_notify ended its body on connection 1 at 30 ms",
    );
    let failed = BodyEnd::Failed { kind: ErrorKind::Closed, message: "unexpected eof".to_owned() };
    let failed = Outcome::Response { status: 200, body: "abc".into(), end: failed };
    check(
        cut().fin(30, 1).finish(30, "a", failed),
        "holds: a: surfaced (unexpected eof): a FIN without close_notify ended its body on connection 1 at 30 ms",
    );
    check(cut().fin(30, 1).cancel(40, "a"), not_exercised);
    let told = cut().alert(25, 1, "close_notify").fin(30, 1);
    check(told.finish(30, "a", whole(200, "abc")), not_exercised);
    let with_length = asked().bytes(20, 1, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").fin(30, 1);
    check(with_length.finish(30, "a", whole(200, "abc")), not_exercised);
}

#[test]
fn an_alert_is_a_signal() {
    let check = |oracle: &str, trace, expected: &str| check_sealed(oracle, trace, expected);
    let b = |trace: TraceBuilder, at| trace.request(at, "b", "GET", 1);
    let stale = |cause: &str| format!("StaleReuse: b was written on connection 1, 10 ms after {cause} (W0)");
    let told = |name: &str| answered().alert(40, 1, name);
    check("no-stale-reuse", b(told("close_notify"), 50), &stale("its close_notify was delivered"));
    check(
        "no-stale-reuse",
        b(told("internal_error"), 50),
        &stale("the alert internal_error was delivered on it"),
    );
    let left_alone = on_new_connection(told("close_notify"), 2_040, "b", 2);
    check(
        "no-stale-reuse",
        left_alone,
        "holds: connection 1 was left alone after its close_notify was delivered at 40 ms",
    );
    let crossed = b(answered(), 50).alert(60, 1, "close_notify").closed_error(60, "b");
    check(
        "race-outcome",
        crossed,
        "holds: b: surfaced (connection closed before message completed) (alert of connection 1 delivered after the request was written, W3)",
    );
}

#[test]
fn bounded_wait() {
    let check = |trace, expected: &str| check("bounded-wait", trace, expected);
    let asked = || opened().request(0, "a", "GET", 1);
    check(opened(), "not exercised: there was no request");
    check(answered(), "holds: 1 request ended in time");
    check(asked().step(500), "HangOrLeak: a had no outcome when the run ended at 500 ms");
    check(asked().deadline(30_010, "a"), "HangOrLeak: a ended 10 ms after its deadline");
    check(asked().deadline(30_000, "a"), "holds: a was ended by its deadline: nothing told the client");
    let signal =
        "HangOrLeak: a waited for its deadline, 29 960 ms after the FIN of connection 1 was delivered";
    check(asked().fin(40, 1).deadline(30_000, "a"), signal);
    let too_late = "holds: a was ended by its deadline: nothing told the client";
    check(asked().fin(30_000, 1).deadline(30_000, "a"), too_late);
    let signal =
        "HangOrLeak: a waited for its deadline, 29 960 ms after an RST of connection 1 was delivered";
    check(asked().rst(40, 1).deadline(30_000, "a"), signal);
    let redials = asked().rst(40, 1).syn(41, 2).deadline(30_000, "a");
    check(redials, "holds: a was ended by its deadline: nothing told the client");
    check(asked().rst(40, 1).open(41, 2).deadline(30_000, "a"), signal);
    check(asked().syn(30, 2).rst(40, 1).deadline(30_000, "a"), signal);
    let answer = "HangOrLeak: a waited for its deadline, 29 980 ms after its whole response was delivered on connection 1";
    check(asked().reply(20, "a", 1, "a", &ok_message("a")).deadline(30_000, "a"), answer);
    let free = "HangOrLeak: b waited for its deadline, 500 ms after connection 1 was free for it";
    check(answered().start(40, "b", "GET").deadline(540, "b"), free);
    let kept = || asked().reply(20, "a", 1, "a", &ok_message("a")).keep(20, "a");
    check(kept().cancel(90_000, "a"), "holds: 1 request ended in time");
    let read = |at| kept().read_on(60_000, "a").finish(at, "a", whole(200, "a"));
    check(read(90_000), "holds: 1 request ended in time");
    check(read(90_001), "HangOrLeak: a ended 1 ms after its deadline");
    let gave_up = "HangOrLeak: a waited for its deadline, 89 980 ms after its whole response was delivered on connection 1";
    check(kept().read_on(60_000, "a").deadline(90_000, "a"), gave_up);
    let livelock = "HangOrLeak: livelock at 20 ms: a socket was polled without end within one instant";
    check(answered().end(End::Livelock), livelock);
    check(answered().end(End::Panic { message: "oh".to_owned() }), "HangOrLeak: panic at 20 ms: oh");
}

#[test]
fn bounded_wait_asks_for_the_clients_timeouts() {
    let limits =
        ClientSettings { connect_timeout: seconds(1), read_timeout: seconds(2), ..ClientSettings::default() };
    let check =
        |trace, expected: &str| check_in("bounded-wait", &with_client(limits.clone()), trace, expected);
    let dialled = || TraceBuilder::new().start(0, "a", "GET").syn(0, 1);
    let late = "HangOrLeak: a waited for its deadline, 4 000 ms after the client's connect timeout of 1 000 ms had passed";
    check(dialled().deadline(5_000, "a"), late);
    check(dialled().finish(1_000, "a", error(ErrorKind::Timeout)), "holds: 1 request ended in time");
    let asked = || opened().request(0, "a", "GET", 1);
    let late = "HangOrLeak: a waited for its deadline, 3 000 ms after the client's read timeout of 2 000 ms had passed";
    check(asked().deadline(5_000, "a"), late);
    let trickle = asked().bytes(4_000, 1, "HTTP");
    check(trickle.deadline(5_000, "a"), "holds: a was ended by its deadline: nothing told the client");
}

#[test]
fn recovers() {
    let check = |trace, expected: &str| check("recovers", trace, expected);
    check(answered(), "not exercised: no connection died before a later request");
    let once = || crossed("GET").closed_error(50, "b");
    check(on_new_connection(once(), 60, "c", 2), "holds: connection 1 cost b");
    check(on_new_connection(answered().fin(40, 1), 60, "c", 2), "holds: connection 1 cost no request");
    let own_close = on_new_connection(answered().client_fin(40, 1).fin(50, 1), 60, "c", 2);
    check(own_close, "not exercised: no connection died before a later request");
    let twice = once().start(60, "c", "GET").write(60, "c", "GET", 1).closed_error(60, "c");
    check(twice, "AvoidableFailure: connection 1, dead since 50 ms, cost 2 requests: b and c");
    let silent = answered().start(40, "b", "GET").write(40, "b", "GET", 1).deadline(500, "b");
    let silent = silent.start(500, "c", "GET").write(500, "c", "GET", 1).deadline(900, "c");
    check(silent, "AvoidableFailure: connection 1, dead since 500 ms, cost 2 requests: b and c");
}

#[test]
fn no_leak() {
    let check = |trace, expected: &str| check("no-leak", trace, expected);
    let unexercised = "not exercised: no connection was opened, or the run did not come to its end";
    check(TraceBuilder::new(), unexercised);
    check(answered().end(End::Stall).socket(1, "ESTABLISHED"), unexercised);
    check(answered().closing(30), "holds: no socket was left after close");
    check(answered().closing(30).socket(1, "TIME_WAIT"), "holds: no socket was left after close");
    for state in super::policy::HELD {
        let left = format!("HangOrLeak: connection 1 was left in {state} after the client was closed");
        check(answered().closing(30).socket(1, state), &left);
    }
    assert_eq!(super::policy::HELD, ["SYN_SENT", "ESTABLISHED", "CLOSE_WAIT"]);
}

#[test]
fn no_leak_knows_the_limits() {
    let limited = ClientSettings { max_connections: Some(1), ..ClientSettings::default() };
    let check = |trace, expected: &str| check_in("no-leak", &with_client(limited.clone()), trace, expected);
    check(answered(), "holds: never more than 1 open; no socket was left after close");
    check(answered().open(40, 2), "HangOrLeak: 2 open connections at 40 ms; the limit is 1");
    let in_turn = "holds: never more than 1 open; no socket was left after close";
    check(answered().open(40, 2).client_fin(40, 1), in_turn);
    // A handshake given up leaves no segment.
    check(TraceBuilder::new().syn(0, 1).syn(1_000, 1).client_close(4_000, 1, 0).syn(5_000, 2), in_turn);
    let kept = "HangOrLeak: connection 1 was left in SYN_SENT after the client was closed\n\
                HangOrLeak: 2 open connections at 5 000 ms; the limit is 1";
    check(TraceBuilder::new().syn(0, 1).syn(1_000, 1).syn(5_000, 2).socket(1, "SYN_SENT"), kept);
    let limited = ClientSettings { max_idle: Some(1), ..ClientSettings::default() };
    let check = |trace, expected: &str| check_in("no-leak", &with_client(limited.clone()), trace, expected);
    let two = || answered().open(20, 2).request(20, "b", "GET", 2).response(40, "b", 2);
    check(two().step(41), "HangOrLeak: 2 idle connections at 40 ms; the limit is 1");
    let trimmed = "holds: never more than 1 idle; no socket was left after close";
    check(two().client_fin(40, 1).step(41), trimmed);
    let kept = opened().request(0, "a", "GET", 1).reply(20, "a", 1, "a", &ok_message("a")).keep(20, "a");
    let beside = kept.open(20, 2).request(20, "b", "GET", 2).response(40, "b", 2).step(60);
    check(beside.cancel(80, "a").client_fin(80, 1), trimmed);
}

#[test]
fn reuses_when_healthy() {
    let check = |trace, expected: &str| check("reuses-when-healthy", trace, expected);
    let unexercised = "not exercised: no request found a free and healthy connection";
    check(answered(), unexercised);
    check(answered().request(40, "b", "GET", 1), "holds: b reused connection 1");
    let missed = "NeedlessConnections: b was written on new connection 2 although connection 1 was free and healthy since 20 ms";
    check(on_new_connection(answered(), 40, "b", 2), missed);
    let closed = "NeedlessConnections: b was written on new connection 2 although \
                  connection 1 was healthy when the client closed it at 20 ms";
    check(on_new_connection(answered().client_fin(20, 1), 40, "b", 2), closed);
    check(on_new_connection(answered().client_fin(20, 1).fin(30, 1), 40, "b", 2), closed);
    check(on_new_connection(answered().fin_sent(20, 1).client_fin(30, 1), 40, "b", 2), unexercised);
    check(on_new_connection(answered().bytes(50, 1, "\r\n"), 60, "b", 2), unexercised);
    check(on_new_connection(answered(), 20, "b", 2), unexercised);
    check(on_new_connection(answered().fin(30, 1), 40, "b", 2), unexercised);
    check(on_new_connection(answered().fin_sent(30, 1), 40, "b", 2), unexercised);
    check(on_new_connection(answered().closing(30).client_fin(30, 1), 40, "b", 2), unexercised);
    check(on_new_connection(answered(), 30_021, "b", 2), unexercised);
    let both =
        answered().request(40, "b", "GET", 1).start(40, "c", "GET").open(40, 2).attempt(40, "c", "GET", 2);
    check(both, "holds: b reused connection 1");
    let lasting = with_client(ClientSettings { idle_timeout: seconds(90), ..ClientSettings::default() });
    let missed = "NeedlessConnections: b was written on new connection 2 although connection 1 was free and healthy since 20 ms";
    check_in("reuses-when-healthy", &lasting, on_new_connection(answered(), 60_000, "b", 2), missed);
}

#[test]
fn unsent_is_free() {
    let check = |trace, expected: &str| check("unsent-is-free", trace, expected);
    let unexercised = "not exercised: no request met a dead connection before its first byte was written";
    check(answered(), unexercised);
    let failed = |kind| answered().start(40, "b", "POST").fin(40, 1).finish(40, "b", error(kind));
    let avoidable = "AvoidableFailure: b failed although no byte of it was written (connection closed before message completed)";
    check(failed(ErrorKind::Canceled), avoidable);
    check(failed(ErrorKind::Connect), unexercised);
    let closing = answered().start(40, "b", "POST").closing(40).finish(40, "b", error(ErrorKind::Canceled));
    check(closing, unexercised);
    let refused =
        answered().fin(40, 1).start(40, "b", "GET").syn(40, 2).finish(60, "b", error(ErrorKind::Reset));
    check(refused, unexercised);
    let moved = on_new_connection(answered().fin(40, 1), 40, "b", 2);
    check(moved, "holds: b went to connection 2, past dead connection 1");
    check(on_new_connection(answered().fin(40, 1).client_fin(40, 1), 50, "b", 2), unexercised);
    check(on_new_connection(answered().rst(40, 1), 50, "b", 2), unexercised);
}

#[test]
fn prompt_close() {
    let check = |trace, expected: &str| check("prompt-close", trace, expected);
    check(
        answered().client_fin(40, 1).fin(60, 1),
        "not exercised: no FIN was delivered before the client's own",
    );
    check(
        answered().fin(40, 1).client_fin(40, 1),
        "holds: connection 1 was closed 0 ms after its FIN was delivered",
    );
    let late =
        "HangOrLeak: connection 1 was closed 1 001 ms after its FIN was delivered; the bound is 1 000 ms";
    check(answered().fin(40, 1).client_fin(1_041, 1), late);
    let never = "HangOrLeak: connection 1 was not yet closed 5 000 ms after its FIN was delivered; the bound is 1 000 ms";
    check(answered().fin(40, 1).step(5_040), never);
    let kept = || {
        opened().request(0, "a", "GET", 1).reply(20, "a", 1, "a", &ok_message("a")).keep(20, "a").fin(40, 1)
    };
    check(
        kept().cancel(60_000, "a").client_fin(60_000, 1),
        "holds: connection 1 was closed 0 ms after the application was done with the response that it kept",
    );
    check(
        kept().client_fin(5_000, 1).cancel(60_000, "a"),
        "holds: connection 1 was closed 0 ms after the application was done with the response that it kept",
    );
    let late = "HangOrLeak: connection 1 was closed 1 001 ms after the application was done with the response that it kept; the bound is 1 000 ms";
    check(kept().read_on(50_000, "a").finish(50_000, "a", whole(200, "a")).client_fin(51_001, 1), late);
    check(kept().cancel(50_000, "a").client_fin(51_001, 1), late);
}

#[test]
fn no_needless_connections() {
    let check = |trace, expected: &str| check("no-needless-connections", trace, expected);
    check(TraceBuilder::new().start(0, "a", "GET").syn(0, 1), "not exercised: no connection was established");
    check(answered(), "holds: 1 connection for 1 request");
    check(answered().open(40, 2), "NeedlessConnections: connection 2 was opened and never carried a request");
    let gave_up = answered().start(40, "b", "GET").open(40, 2).cancel(50, "b");
    check(gave_up, "holds: 2 connections for 2 requests");
    let missed = "NeedlessConnections: b was written on new connection 2 although connection 1 was free and healthy since 20 ms";
    check(on_new_connection(answered(), 40, "b", 2), missed);
}

#[test]
fn as_expected() {
    let check =
        |scenario: &Scenario, trace, expected: &str| check_in("as-expected", scenario, trace, expected);
    check(&scenario(), answered(), "not exercised: the scenario expects nothing in particular");
    check(&expecting("200", Some(ConnectionKind::Fresh)), answered(), "holds: 1 expectation met");
    check(&expecting("error", None), answered(), "WrongResponse: a was \"200\", expected \"error\"");
    let reused = "NeedlessConnections: a ended on connection 1, expected a reused connection";
    check(&expecting("200", Some(ConnectionKind::Reused)), answered(), reused);
    let asked = || opened().request(0, "a", "GET", 1);
    check(&expecting("error", None), asked().closed_error(20, "a"), "holds: 1 expectation met");
    check(&expecting("error", None), asked().deadline(20, "a"), "holds: 1 expectation met");
    check(&expecting("cancelled", None), asked().cancel(20, "a"), "holds: 1 expectation met");
    check(
        &expecting("200", None),
        asked().cancel(20, "a"),
        "AvoidableFailure: a was \"cancelled\", expected \"200\"",
    );
    check(&expecting("200", None), asked(), "HangOrLeak: a was without outcome, expected \"200\"");
    check(&expecting("200", None), opened(), "HangOrLeak: a was never started");
}

#[test]
fn an_unsupported_scenario_exercises_nothing() {
    let trace = answered().fin(40, 1).request(1_040, "b", "GET", 1).unsupported("no timer").build();
    for finding in judge(&scenario(), &trace) {
        assert_eq!(describe(&finding.verdict, 0), "not exercised: unsupported: no timer");
    }
}

#[test]
fn names_are_unique_and_in_order() {
    let mut names: Vec<_> = super::ORACLES.iter().map(|oracle| oracle.name).collect();
    assert_eq!((names[0], names[16]), ("no-stale-reuse", "as-expected"));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 17);
}
