//! The views over hand-written traces of HTTP/2.

use std::time::Duration;

use closewait_scenario::ClientSettings;

use super::testing::*;
use super::{ErrorCode, PREFACE, Setting};
use crate::testing::TraceBuilder;
use crate::{Exchange, Views, Window};

/// `a` was answered on stream 1 of connection 1 at 20 ms.
fn answered() -> TraceBuilder {
    opened().h2_request(0, "a", "GET", 1, 1).h2_response(20, "a", 1, 1)
}

fn opened() -> TraceBuilder {
    TraceBuilder::new().h2_open(0, 1, &[])
}

const ONE: &str = "1 a: 0..0 -> 200 \"a@1\" 20..20";

#[track_caller]
fn check(trace: TraceBuilder, expected: &str) {
    check_with(&ClientSettings::default(), trace, expected);
}

#[track_caller]
fn check_with(settings: &ClientSettings, trace: TraceBuilder, expected: &str) {
    let views = Views::of(&trace.build(), settings);
    let connection = views.connections.get(1).expect("connection 1");
    let http2 = connection.http2.as_ref().expect("HTTP/2");
    let mut lines: Vec<String> = connection.exchanges.iter().map(describe).collect();
    let moment = |moment: Option<crate::Moment>| moment.map_or(String::new(), |m| m.at.to_string());
    lines.extend(http2.goaways().map(|goaway| {
        let (sent, delivered) = (moment(goaway.sent), moment(goaway.delivered));
        format!("goaway {} {}: {sent}..{delivered}", goaway.last_stream, goaway.code)
    }));
    lines.extend(http2.fault.map(|fault| format!("{} at {}", fault.reason, fault.delivered.at)));
    lines.extend(views.stale_since(1).map(|stale| format!("stale at {}: {:?}", stale.at, stale.reason)));
    assert_eq!(lines.join("\n"), expected);
}

fn describe(exchange: &Exchange) -> String {
    let stream = exchange.stream.as_ref().expect("a stream");
    let at = |moment: Option<crate::Moment>| moment.map_or(String::new(), |m| m.at.to_string());
    let request = &exchange.request;
    let id = request.id.as_deref().unwrap_or("?");
    let mut text = format!("{} {id}: {}..{}", stream.id, request.first_sent.at, at(request.last_sent));
    if let Some(response) = &exchange.response {
        let body = String::from_utf8_lossy(&response.body);
        let status = response.status.map_or("?".to_owned(), |status| status.to_string());
        let (first, last) = (response.first_delivered.at, at(response.complete));
        text += &format!(" -> {status} {body:?} {first}..{last}");
    }
    for (status, moment) in &stream.interim {
        text += &format!(", {status} at {}", moment.at);
    }
    if let Some(trailers) = stream.trailers {
        text += &format!(", trailers at {}", trailers.at);
    }
    for (side, reset) in [("client", stream.reset_by_client), ("origin", stream.reset_by_origin)] {
        if let Some(reset) = reset {
            text +=
                &format!(", reset by {side} ({}) {}..{}", reset.code, at(reset.sent), at(reset.delivered));
        }
    }
    text
}

#[test]
fn streams_are_exchanges() {
    check(opened(), "");
    check(answered(), ONE);
    let both = opened().h2_request(0, "a", "GET", 1, 1).h2_request(5, "b", "POST", 1, 3);
    let both = both.h2_response(20, "b", 1, 3).h2_response(30, "a", 1, 1);
    check(both, "1 a: 0..0 -> 200 \"a@1\" 30..30\n3 b: 5..5 -> 200 \"b@1\" 20..20");
}

#[test]
fn the_preface_tells_the_protocol() {
    let speaks = |bytes: &[u8]| {
        let trace = TraceBuilder::new().open(0, 1).client_sends(0, 1, bytes).build();
        let views = Views::of(&trace, &ClientSettings::default());
        views.connections.get(1).expect("connection 1").http2.is_some()
    };
    assert!(speaks(PREFACE));
    assert!(speaks(b"PRI * HTT"));
    assert!(!speaks(b"P"));
    assert!(!speaks(b"PRIVATE / HTTP/1.1\r\n"));
    assert!(!speaks(b"GET / HTTP/1.1\r\n"));
    let early = TraceBuilder::new().open(0, 1).bytes(0, 1, settings(&[])).build();
    let views = Views::of(&early, &ClientSettings::default());
    assert!(views.connections.get(1).is_some_and(|connection| connection.http2.is_some()));
}

#[test]
fn bodies_end_with_end_stream() {
    let post = || {
        let trace = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
        trace.client_sends(5, 1, content(1, "abc", 0))
    };
    check(post(), "1 a: 0..");
    check(post().client_sends(9, 1, content(1, "", END_STREAM)), "1 a: 0..9");
    let asked = || opened().h2_request(0, "a", "GET", 1, 1);
    let begun = || asked().bytes(10, 1, headers(1, &[(":status", "200")], 0));
    check(begun(), "1 a: 0..0 -> 200 \"\" 10..");
    check(begun().bytes(20, 1, content(1, "abc", 0)), "1 a: 0..0 -> 200 \"abc\" 10..");
    let parts = begun().bytes(20, 1, content(1, "abc", 0)).bytes(30, 1, frame(0, 9, 1, b"\x01d\0"));
    check(parts, "1 a: 0..0 -> 200 \"abcd\" 10..30");
    check(begun().bytes(20, 1, &content(1, "abc", END_STREAM)[..11]), "1 a: 0..0 -> 200 \"ab\" 10..");
    let bodiless = asked().bytes(10, 1, headers(1, &[(":status", "204")], END_STREAM));
    check(bodiless, "1 a: 0..0 -> 204 \"\" 10..10");
}

#[test]
fn header_blocks_come_in_pieces() {
    let block = block(&[(":status", "200")]);
    let asked =
        || opened().h2_request(0, "a", "GET", 1, 1).bytes(10, 1, frame(1, END_STREAM, 1, &block[..4]));
    check(asked(), "1 a: 0..0 -> ? \"\" 10..");
    check(asked().bytes(20, 1, frame(9, 4, 1, &block[4..])), "1 a: 0..0 -> 200 \"\" 10..20");
    let wrong = "1 a: 0..0 -> ? \"\" 10..\nanother frame inside a header block at 20\n\
                 stale at 20: Malformed { what: \"another frame inside a header block\" }";
    check(asked().bytes(20, 1, ping(false)), wrong);
    check(asked().bytes(20, 1, frame(9, 4, 3, &block[4..])), wrong);
}

#[test]
fn interim_responses_and_trailers_are_told_apart() {
    let trace = opened().h2_request(0, "a", "GET", 1, 1).bytes(5, 1, headers(1, &[(":status", "103")], 0));
    let trace = trace.bytes(10, 1, headers(1, &[(":status", "200")], 0)).bytes(20, 1, content(1, "x", 0));
    let trace = trace.bytes(30, 1, headers(1, &[("checksum", "1")], END_STREAM));
    check(trace, "1 a: 0..0 -> 200 \"x\" 10..30, 103 at 5, trailers at 30");
}

#[test]
fn streams_are_reset_by_either_side() {
    let asked = || opened().h2_request(0, "a", "GET", 1, 1);
    let told = asked().client_sends(10, 1, rst_stream(1, ErrorCode::CANCEL)).origin_gets(20, 1);
    check(told, "1 a: 0..0, reset by client (CANCEL) 10..20");
    let refused = asked().bytes(10, 1, rst_stream(1, ErrorCode::REFUSED_STREAM));
    check(refused, "1 a: 0..0, reset by origin (REFUSED_STREAM) 10..10");
    check(asked().cancel(10, "a"), "1 a: 0..0");
}

#[test]
fn a_goaway_makes_stale() {
    let gone = "goaway 1 NO_ERROR: 40..50\nstale at 50: GoAway { last_stream: 1, code: ErrorCode(0) }";
    let trace = answered().origin_sends(40, 1, goaway(1, ErrorCode::NO_ERROR));
    check(trace.client_gets(50, 1), &format!("{ONE}\n{gone}"));
    let trace = answered().origin_sends(40, 1, goaway(1, ErrorCode::NO_ERROR));
    check(trace, &format!("{ONE}\ngoaway 1 NO_ERROR: 40.."));
    let after_close = answered().client_fin(30, 1).bytes(40, 1, goaway(1, ErrorCode::NO_ERROR));
    check(after_close, &format!("{ONE}\ngoaway 1 NO_ERROR: 40..40"));
}

#[test]
fn connection_errors_make_stale() {
    let check_fault = |bytes: Vec<u8>, what: &str| {
        let expected = format!("{ONE}\n{what} at 40\nstale at 40: Malformed {{ what: {what:?} }}");
        check(answered().bytes(40, 1, bytes), &expected);
    };
    check_fault(frame(6, 0, 0, b"short"), "a frame of the wrong size");
    let unopened = "a frame for a stream that the client had not opened";
    check_fault(answer(3, "x"), unopened);
    check_fault(rst_stream(2, ErrorCode::CANCEL), unopened);
    check_fault(headers(3, &[(":status", "200")], 1), unopened);
    check_fault(frame(1, 4, 1, &[0x80]), "a header block that cannot be decoded");
    check(answered().bytes(40, 1, frame(0x42, 0, 9, b"x")), ONE);
    check(answered().bytes(40, 1, frame(2, 0, 9, &[0; 5])), ONE);
    check(answered().bytes(40, 1, content(1, "late", 0)), ONE);
}

#[track_caller]
fn check_fault_in(trace: &dyn Fn() -> TraceBuilder, bytes: Vec<u8>, what: &str) {
    let expected = format!("{ONE}\n{what} at 40\nstale at 40: Malformed {{ what: {what:?} }}");
    check(trace().bytes(40, 1, bytes), &expected);
}

#[test]
fn what_is_no_frame_is_told_by_its_first_nine_bytes() {
    let text = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    check_fault_in(&answered, text.to_vec(), "HTTP/1.1 in place of a frame");
    check(answered().bytes(40, 1, &text[..8]), ONE);
    let split = answered().bytes(30, 1, &text[..8]).bytes(40, 1, &text[8..9]).bytes(50, 1, &text[9..]);
    let what = "HTTP/1.1 in place of a frame";
    check(split, &format!("{ONE}\n{what} at 40\nstale at 40: Malformed {{ what: {what:?} }}"));
}

#[test]
fn how_long_a_frame_may_be_is_the_receivers_affair() {
    let long = || frame(0x42, 0, 0, &[0; 16_385]);
    check_fault_in(&answered, long()[..9].to_vec(), "a frame above SETTINGS_MAX_FRAME_SIZE");
    check(answered().bytes(40, 1, frame(0x42, 0, 0, &[0; 16_384])), ONE);
    let asked = || answered().client_sends(30, 1, settings(&[(5, 20_000)]));
    check(asked().bytes(40, 1, long()), ONE);
    // What the origin has announced is about the other direction.
    let origins = || answered().bytes(30, 1, settings(&[(5, 20_000)]));
    check_fault_in(&origins, long()[..9].to_vec(), "a frame above SETTINGS_MAX_FRAME_SIZE");
    // What the client itself sends is the origin's affair.
    let upload = answered().client_sends(40, 1, frame(0x42, 0, 0, &[0; 20_000]));
    check(upload.h2_write(50, "b", "GET", 1, 3), &format!("{ONE}\n3 b: 50..50"));
}

#[test]
fn settings_have_values_that_no_origin_may_send() {
    let check_value = |setting, value, what| check_fault_in(&answered, settings(&[(setting, value)]), what);
    check_value(2, 1, "SETTINGS_ENABLE_PUSH other than 0");
    check_value(2, 2, "SETTINGS_ENABLE_PUSH other than 0");
    check_value(4, 1 << 31, "SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31-1");
    check_value(5, 16_383, "SETTINGS_MAX_FRAME_SIZE out of its range");
    check_value(5, 1 << 24, "SETTINGS_MAX_FRAME_SIZE out of its range");
    let right = [(2, 0), (4, (1 << 31) - 1), (5, 16_384), (5, (1 << 24) - 1), (0xffff, 7)];
    check(answered().bytes(40, 1, settings(&right)), ONE);
    check_fault_in(&answered, frame(4, 1, 0, &[0; 6]), "a frame of the wrong size");
    check_fault_in(&answered, frame(4, 0, 0, &[0; 5]), "a frame of the wrong size");
}

#[test]
fn windows_end_somewhere() {
    let grant = |stream, by: u32| frame(8, 0, stream, &by.to_be_bytes());
    check_fault_in(&answered, grant(0, 0), "a window update of 0 for the connection");
    check(answered().bytes(40, 1, grant(1, 0)), ONE);
    check(answered().bytes(40, 1, grant(0, (1 << 31) - 1 - 65_535)), ONE);
    check_fault_in(&answered, grant(0, (1 << 31) - 65_535), "a window update beyond 2^31-1");
}

#[test]
fn promises_have_to_be_wanted() {
    let promise = |promised: u32| {
        let block = block(&[(":method", "GET")]);
        frame(5, 4, 1, &[&promised.to_be_bytes()[..], &block].concat())
    };
    let off = || answered().client_sends(25, 1, settings(&[(2, 0)])).origin_gets(25, 1);
    // The first of the client's SETTINGS, and this one.
    let acked = || off().bytes(30, 1, frame(4, 1, 0, &[])).bytes(30, 1, frame(4, 1, 0, &[]));
    check_fault_in(&acked, promise(2), "a PUSH_PROMISE though push is off");
    check(off().bytes(30, 1, frame(4, 1, 0, &[])).bytes(40, 1, promise(2)), ONE);
    check(answered().bytes(30, 1, promise(2)).bytes(40, 1, answer(2, "pushed")), ONE);
    let cannot = "a PUSH_PROMISE of a stream that cannot be promised";
    check_fault_in(&answered, promise(3), cannot);
    let promised = || answered().bytes(30, 1, promise(4));
    check_fault_in(&promised, promise(2), cannot);
    check_fault_in(&answered, frame(5, 4, 0, &[0, 0, 0, 2]), "a frame of a stream on stream 0");
}

#[test]
fn a_header_block_has_an_end() {
    let open = || opened().h2_request(0, "a", "GET", 1, 1).bytes(10, 1, frame(1, 0, 1, &[]));
    let begun = "1 a: 0..0 -> ? \"\" 10..";
    let continuations = |n: usize| frame(9, 0, 1, &[]).repeat(n);
    let endless = "a header block without an end at 20\n\
                   stale at 20: Malformed { what: \"a header block without an end\" }";
    check(open().bytes(20, 1, continuations(1_000)), begun);
    check(open().bytes(20, 1, continuations(1_001)), &format!("{begun}\n{endless}"));
    let long = |n: usize| frame(9, 0, 1, &[0; 16_384]).repeat(n);
    check(open().bytes(20, 1, long(900)), begun);
    let bounded = || open().client_sends(15, 1, settings(&[(6, 16_384)]));
    check(bounded().bytes(20, 1, long(64)), begun);
    check(bounded().bytes(20, 1, long(65)), &format!("{begun}\n{endless}"));
}

#[test]
fn idle_is_without_a_stream() {
    let settings = ClientSettings { idle_timeout: Some(Duration::from_secs(5)), ..ClientSettings::default() };
    let check = |trace, expected: &str| check_with(&settings, trace, expected);
    let stale = |at| format!("stale at {at}: IdleTimeout {{ limit: 5000 }}");
    check(answered().step(5_021), &format!("{ONE}\n{}", stale(5_020)));
    let busy = || answered().h2_request(1_000, "b", "GET", 1, 3);
    check(busy().step(9_000), &format!("{ONE}\n3 b: 1000..1000"));
    let reset = busy().client_sends(2_000, 1, rst_stream(3, ErrorCode::CANCEL)).step(7_001);
    let expected = format!("{ONE}\n3 b: 1000..1000, reset by client (CANCEL) 2000..\n{}", stale(7_000));
    check(reset, &expected);
}

#[test]
fn a_ping_asks_for_a_sign_of_life() {
    let ping_timeout = Some(Duration::from_secs(2));
    let settings = ClientSettings { ping_timeout, ..ClientSettings::default() };
    let check = |trace, expected: &str| check_with(&settings, trace, expected);
    let pinged = || answered().client_sends(1_000, 1, ping(false));
    let stale = format!("{ONE}\nstale at 3000: PingUnanswered {{ limit: 2000 }}");
    check(pinged().step(3_000), ONE);
    check(pinged().step(3_001), &stale);
    check(pinged().bytes(3_000, 1, ping(true)).step(9_000), ONE);
    check(pinged().bytes(2_000, 1, frame(8, 0, 0, &[0, 0, 0, 1])).step(9_000), ONE);
    check(pinged().bytes(3_001, 1, ping(true)).step(9_000), &stale);
    check(pinged().client_fin(2_500, 1).step(9_000), ONE);
    check_with(&ClientSettings::default(), pinged().step(9_000), ONE);
}

#[test]
fn a_ping_that_is_due_and_not_sent_would_have_told() {
    let second = Some(Duration::from_secs(1));
    let idle = ClientSettings {
        ping_interval: second,
        ping_timeout: second,
        ping_while_idle: true,
        ..ClientSettings::default()
    };
    let stale = format!("{ONE}\nstale at 2020: PingOmitted {{ limit: 2000 }}");
    check_with(&idle, answered().step(2_020), ONE);
    check_with(&idle, answered().step(2_021), &stale);
    check_with(&idle, answered().client_fin(2_000, 1).step(9_000), ONE);
    check_with(&idle, answered().bytes(2_020, 1, settings(&[])).step(4_020), ONE);
    let unanswered = format!("{ONE}\nstale at 2020: PingUnanswered {{ limit: 1000 }}");
    check_with(&idle, answered().client_sends(1_020, 1, ping(false)).step(9_000), &unanswered);
    check_with(&idle, answered().client_sends(1_021, 1, ping(false)).step(2_021), &stale);
    let busy = ClientSettings { ping_while_idle: false, ..idle };
    check_with(&busy, answered().step(9_000), ONE);
    let asked = || answered().h2_request(5_000, "b", "GET", 1, 3);
    let stale = format!("{ONE}\n3 b: 5000..5000\nstale at 7000: PingOmitted {{ limit: 2000 }}");
    check_with(&busy, asked().step(7_001), &stale);
    let pinged = asked().client_sends(6_000, 1, ping(false)).step(7_001);
    check_with(
        &busy,
        pinged,
        &stale.replace("PingOmitted { limit: 2000 }", "PingUnanswered { limit: 1000 }"),
    );
    let reset = asked().client_sends(7_000, 1, rst_stream(3, ErrorCode::CANCEL)).step(9_000);
    check_with(&busy, reset, &format!("{ONE}\n3 b: 5000..5000, reset by client (CANCEL) 7000.."));
}

#[test]
fn settings_take_effect_when_they_arrive() {
    let trace =
        TraceBuilder::new().h2_open(0, 1, &[(3, 9), (4, 1)]).bytes(40, 1, settings(&[(3, 1)])).build();
    let views = Views::of(&trace, &ClientSettings::default());
    let http2 = views.connections.get(1).and_then(|connection| connection.http2.clone()).expect("HTTP/2");
    let limits: Vec<_> = http2.setting(Setting::MAX_CONCURRENT_STREAMS).map(|(at, n)| (at.at, n)).collect();
    assert_eq!(limits, [(0, 9), (40, 1)]);
}

#[test]
fn a_goaway_falls_into_windows() {
    let window = |trace: TraceBuilder| {
        let views = Views::of(&trace.build(), &ClientSettings::default());
        let connection = views.connections.get(1).expect("connection 1");
        let last = connection.exchanges.last().expect("an exchange");
        connection.signals().first().and_then(|signal| Window::of(signal, last)).map(Window::name)
    };
    let gone = || goaway(1, ErrorCode::NO_ERROR);
    let b = |trace: TraceBuilder| trace.h2_write(50, "b", "GET", 1, 3);
    assert_eq!(window(b(answered().bytes(40, 1, gone()))), Some("W0"));
    assert_eq!(window(b(answered().bytes(50, 1, gone()))), Some("W1"));
    assert_eq!(window(b(answered()).bytes(55, 1, gone())), Some("W3"));
    assert_eq!(window(b(answered().origin_sends(45, 1, gone())).client_gets(55, 1)), Some("W5"));
    assert_eq!(window(b(answered().origin_sends(45, 1, gone()))), Some("W6"));
    let begun = headers(3, &[(":status", "200")], 0);
    assert_eq!(window(b(answered()).origin_gets(52, 1).bytes(54, 1, begun).bytes(55, 1, gone())), Some("W4"));
    assert_eq!(window(answered().bytes(40, 1, gone())), None);
    let refused = rst_stream(3, ErrorCode::REFUSED_STREAM);
    assert_eq!(window(b(answered()).origin_gets(52, 1).bytes(54, 1, refused).bytes(55, 1, gone())), None);
}
