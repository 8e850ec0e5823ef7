//! When what was seen can have been written, and what the client knew then, protocol by protocol.

use closewait_scenario::{ClientSettings, NetworkSettings, Protocol, Scenario};
use closewait_trace::http2::ErrorCode;
use closewait_trace::http2::testing::*;
use closewait_trace::sealing::{sealed, sealed_in_part};
use closewait_trace::testing::{TraceBuilder, ok_message, whole};
use closewait_trace::{Connection, Direction, Fate, Moment, Request, Segment, Trace, Views, What};

use super::case::Case;
use super::http2_exemption_tests::{full, h2_with, uploading};
use super::interval::{Order, Order::*};
use super::known::stream_limit;
use super::tests::scenario;

fn with_case<T>(scenario: &Scenario, trace: &Trace, ask: impl Fn(&Case, &Connection) -> T) -> T {
    let views = Views::of(trace, &scenario.client);
    let case = Case::new(scenario, trace, &views);
    ask(&case, views.connections.get(1).expect("connection 1"))
}

/// When the last request on connection 1 was written, and how a signal at each step of the trace stands to it.
#[track_caller]
fn check_trace(scenario: &Scenario, trace: &Trace, written: (u64, u64), signals: &[(u64, Order)]) {
    with_case(scenario, trace, |case, connection| {
        let exchange = connection.exchanges.last().expect("a request");
        let found = case.written(connection, exchange);
        assert_eq!((found.earliest.at, found.latest.at), written);
        let steps = trace.events.iter().enumerate().filter(|(_, entry)| entry.what == What::Step { step: 0 });
        let order = |(event, at)| case.order(&case.known(Moment { event, at }), connection, exchange);
        let found: Vec<_> = steps.map(|(event, entry)| (entry.at, order((event, entry.at)))).collect();
        assert_eq!(found, signals);
    });
}

/// The same without and with TLS.
#[track_caller]
fn check(scenario: &Scenario, trace: TraceBuilder, written: (u64, u64), signals: &[(u64, Order)]) {
    let trace = trace.build();
    check_trace(scenario, &trace, written, signals);
    let protocol = if scenario.protocol.is_http2() { Protocol::Https2 } else { Protocol::Https1 };
    check_trace(&Scenario { protocol, ..scenario.clone() }, &sealed(trace), written, signals);
}

fn h2() -> Scenario {
    h2_with(ClientSettings::default())
}

#[test]
fn a_request_of_http1_is_written_as_it_leaves() {
    let asked = || TraceBuilder::new().open(0, 1).step(39).start(40, "a", "GET").step(40);
    let written = |trace: TraceBuilder| trace.write(40, "a", "GET", 1).step(40).step(41);
    let signals = [(39, Before), (40, Race), (40, After), (41, After)];
    check(&scenario(), written(asked()), (40, 40), &signals);
    // A full window changes nothing: there is nothing before it to wait for.
    let shut = Segment { ack: true, seq: 1, ack_seq: 1, window: 0, ..Segment::default() };
    let shut = asked().segment(40, 1, Direction::ToClient, Fate::Delivered, shut);
    check(&scenario(), written(shut), (40, 40), &signals);
}

#[test]
fn under_tls_a_request_is_written_with_the_first_byte_of_its_record() {
    let head = "PUT /a HTTP/1.1\r\nx-request-id: a\r\ncontent-length: 9\r\n\r\n1234";
    let begun =
        TraceBuilder::new().open(0, 1).step(39).start(40, "a", "PUT").client_sends(40, 1, head).step(41);
    let over_tls = Scenario { protocol: Protocol::Https1, ..scenario() };
    check_trace(&over_tls, &sealed_in_part(begun.build(), true), (40, 40), &[(39, Before), (41, After)]);
}

#[test]
fn a_request_of_http2_may_have_waited_in_the_send_queue() {
    let written = |trace: TraceBuilder| {
        let asked = trace.step(20).start(30, "b", "GET").step(40).acknowledge(60, 1).step(60);
        asked.h2_write(60, "b", "GET", 1, 3).step(60)
    };
    let waited = [(20, Before), (40, Race), (60, Race), (60, After)];
    let at_once = [(20, Before), (40, Before), (60, Race), (60, After)];
    // The window is full; it is not; the host's buffer is full.
    check(&h2(), written(full()), (30, 60), &waited);
    check(&h2(), written(uploading(1_000)), (60, 60), &at_once);
    let small =
        Scenario { network: NetworkSettings { send_buffer: 1_000, ..NetworkSettings::default() }, ..h2() };
    check(&small, written(uploading(1_000)), (30, 60), &waited);
    // So much lay before it that the client cannot have held it.
    let behind = |bytes: usize| {
        let asked = full().step(20).start(30, "b", "GET").step(40).acknowledge(60, 1);
        asked.client_sends(60, 1, content(1, &"x".repeat(bytes), 0)).h2_write(60, "b", "GET", 1, 3)
    };
    check(&h2(), behind(30_000), (30, 60), &[(20, Before), (40, Race)]);
    check(&h2(), behind(40_000), (60, 60), &[(20, Before), (40, Before)]);
    // Without a stream it was not written.
    let limited = |limit| {
        let asked = full().bytes(20, 1, settings(&[(3, limit)])).start(30, "b", "GET").step(40);
        asked.bytes(60, 1, rst_stream(1, ErrorCode(2))).acknowledge(60, 1)
    };
    let opened = |limit| limited(limit).h2_write(60, "b", "GET", 1, 3);
    check(&h2(), opened(2), (30, 60), &[(40, Race)]);
    check(&h2(), opened(1), (30, 60), &[(40, Before)]);
}

#[test]
fn what_the_client_reports_it_knows() {
    let check = |answer: String, reported: bool| {
        let asked =
            TraceBuilder::new().open(0, 1).start(0, "a", "GET").write(0, "a", "GET", 1).origin_gets(0, 1);
        let trace = asked.bytes(20, 1, answer).fin(20, 1).finish(20, "a", whole(200, "x")).step(20).build();
        with_case(&scenario(), &trace, |case, connection| {
            let known = case.stale(connection).expect("it ends").known;
            let finished = case.requests().next().and_then(Request::ended).expect("an outcome");
            assert_eq!(known.latest, if reported { finished } else { case.turn_end(20) });
            assert!(known.earliest < finished && finished < case.turn_end(20));
        });
    };
    // What came with the response it has read; what came behind it, perhaps not.
    check(ok_message("x").replacen("\r\n", "\r\nconnection: close\r\n", 1), true);
    check(ok_message("x"), false);
}

#[test]
fn what_waits_leaves_when_the_network_takes_it() {
    let check = |trace: TraceBuilder, left: Option<u64>| {
        with_case(&h2(), &trace.build(), |case, connection| {
            let written = case.turn_end(30);
            assert_eq!(case.left_by(connection, written).map(|left| left.at), left);
            assert_eq!(case.waits(connection, written, case.turn_end(40)), left != Some(30));
            assert_eq!(case.waits(connection, written, case.turn_end(41)), left.is_none());
        });
    };
    check(full().step(30).acknowledge(40, 1).step(41), Some(40));
    check(full().step(30).step(40).step(41), None);
    check(uploading(1_000).step(30).step(40).step(41), Some(30));
}

#[test]
fn a_limit_of_streams_counts_from_the_next_turn_on() {
    let trace = TraceBuilder::new().h2_open(0, 1, &[]).bytes(20, 1, settings(&[(3, 5)]));
    let trace = trace.bytes(40, 1, settings(&[(3, 2)])).build();
    let check = |from, to, least, most| {
        with_case(&h2(), &trace, |_, connection| {
            let [from, to] = [from, to].map(|at| Moment { event: 0, at });
            let limit = stream_limit(connection, from, to);
            assert_eq!((limit.least, limit.most), (least, most), "{from:?} {to:?}");
        });
    };
    check(10, 10, None, None);
    check(20, 20, Some(5), None);
    check(21, 21, Some(5), Some(5));
    check(40, 40, Some(2), Some(5));
    check(30, 50, Some(2), Some(5));
    check(41, 50, Some(2), Some(2));
}
