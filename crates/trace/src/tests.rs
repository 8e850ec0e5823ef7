//! The views over hand-written traces.

use std::time::Duration;

use closewait_scenario::ClientSettings;

use super::sealing::sealed;
use super::testing::{TraceBuilder, data, head, ok_message, whole};
use super::*;

/// What the views say about connection 1, one line a fact.
fn describe(trace: TraceBuilder, settings: &ClientSettings) -> String {
    describe_views(&Views::of(&trace.build(), settings))
}

fn describe_views(views: &Views) -> String {
    let connection = views.connections.get(1).expect("connection 1");
    let mut lines: Vec<String> = connection.exchanges.iter().map(describe_exchange).collect();
    lines.extend(connection.unsolicited.iter().map(|bytes| {
        let kind = if bytes.only_crlf { "bytes of CRLF" } else { "bytes" };
        format!("unsolicited: {} {kind} at {}", bytes.len, bytes.delivered.at)
    }));
    lines.extend(views.stale_since(1).map(|stale| format!("stale at {}: {:?}", stale.at, stale.reason)));
    lines.join("\n")
}

fn describe_exchange(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let id = request.id.as_deref().unwrap_or("?");
    let request_end = request.last_sent.map_or("".to_owned(), |last| last.at.to_string());
    let mut line = format!("{id}: {}..{request_end}", request.first_sent.at);
    if let Some(response) = &exchange.response {
        let status = response.status.map_or("?".to_owned(), |status| status.to_string());
        let end = response.complete.map_or("".to_owned(), |end| end.at.to_string());
        let body = String::from_utf8_lossy(&response.body);
        line += &format!(" -> {status} {body:?} {}..{end}", response.first_delivered.at);
    }
    if exchange.ends_persistence() {
        line += " last";
    }
    line
}

#[track_caller]
fn check(trace: TraceBuilder, expected: &str) {
    assert_eq!(describe(trace, &ClientSettings::default()), expected);
}

#[track_caller]
fn check_idle_timeout(seconds: u64, trace: TraceBuilder, expected: &str) {
    let idle_timeout = Some(Duration::from_secs(seconds));
    assert_eq!(describe(trace, &ClientSettings { idle_timeout, ..ClientSettings::default() }), expected);
}

/// Request `a` is written on connection 1 at 10 ms.
fn asked() -> TraceBuilder {
    TraceBuilder::new().open(0, 1).request(10, "a", "GET", 1)
}

/// Request `a` is answered on connection 1 at 30 ms.
fn answered() -> TraceBuilder {
    asked().response(30, "a", 1)
}

fn deliver(trace: TraceBuilder, at: Millis, seq: u32, bytes: &str) -> TraceBuilder {
    trace.segment(at, 1, Direction::ToClient, Fate::Delivered, Segment { seq, ..data(bytes) })
}

fn acknowledge(trace: TraceBuilder, at: Millis, ack_seq: u32) -> TraceBuilder {
    let ack = Segment { ack: true, ack_seq, ..Segment::default() };
    trace.segment(at, 1, Direction::ToOrigin, Fate::Sent, ack)
}

const CUT: usize = 20;
const ONE: &str = "a: 10..10 -> 200 \"a@1\" 30..30";

#[test]
fn an_exchange_is_read_from_the_packets() {
    check(answered(), ONE);
    check(asked(), "a: 10..10");
    check(answered().request(40, "b", "POST", 1), "a: 10..10 -> 200 \"a@1\" 30..30\nb: 40..40");
}

#[test]
fn a_retransmission_changes_nothing() {
    let message = ok_message("a@1");
    check(deliver(answered(), 230, 1, &message), ONE);
    let again = Segment { seq: 1, retransmission: true, ..data(head("a", "GET")) };
    check(answered().segment(210, 1, Direction::ToOrigin, Fate::Sent, again), ONE);
    let trace = deliver(deliver(asked(), 30, 1, &message[..CUT]), 50, 1, &message);
    check(trace, "a: 10..10 -> 200 \"a@1\" 30..50");
}

#[test]
fn bytes_out_of_order_count_from_when_the_gap_is_closed() {
    let message = ok_message("a@1");
    let (first, second) = message.split_at(CUT);
    let late = 1 + u32::try_from(CUT).unwrap();
    let whole = 1 + u32::try_from(message.len()).unwrap();
    let trace = deliver(deliver(asked(), 30, late, second), 230, 1, first);
    check(deliver(trace, 240, late, second), "a: 10..10 -> 200 \"a@1\" 230..240");
    let trace = deliver(deliver(asked(), 30, late, second), 230, 1, first);
    check(acknowledge(trace, 231, whole), "a: 10..10 -> 200 \"a@1\" 230..231");
}

#[test]
fn a_fin_counts_once_every_byte_before_it_is_there() {
    let fin = |seq| Segment { fin: true, seq, ..Segment::default() };
    let deliver_fin =
        |trace: TraceBuilder, at, seq| trace.segment(at, 1, Direction::ToClient, Fate::Delivered, fin(seq));
    let message = ok_message("a@1");
    let end = 1 + u32::try_from(message.len()).unwrap();
    let early = deliver(deliver_fin(asked(), 30, end), 230, 1, &message);
    check(early, "a: 10..10 -> 200 \"a@1\" 230..230");
    let early = deliver(deliver_fin(asked(), 30, end), 230, 1, &message);
    let expected = "a: 10..10 -> 200 \"a@1\" 230..230\nstale at 240: FinDelivered";
    check(deliver_fin(early, 240, end), expected);
    let early = deliver(deliver_fin(asked(), 30, end), 230, 1, &message);
    let expected = "a: 10..10 -> 200 \"a@1\" 230..230\nstale at 230: FinDelivered";
    check(acknowledge(early, 230, end + 1), expected);
}

#[test]
fn chunked_bodies_end_with_the_trailer_section() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = "3\r\nabc\r\n2;x=y\r\nde\r\n";
    let answer = |end: &str| asked().bytes(30, 1, format!("{head}{chunks}{end}"));
    check(answer("0\r\n\r\n"), "a: 10..10 -> 200 \"abcde\" 30..30");
    check(answer("0\r\nChecksum: 1\r\n\r\n"), "a: 10..10 -> 200 \"abcde\" 30..30");
    check(answer(""), "a: 10..10 -> 200 \"abcde\" 30..");
    check(answer("0\r\n"), "a: 10..10 -> 200 \"abcde\" 30..");
    check(answer("0\r\n").bytes(31, 1, "\r\n"), "a: 10..10 -> 200 \"abcde\" 30..31");
}

#[test]
fn request_bodies_belong_to_their_request() {
    let post = |framing: &str, body: &str| {
        let head = format!("POST /a HTTP/1.1\r\nX-Request-Id: a\r\n{framing}\r\n\r\n");
        let trace = TraceBuilder::new().open(0, 1).start(1, "a", "POST").client_sends(10, 1, &head);
        trace.client_sends(20, 1, body)
    };
    check(post("Content-Length: 3", "abc"), "a: 10..20");
    check(post("Content-Length: 3", "ab"), "a: 10..");
    check(post("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"), "a: 10..20");
    let next = post("Content-Length: 3", "abc").client_sends(30, 1, head("b", "GET"));
    check(next, "a: 10..20\nb: 30..30");
}

#[test]
fn statuses_and_methods_without_a_body_end_with_the_head() {
    let head_request = || TraceBuilder::new().open(0, 1).request(10, "a", "HEAD", 1);
    let length = "Content-Length: 5\r\n\r\n";
    check(
        head_request().bytes(30, 1, format!("HTTP/1.1 200 OK\r\n{length}")),
        "a: 10..10 -> 200 \"\" 30..30",
    );
    check(asked().bytes(30, 1, format!("HTTP/1.1 304 No\r\n{length}")), "a: 10..10 -> 304 \"\" 30..30");
    check(asked().bytes(30, 1, "HTTP/1.1 204 No\r\n\r\n"), "a: 10..10 -> 204 \"\" 30..30");
    let interim = format!("HTTP/1.1 103 Early Hints\r\n\r\n{}", ok_message("a@1"));
    check(asked().bytes(30, 1, &interim), ONE);
}

#[test]
fn a_connection_ends_with_fin_or_rst() {
    let body = "HTTP/1.1 200 OK\r\n\r\nabc";
    check(asked().bytes(30, 1, body), "a: 10..10 -> 200 \"abc\" 30.. last");
    let expected = "a: 10..10 -> 200 \"abc\" 30..40 last\nstale at 40: FinDelivered";
    check(asked().bytes(30, 1, body).fin(40, 1), expected);
    let expected = "a: 10..10 -> 200 \"abc\" 30.. last\nstale at 40: RstDelivered";
    check(asked().bytes(30, 1, body).rst(40, 1), expected);
    let message = ok_message("a@1");
    let expected = "a: 10..10 -> 200 \"a\" 30..\nstale at 40: RstDelivered";
    check(asked().bytes(30, 1, &message[..message.len() - 2]).rst(40, 1).bytes(50, 1, "@1"), expected);
}

#[test]
fn persistence_ends_as_the_messages_say() {
    let ended = |head: &str| {
        let answer = format!("{head}Content-Length: 0\r\n\r\n");
        let expected = "a: 10..10 -> 200 \"\" 30..30 last\nstale at 30: PersistenceEnded { request: \"a\" }";
        check(asked().bytes(30, 1, &answer), expected);
    };
    ended("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    ended("HTTP/1.1 200 OK\r\nconnection: Foo, CLOSE\r\n");
    ended("HTTP/1.1 200 OK\r\nConnection: foo\r\nConnection: close\r\n");
    ended("HTTP/1.0 200 OK\r\n");
    let kept = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    check(asked().bytes(30, 1, kept), "a: 10..10 -> 200 \"\" 30..30");
    let close = "GET /a HTTP/1.1\r\nx-request-id: a\r\nConnection: close\r\n\r\n";
    let trace = TraceBuilder::new().open(0, 1).client_sends(10, 1, close).bytes(30, 1, ok_message(""));
    check(trace, "a: 10..10 -> 200 \"\" 30..30 last\nstale at 30: PersistenceEnded { request: \"a\" }");
}

#[test]
fn bytes_that_nobody_asked_for_stay_unsolicited() {
    let surplus = asked().bytes(30, 1, format!("{}{}", ok_message("a@1"), ok_message("x")));
    let expected = format!("{ONE}\nunsolicited: 39 bytes at 30\nstale at 30: Unsolicited");
    check(surplus, &expected);
    let taken = answered().bytes(50, 1, ok_message("x")).request(60, "b", "GET", 1).response(80, "b", 1);
    let expected = "b: 60..60 -> 200 \"b@1\" 80..80\nunsolicited: 39 bytes at 50\nstale at 50: Unsolicited";
    check(taken, &format!("{ONE}\n{expected}"));
    check(
        TraceBuilder::new().open(0, 1).bytes(5, 1, "hi"),
        "unsolicited: 2 bytes at 5\nstale at 5: Unsolicited",
    );
}

#[test]
fn empty_lines_may_be_discarded() {
    check(answered().bytes(50, 1, "\r\n\r\n"), &format!("{ONE}\nunsolicited: 4 bytes of CRLF at 50"));
    let expected = format!("{ONE}\nunsolicited: 3 bytes at 60\nstale at 60: Unsolicited");
    check(answered().origin_sends(50, 1, "\r\n").client_gets(50, 1).bytes(60, 1, "x"), &expected);
}

#[test]
fn a_request_given_up_before_its_response_was_there_poisons_the_connection() {
    let stale = |at| format!("a: 10..10\nstale at {at}: Abandoned {{ request: \"a\" }}");
    check(asked().cancel(20, "a"), &stale(20));
    check(asked().deadline(500, "a"), &stale(500));
    check(asked().closed_error(20, "a"), &stale(20));
    let in_time = asked().reply(30, "a", 1, "a@1", &ok_message("a@1")).cancel(40, "a");
    check(in_time, ONE);
}

#[test]
fn a_dropped_response_may_be_drained_before_the_next_request() {
    let message = ok_message("a@1");
    let dropped = |trace: TraceBuilder| {
        let outcome = Outcome::Response { status: 200, body: "a".into(), end: BodyEnd::Dropped };
        trace.bytes(30, 1, &message[..message.len() - 1]).finish(40, "a", outcome)
    };
    let late = &message[message.len() - 1..];
    check(dropped(asked()).bytes(50, 1, late), "a: 10..10 -> 200 \"a@1\" 30..50");
    let stale = "stale at 40: Abandoned { request: \"a\" }";
    check(dropped(asked()), &format!("a: 10..10 -> 200 \"a@\" 30..\n{stale}"));
    let reused = dropped(asked()).write(45, "b", "GET", 1).bytes(50, 1, late);
    check(reused, &format!("a: 10..10 -> 200 \"a@1\" 30..50\nb: 45..45\n{stale}"));
}

#[test]
fn idleness_counts_from_the_last_byte_of_the_response() {
    let stale = "stale at 5030: IdleTimeout { limit: 5000 }";
    check_idle_timeout(5, answered().step(5_030), ONE);
    check_idle_timeout(5, answered().step(5_031), &format!("{ONE}\n{stale}"));
    check_idle_timeout(5, answered().write(5_030, "b", "GET", 1), &format!("{ONE}\nb: 5030..5030"));
    check_idle_timeout(5, answered().write(5_031, "b", "GET", 1), &format!("{ONE}\nb: 5031..5031\n{stale}"));
    check_idle_timeout(5, answered().client_fin(5_030, 1), &format!("{ONE}\n{stale}"));
    check_idle_timeout(5, answered().client_fin(4_000, 1).step(9_000), ONE);
}

#[test]
fn the_advertised_keep_alive_timeout_limits_idleness() {
    let answer = "HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=1\r\nContent-Length: 0\r\n\r\n";
    let expected = "a: 10..10 -> 200 \"\" 30..30\nstale at 1030: KeepAliveTimeout { limit: 1000 }";
    check(asked().bytes(30, 1, answer).step(1_031), expected);
    check_idle_timeout(5, asked().bytes(30, 1, answer).step(1_031), expected);
}

#[test]
fn what_follows_the_clients_own_close_makes_nothing_stale() {
    check(answered().client_fin(40, 1).fin(60, 1), ONE);
    check(answered().fin(40, 1).client_fin(40, 1), &format!("{ONE}\nstale at 40: FinDelivered"));
}

#[test]
fn a_request_knows_its_attempts() {
    let trace = answered().open(40, 2).start(50, "b", "GET").attempt(50, "b", "GET", 1).rst(60, 1);
    let trace = trace.attempt(60, "b", "GET", 2).response(80, "b", 2).build();
    let views = Views::of(&trace, &ClientSettings::default());
    let request = views.requests.get("b").expect("b");
    let attempts: Vec<_> =
        request.attempts.iter().map(|at| (at.connection, at.first_sent.at, at.fresh)).collect();
    assert_eq!(attempts, [(1, 50, false), (2, 60, true)]);
    assert_eq!(request.executions.len(), 2);
    assert_eq!(request.outcome(), Some(&whole(200, "b@2")));
}

#[test]
fn signals_fall_into_windows() {
    let window = |trace: TraceBuilder| {
        let views = Views::of(&trace.build(), &ClientSettings::default());
        let connection = views.connections.get(1).expect("connection 1");
        let last = connection.exchanges.last().expect("an exchange");
        connection.signals().first().and_then(|signal| Window::of(signal, last)).map(Window::name)
    };
    assert_eq!(window(answered().fin(40, 1).write(50, "b", "GET", 1)), Some("W0"));
    assert_eq!(window(answered().fin(50, 1).write(50, "b", "GET", 1)), Some("W1"));
    let writing = || answered().client_sends(50, 1, "POST /b HTTP/1.1\r\n");
    assert_eq!(window(writing().fin(55, 1)), Some("W2"));
    assert_eq!(window(answered().write(50, "b", "GET", 1).fin(55, 1)), Some("W3"));
    assert_eq!(window(answered().attempt(50, "b", "GET", 1).bytes(54, 1, "HTTP/1.1").fin(55, 1)), Some("W4"));
    assert_eq!(window(answered().fin_sent(45, 1).write(50, "b", "GET", 1).client_gets(55, 1)), Some("W5"));
    assert_eq!(window(answered().fin_sent(45, 1).write(50, "b", "GET", 1)), Some("W6"));
    assert_eq!(window(answered().fin(45, 1)), None);
    let surplus = asked().bytes(30, 1, format!("{}x", ok_message("a@1")));
    assert_eq!(window(surplus), None);
    let unsolicited = answered().origin_sends(45, 1, ok_message("x")).write(50, "b", "GET", 1);
    assert_eq!(window(unsolicited.client_gets(55, 1)), Some("W5"));
}

/// As [`check`], over TLS.
#[track_caller]
fn check_sealed(trace: Trace, expected: &str) {
    let views = Views::of(&trace, &ClientSettings::default());
    assert_eq!(describe_views(&views), expected);
}

#[test]
fn plain_text_is_read_out_of_records() {
    check_sealed(sealed(answered().build()), "a: 10..10 -> 200 \"a@1\" 30..30");
    let told = sealed(answered().alert(40, 1, "close_notify").fin(50, 1).build());
    check_sealed(told, "a: 10..10 -> 200 \"a@1\" 30..30\nstale at 40: CloseNotifyDelivered");
    let failed = sealed(answered().alert(40, 1, "internal_error").build());
    let reason = "AlertDelivered { description: \"internal_error\" }";
    check_sealed(failed, &format!("a: 10..10 -> 200 \"a@1\" 30..30\nstale at 40: {reason}"));
}

#[test]
fn only_close_notify_ends_a_body_without_length() {
    let answer = || asked().bytes(20, 1, "HTTP/1.1 200 OK\r\n\r\nab");
    let cut = "a: 10..10 -> 200 \"ab\" 20.. last\nstale at 30: FinDelivered";
    check_sealed(sealed(answer().fin(30, 1).build()), cut);
    let ended = sealed(answer().alert(25, 1, "close_notify").fin(30, 1).build());
    let stale = "stale at 25: CloseNotifyDelivered";
    check_sealed(ended, &format!("a: 10..10 -> 200 \"ab\" 20..25 last\n{stale}"));
}

/// Two segments that are one record: nothing of it can be read before its last byte is there, and its
/// first byte left with the first segment.
#[test]
fn a_record_counts_when_it_is_whole() {
    let (first, second) = ("HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\nab");
    let mut trace = sealed(asked().bytes(20, 1, first).bytes(45, 1, second).build());
    let to_client = |record: &TlsRecord| record.direction == Direction::ToClient;
    let offset = trace.records.iter().find(|record| to_client(record)).expect("an answer").offset;
    trace.records.retain(|record| !to_client(record));
    let plaintext = bytes::Bytes::from(format!("{first}{second}"));
    trace.records.push(TlsRecord {
        connection: 1,
        direction: Direction::ToClient,
        offset,
        len: plaintext.len(),
        content: TlsContent::ApplicationData { plaintext },
    });
    check_sealed(trace.clone(), "a: 10..10 -> 200 \"ab\" 45..45");
    let views = Views::of(&trace, &ClientSettings::default());
    let response = views.connections.get(1).and_then(|connection| connection.exchanges[0].response.clone());
    assert_eq!(response.and_then(|response| response.first_sent).map(|sent| sent.at), Some(20));
}
