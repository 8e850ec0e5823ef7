//! Responses that are no HTTP, and those that only look odd.

use closewait_scenario::{Protocol, Scenario};
use closewait_trace::http2::testing::{END_STREAM, content, headers};
use closewait_trace::testing::{TraceBuilder, error, whole};
use closewait_trace::{BodyEnd, ErrorKind, Outcome};

use super::tests::{check, check_in, scenario};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const NONE: &str = "not exercised: no response was malformed";

fn answered(bytes: &str, body: &str, outcome: Outcome) -> TraceBuilder {
    TraceBuilder::new()
        .open(0, 1)
        .request(10, "a", "GET", 1)
        .reply(30, "a", 1, body, bytes)
        .finish(30, "a", outcome)
}

/// Violated where the caller gets it as a whole one; both where it gets an error.
#[track_caller]
fn check_malformed(bytes: &str, body: &str, what: &str) {
    let came = format!("{what} was delivered on connection 1 at 30 ms");
    let length = if body.len() == 1 { "1 byte".to_owned() } else { format!("{} bytes", body.len()) };
    let taken = format!("WrongResponse: a got a 200 with {length}, reported complete, though {came}");
    check("malformed-is-refused", answered(bytes, body, whole(200, body)), &taken);
    let words = "connection closed before message completed";
    let told = format!("holds: a: surfaced ({words}): {came}");
    check("malformed-is-refused", answered(bytes, body, error(ErrorKind::Other)), &told);
    // The rule is alone in this.
    let right = "holds: 1 response, each the right one";
    check("no-cross-talk", answered(bytes, body, whole(200, body)), right);
}

#[track_caller]
fn check_sound(bytes: &str, body: &str) {
    check("malformed-is-refused", answered(bytes, body, whole(200, body)), NONE);
    check("no-cross-talk", answered(bytes, body, whole(200, body)), "holds: 1 response, each the right one");
}

#[test]
fn malformed_responses() {
    let chunked = |rest: &str| format!("{CHUNKED}{rest}");
    check_malformed(&chunked("5\r\nhello\r\n\r\n\r\n"), "hello", "a chunk without a size");
    check_malformed(&chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), "", "a chunk size beyond 64 bits");
    check_malformed(&chunked("5\r\nhello!\r\n0\r\n\r\n"), "hello", "a chunk that goes on behind its size");
    let length = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\nhello");
    let differ = "two values of Content-Length that differ";
    check_headless(&length("Content-Length: 5\r\nContent-Length: 4"), differ);
    check_headless(&length("Content-Length: 5, 4"), differ);
    for no_number in ["+5", "-5", "0x5", "5 5", "", "5,", "18446744073709551616"] {
        check_headless(
            &length(&format!("Content-Length: {no_number}")),
            "a Content-Length that is no number",
        );
    }
    check_headless("HTTP/2 200\r\n\r\nhello", "a head that is no HTTP/1.1");
    check_headless("<html>", "a head that is no HTTP/1.1");
}

#[track_caller]
fn check_headless(bytes: &str, what: &str) {
    let came = format!("{what} was delivered on connection 1 at 30 ms");
    let taken = format!("WrongResponse: a got a 200 with 5 bytes, reported complete, though {came}");
    check("malformed-is-refused", answered(bytes, "hello", whole(200, "hello")), &taken);
}

#[test]
fn what_only_looks_odd_is_sound() {
    check_sound(&format!("{CHUNKED}5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n"), "hello");
    check_sound(&format!("{CHUNKED}005\r\nhello\r\n000\r\n\r\n"), "hello");
    let lines = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\nhello");
    check_sound(&lines("Content-Length: 5\r\nContent-Length: 5"), "hello");
    check_sound(&lines("Content-Length: 5, 5"), "hello");
    check_sound(&lines("Content-Length:\t5  "), "hello");
    check_sound(
        &lines("Content-Length: 9\r\nTransfer-Encoding: gzip\r\nContent-Length: 4").replace("hello", ""),
        "",
    );
    // A user agent puts a space in place of the fold (RFC 9112 section 5.2).
    check_sound(&lines("Folded: one\r\n two\r\nContent-Length: 5"), "hello");
    check_sound(&lines("Content-Length: 5\r\nno field at all"), "hello");
    // Nor is a bare CR an end of a line (section 2.2).
    check_sound(&lines("x: y\rContent-Length: 0\r\nContent-Length: 5"), "hello");
    let many = "x: y\r\n".repeat(200);
    check_sound(&lines(&format!("{many}Content-Length: 5")), "hello");
    // A response that is not whole is another matter: no-cross-talk.
    let cut = format!("{CHUNKED}5\r\nhel");
    check("malformed-is-refused", answered(&cut, "hello", whole(200, "hel")), NONE);
    // A part of it that the application dropped is no success.
    let dropped = Outcome::Response { status: 200, body: "hello".into(), end: BodyEnd::Dropped };
    check("malformed-is-refused", answered(&format!("{CHUNKED}5\r\nhello\r\nx"), "hello", dropped), NONE);
}

#[test]
fn its_connection_is_stale_and_nobody_waits_for_its_end() {
    let malformed = || {
        let trace = TraceBuilder::new().open(0, 1).request(10, "a", "GET", 1);
        trace.bytes(30, 1, format!("{CHUNKED}5\r\nhello\r\n\r\n"))
    };
    let reused = malformed().finish(30, "a", whole(200, "hello")).request(40, "b", "GET", 1);
    let late = "StaleReuse: b was written on connection 1, 10 ms after a chunk without a size was delivered in the response to a (W0)";
    check("no-stale-reuse", reused, late);
    let waits = "HangOrLeak: a waited for its deadline, 29 980 ms after a chunk without a size was delivered on connection 1";
    check("bounded-wait", malformed().finish(30_010, "a", Outcome::Deadline), waits);
}

fn h2() -> Scenario {
    Scenario { protocol: Protocol::H2, ..scenario() }
}

/// `frames` answer a request on stream 1, and its caller is told that they are a whole response.
#[track_caller]
fn check_h2(frames: Vec<Vec<u8>>, status: u16, body: &str, expected: &str) {
    let asked = TraceBuilder::new().h2_open(0, 1, &[]).h2_request(0, "a", "GET", 1, 1);
    let answered = asked.replied(20, "a", 1, status, body, true).bytes(20, 1, frames.concat());
    check_in("malformed-is-refused", &h2(), answered.finish(20, "a", whole(status, body)), expected);
}

#[test]
fn malformed_responses_of_http2() {
    let check = |frames, what: &str| {
        let came = format!("{what} was delivered on stream 1 of connection 1 at 20 ms");
        let taken = format!("WrongResponse: a got a 200 with 5 bytes, reported complete, though {came}");
        check_h2(frames, 200, "hello", &taken);
    };
    let hello = || content(1, "hello", END_STREAM);
    let head = |fields: &[(&str, &str)]| headers(1, fields, 0);
    let with = |name, value| vec![head(&[(":status", "200"), (name, value)]), hello()];
    let length = "a Content-Length that is not that of the content";
    check(with("content-length", "6"), length);
    check(with("content-length", "4"), length);
    check(with("content-length", "+5"), "a Content-Length that is no number");
    check(with("content-length", "5, 6"), "two values of Content-Length that differ");
    check(with("connection", "close"), "a connection-specific field");
    check(with("transfer-encoding", "chunked"), "a connection-specific field");
    check(with("Server", "x"), "a field name in upper case");
    check(with("a b", "x"), "a field name that is none");
    check(with("x", "a\nb"), "a field value with NUL, CR or LF");
    check(with(":path", "/"), "more pseudo-header fields than :status");
    check(vec![head(&[("x", "y"), (":status", "200")]), hello()], "a pseudo-header field behind others");
    check(vec![head(&[("x", "y")]), hello()], "a response without a status");
    check(vec![head(&[(":status", "2000")]), hello()], "a status that is no number of three digits");
    check(
        vec![content(1, "hello", 0), headers(1, &[(":status", "200")], END_STREAM)],
        "DATA ahead of a head",
    );
    let ok = || head(&[(":status", "200")]);
    let open = || content(1, "hello", 0);
    check(
        vec![ok(), open(), head(&[("x", "y")]), content(1, "", END_STREAM)],
        "a second head that does not end the stream",
    );
    check(
        vec![ok(), open(), headers(1, &[(":status", "200")], END_STREAM)],
        "a pseudo-header field among trailers",
    );
    let interim = vec![headers(1, &[(":status", "103")], END_STREAM)];
    let came = "an interim response that ends the stream was delivered on stream 1 of connection 1 at 20 ms";
    check_h2(
        interim,
        103,
        "",
        &format!("WrongResponse: a got a 103 with 0 bytes, reported complete, though {came}"),
    );
}

#[test]
fn what_only_looks_odd_is_sound_in_http2() {
    let check = |frames, status, body| check_h2(frames, status, body, NONE);
    let hello = || content(1, "hello", END_STREAM);
    let head = |fields: &[(&str, &str)]| headers(1, fields, 0);
    check(vec![head(&[(":status", "200"), ("content-length", "5")]), hello()], 200, "hello");
    check(vec![head(&[(":status", "200"), ("content-length", "5, 5")]), hello()], 200, "hello");
    check(
        vec![head(&[(":status", "103"), ("link", "x")]), head(&[(":status", "200")]), hello()],
        200,
        "hello",
    );
    let trailers = headers(1, &[("grpc-status", "0")], END_STREAM);
    check(vec![head(&[(":status", "200")]), content(1, "hello", 0), trailers], 200, "hello");
    // What it says of a length is about the content that there would be (RFC 9113 section 8.1.1).
    check(vec![headers(1, &[(":status", "304"), ("content-length", "5")], END_STREAM)], 304, "");
    check(vec![head(&[(":status", "200"), ("content-length", "9")]), content(1, "hello", 0)], 200, "hello");
}
