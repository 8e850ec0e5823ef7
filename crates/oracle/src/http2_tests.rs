//! The oracles on hand-written traces of HTTP/2.

use closewait_scenario::*;
use closewait_trace::http2::ErrorCode;
use closewait_trace::http2::testing::*;
use closewait_trace::testing::TraceBuilder;
use closewait_trace::{BodyEnd, ErrorKind, Outcome};

use super::tests::{check_in, check_trace, scenario};

fn h2() -> Scenario {
    Scenario { protocol: Protocol::H2, ..scenario() }
}

#[track_caller]
fn check(oracle: &str, trace: TraceBuilder, expected: &str) {
    check_in(oracle, &h2(), trace, expected);
}

fn opened() -> TraceBuilder {
    TraceBuilder::new().h2_open(0, 1, &[])
}

/// `a` was answered on stream 1 of connection 1 at 20 ms.
fn answered() -> TraceBuilder {
    opened().h2_request(0, "a", "GET", 1, 1).h2_response(20, "a", 1, 1)
}

fn gone(last_stream: u32) -> Vec<u8> {
    goaway(last_stream, ErrorCode::NO_ERROR)
}

/// A request on a new connection, answered.
fn on_new_connection(trace: TraceBuilder, at: u64, id: &str, connection: u32) -> TraceBuilder {
    let trace = trace.start(at, id, "GET").h2_open(at, connection, &[]);
    trace.h2_attempt(at, id, "GET", connection, 1).h2_response(at + 20, id, connection, 1)
}

#[test]
fn no_stale_reuse() {
    let check = |trace, expected: &str| check("no-stale-reuse", trace, expected);
    let b = |trace: TraceBuilder, at| trace.h2_request(at, "b", "GET", 1, 3);
    check(b(answered(), 40), "not exercised: no connection became stale before a later request");
    let late = "StaleReuse: b was written on connection 1, 10 ms after a GOAWAY (last stream 1, NO_ERROR) was delivered on it (W0)";
    check(b(answered().bytes(40, 1, gone(1)), 50), late);
    let raced = "holds: b raced: written on connection 1 at the very instant at which \
                 a GOAWAY (last stream 1, NO_ERROR) was delivered on it (W1)";
    check(b(answered().bytes(40, 1, gone(1)), 40), raced);
    let left = "holds: connection 1 was left alone after a GOAWAY (last stream 1, NO_ERROR) was delivered on it at 40 ms";
    check(on_new_connection(answered().bytes(40, 1, gone(1)), 50, "b", 2), left);
    let malformed = "StaleReuse: b was written on connection 1, 10 ms after a frame for a stream that the client had not opened was delivered on it (W0)";
    check(b(answered().bytes(40, 1, answer(9, "x")), 50), malformed);
    let text = || answered().bytes(40, 1, "HTTP/1.1 400 Bad Request\r\n\r\n");
    let late = "StaleReuse: b was written on connection 1, 10 ms after HTTP/1.1 in place of a frame was delivered on it (W0)";
    check(b(text(), 50), late);
    let left =
        "holds: connection 1 was left alone after HTTP/1.1 in place of a frame was delivered on it at 40 ms";
    check(on_new_connection(text(), 50, "b", 2), left);
    // Eight bytes may be the beginning of anything.
    check(
        b(answered().bytes(40, 1, "HTTP/1.1"), 50),
        "not exercised: no connection became stale before a later request",
    );
    let push = "StaleReuse: b was written on connection 1, 10 ms after SETTINGS_ENABLE_PUSH other than 0 was delivered on it (W0)";
    check(b(answered().bytes(40, 1, settings(&[(2, 1)])), 50), push);
    check(
        b(answered().bytes(40, 1, settings(&[(2, 0)])), 50),
        "not exercised: no connection became stale before a later request",
    );
    let cancelled = opened().h2_request(0, "a", "GET", 1, 1).cancel(10, "a");
    check(b(cancelled, 50), "not exercised: no connection became stale before a later request");
}

#[test]
fn race_outcome() {
    let check = |trace, expected: &str| check("race-outcome", trace, expected);
    let crossed = |last| {
        let trace = answered().origin_sends(40, 1, gone(last)).start(45, "b", "POST");
        trace.h2_write(45, "b", "POST", 1, 3).client_gets(50, 1)
    };
    let place = "GOAWAY of connection 1 in flight when the request was written, W5";
    let retried = crossed(1).h2_open(50, 2, &[]).h2_attempt(50, "b", "POST", 2, 1).h2_response(70, "b", 2, 1);
    check(retried, &format!("holds: b: retried on connection 2 ({place})"));
    let processed = crossed(3).origin_gets(55, 1).executed(55, "b", 1).h2_response(65, "b", 1, 3);
    check(processed, &format!("holds: b: answered on connection 1 ({place})"));
    let surfaced = crossed(1).closed_error(50, "b");
    let words = "surfaced (connection closed before message completed)";
    check(surfaced, &format!("holds: b: {words} ({place})"));
}

#[test]
fn at_most_once() {
    let check = |trace, expected: &str| check("at-most-once", trace, expected);
    let posted = || answered().h2_request(40, "b", "POST", 1, 3);
    let again = |trace: TraceBuilder| trace.h2_open(50, 2, &[]).h2_attempt(50, "b", "POST", 2, 1);
    let twice = "UnsafeDuplicate: b (POST) was executed 2 times: on connection 1 at 40 ms and on connection 2 at 50 ms";
    check(again(posted().fin(45, 1)), twice);
    check(again(posted().bytes(45, 1, gone(3))), twice);
    check(again(posted().bytes(45, 1, rst_stream(3, ErrorCode::CANCEL))), twice);
    check(again(posted()).bytes(55, 1, gone(1)), twice);
    let safe = "holds: b (POST): executed once more after the origin had said that it had not processed it";
    check(again(posted().bytes(45, 1, gone(1))), safe);
    check(again(posted().bytes(45, 1, rst_stream(3, ErrorCode::REFUSED_STREAM))), safe);
    let refused = answered().start(40, "b", "POST").h2_write(40, "b", "POST", 1, 3).origin_gets(45, 1);
    let refused = refused.bytes(45, 1, rst_stream(3, ErrorCode::REFUSED_STREAM));
    check(again(refused), "holds: b (POST): executed once");
}

#[test]
fn bounded_wait() {
    let check = |trace, expected: &str| check("bounded-wait", trace, expected);
    let waiting = || answered().h2_request(40, "b", "GET", 1, 3);
    let waited =
        |what: &str| format!("HangOrLeak: b waited for its deadline, 5 000 ms after {what} was delivered");
    let reset = waiting().bytes(50, 1, rst_stream(3, ErrorCode::CANCEL)).deadline(5_050, "b");
    check(reset, &waited("an RST_STREAM on stream 3 of connection 1"));
    let excluded = waiting().bytes(50, 1, gone(1)).deadline(5_050, "b");
    check(excluded, &waited("a GOAWAY that excludes stream 3 of connection 1"));
    let told_nothing = "holds: b was ended by its deadline: nothing told the client; 1 request ended in time";
    check(waiting().bytes(50, 1, gone(3)).deadline(5_050, "b"), told_nothing);
    let ping_timeout = Some(std::time::Duration::from_secs(2));
    let pings = Scenario { client: ClientSettings { ping_timeout, ..ClientSettings::default() }, ..h2() };
    let unanswered = waiting().client_sends(1_000, 1, ping(false)).deadline(5_040, "b");
    let late = "HangOrLeak: b waited for its deadline, 2 040 ms after \
                the client's ping timeout of 2 000 ms had passed on connection 1";
    check_in("bounded-wait", &pings, unanswered, late);
    let pinged = || waiting().client_sends(1_000, 1, ping(false));
    let redials = pinged().client_fin(3_000, 1).syn(3_000, 2).deadline(5_040, "b");
    check_in("bounded-wait", &pings, redials, told_nothing);
    let too_early = pinged().syn(2_000, 2).client_fin(3_000, 1).deadline(5_040, "b");
    check_in("bounded-wait", &pings, too_early, late);
    let for_nobody = pinged().client_fin(3_000, 1).h2_open(3_000, 2, &[]).deadline(5_040, "b");
    check_in("bounded-wait", &pings, for_nobody, late);
    let excluded = waiting().bytes(50, 1, gone(1)).syn(50, 2).deadline(5_050, "b");
    check(excluded, told_nothing);
    let unwritten = answered().start(40, "b", "GET").deadline(5_040, "b");
    let free = "HangOrLeak: b waited for its deadline, 5 000 ms after connection 1 was free for it";
    check(unwritten, free);
}

#[test]
fn what_leaves_when_it_is_excluded_decides_nothing() {
    let check =
        |trace: TraceBuilder, expected: &str| check("bounded-wait", trace.deadline(500, "b"), expected);
    let leaves = |trace: TraceBuilder| trace.h2_write(60, "b", "GET", 1, 3);
    let refusal = rst_stream(1, ErrorCode::REFUSED_STREAM);
    let refused = || opened().h2_request(0, "b", "GET", 1, 1).bytes(20, 1, &refusal);
    let elsewhere = || refused().bytes(40, 1, gone(1)).h2_open(40, 2, &[]).h2_attempt(40, "b", "GET", 2, 1);
    check(leaves(elsewhere()), "holds: b was ended by its deadline: nothing told the client");
    let late = |stream: u32, connection: u32| {
        format!(
            "HangOrLeak: b waited for its deadline, 400 ms after a GOAWAY that excludes stream {stream} of connection {connection} was delivered"
        )
    };
    check(leaves(elsewhere()).bytes(100, 2, gone(0)), &late(1, 2));
    // What was written before the GOAWAY came does decide.
    check(leaves(refused()).bytes(100, 1, gone(1)), &late(3, 1));
}

#[test]
fn recovers() {
    let check = |trace, expected: &str| check("recovers", trace, expected);
    let both = || answered().h2_request(40, "b", "GET", 1, 3).h2_request(45, "c", "GET", 1, 5);
    let lost = both().fin(50, 1).closed_error(50, "b").closed_error(50, "c");
    check(on_new_connection(lost, 60, "d", 2), "holds: connection 1 cost b and c");
    let silent = || both().deadline(500, "b");
    check(on_new_connection(silent().deadline(505, "c"), 600, "d", 2), "holds: connection 1 cost b and c");
    let later = silent().deadline(505, "c").h2_request(600, "d", "GET", 1, 7).deadline(1_000, "d");
    let costly = "AvoidableFailure: connection 1, dead since 500 ms, cost d, written on it later";
    check(later, costly);
    let unexercised =
        "not exercised: no connection died before a later request, and none drained with a stream open";
    let alive = silent().h2_response(600, "c", 1, 5).h2_request(600, "d", "GET", 1, 7);
    check(alive.h2_response(700, "d", 1, 7), "holds: connection 1 cost b");
    let slow = both().h2_response(100, "c", 1, 5).deadline(500, "b").h2_request(600, "d", "GET", 1, 7);
    check(slow.h2_response(700, "d", 1, 7), unexercised);
    let too_late = answered().start(40, "b", "GET").deadline(500, "b").h2_write(600, "b", "GET", 1, 3);
    check(too_late.h2_request(700, "c", "GET", 1, 5).h2_response(720, "c", 1, 5), unexercised);
    let reset = both().bytes(50, 1, rst_stream(3, ErrorCode::CANCEL)).closed_error(50, "b");
    check(reset.h2_response(60, "c", 1, 5).h2_request(70, "d", "GET", 1, 7), unexercised);
    let far = || TraceBuilder::new().syn(0, 1).h2_open(460, 1, &[]).h2_request(500, "b", "GET", 1, 1);
    let impatient = |deadline: u64| {
        let next = far().deadline(500 + deadline, "b").h2_request(1_000, "d", "GET", 1, 3);
        next.deadline(1_000 + deadline, "d")
    };
    check(impatient(460), unexercised);
    check(impatient(461), "AvoidableFailure: connection 1, dead since 961 ms, cost d, written on it later");
}

#[test]
fn a_graceful_goaway_costs_nothing_that_it_accepts() {
    let check = |trace, expected: &str| check("recovers", trace, expected);
    let drains = || answered().h2_request(40, "b", "GET", 1, 3).bytes(45, 1, gone(3));
    let whole = "holds: b was answered on stream 3 of connection 1 while it drained";
    check(drains().h2_response(60, "b", 1, 3), whole);
    let killed = "AvoidableFailure: b failed on stream 3 of connection 1 although the GOAWAY accepts it";
    check(drains().client_fin(46, 1).closed_error(46, "b"), killed);
    let unexercised =
        "not exercised: no connection died before a later request, and none drained with a stream open";
    let ended = "not exercised: no connection died before a later request, and something else ended the streams that drained";
    check(drains().bytes(50, 1, rst_stream(3, ErrorCode::CANCEL)).closed_error(50, "b"), ended);
    check(drains().client_sends(50, 1, ping(false)).client_fin(90, 1).closed_error(90, "b"), ended);
    check(drains().deadline(500, "b"), ended);
    check(drains().finish(90, "b", closewait_trace::testing::error(ErrorKind::Timeout)), ended);
    check(drains().bytes(50, 1, gone(1)).closed_error(51, "b"), unexercised);
    let objected =
        drains().client_sends(50, 1, rst_stream(3, ErrorCode::PROTOCOL_ERROR)).closed_error(50, "b");
    check(objected, ended);
    let complained =
        drains().client_sends(50, 1, goaway(0, ErrorCode::FLOW_CONTROL_ERROR)).closed_error(50, "b");
    check(complained, ended);
    check(drains().client_sends(50, 1, rst_stream(3, ErrorCode::CANCEL)).closed_error(50, "b"), killed);
    let error = answered().h2_request(40, "b", "GET", 1, 3).bytes(45, 1, goaway(3, ErrorCode(2)));
    check(error.client_fin(46, 1).closed_error(46, "b"), unexercised);
}

#[test]
fn unprocessed_is_free() {
    let check = |trace, expected: &str| check("unsent-is-free", trace, expected);
    let b = || answered().h2_request(40, "b", "POST", 1, 3);
    let refused = || b().bytes(50, 1, rst_stream(3, ErrorCode::REFUSED_STREAM));
    let again = "holds: b was sent again, as the origin had not processed it";
    check(refused().h2_attempt(50, "b", "POST", 1, 5).h2_response(70, "b", 1, 5), again);
    let failed = "AvoidableFailure: b failed although the origin said that it had not processed stream 3 of connection 1 \
                  (connection closed before message completed)";
    check(refused().closed_error(50, "b"), failed);
    check(b().bytes(50, 1, gone(1)).closed_error(50, "b"), failed);
    let unexercised = "not exercised: no request met a dead connection before its first byte was written, \
                       and none was disowned by the origin";
    check(b().bytes(50, 1, gone(3)).closed_error(50, "b"), unexercised);
    check(b().bytes(50, 1, goaway(1, ErrorCode(11))).closed_error(50, "b"), unexercised);
    check(b().bytes(50, 1, rst_stream(3, ErrorCode::CANCEL)).closed_error(50, "b"), unexercised);
    let budget =
        refused().h2_attempt(50, "b", "POST", 1, 5).bytes(60, 1, rst_stream(5, ErrorCode::REFUSED_STREAM));
    check(budget.closed_error(60, "b"), again);
}

#[test]
fn no_leak_knows_the_limit_of_streams() {
    let check = |trace, expected: &str| check("no-leak", trace, expected);
    let limited = || TraceBuilder::new().h2_open(0, 1, &[(3, 1)]).h2_request(10, "a", "GET", 1, 1);
    let rest = "no socket was left after close";
    let one = limited().h2_response(20, "a", 1, 1).h2_request(20, "b", "GET", 1, 3);
    check(one, &format!("holds: never more than 1 open stream on connection 1; {rest}"));
    let two = "HangOrLeak: stream 3 made 2 open streams on connection 1; the origin's limit is 1";
    check(limited().h2_request(15, "b", "GET", 1, 3), two);
    let reset =
        limited().client_sends(12, 1, rst_stream(1, ErrorCode::CANCEL)).h2_request(15, "b", "GET", 1, 3);
    check(reset, &format!("holds: never more than 1 open stream on connection 1; {rest}"));
    let lowered = || opened().h2_request(0, "a", "GET", 1, 1).bytes(10, 1, settings(&[(3, 1)]));
    check(lowered().h2_request(10, "b", "GET", 1, 3), &format!("holds: {rest}"));
    check(lowered().h2_request(11, "b", "GET", 1, 3), two);
}

#[test]
fn reuses_when_healthy() {
    let check = |trace, expected: &str| check("reuses-when-healthy", trace, expected);
    let unexercised = "not exercised: no request found a free and healthy connection";
    let missed = |since| {
        format!(
            "NeedlessConnections: b was written on new connection 2 although \
             connection 1 was healthy and had a stream to spare since {since} ms"
        )
    };
    check(answered(), unexercised);
    check(answered().h2_request(40, "b", "GET", 1, 3), "holds: b reused connection 1");
    check(on_new_connection(answered(), 40, "b", 2), &missed(20));
    let busy = || opened().h2_request(0, "a", "GET", 1, 1);
    check(busy().h2_request(10, "b", "GET", 1, 3), "holds: b reused connection 1");
    check(on_new_connection(busy(), 10, "b", 2), &missed(0));
    check(on_new_connection(busy(), 0, "b", 2), unexercised);
    let full = TraceBuilder::new().h2_open(0, 1, &[(3, 1)]).h2_request(0, "a", "GET", 1, 1);
    check(on_new_connection(full, 10, "b", 2), unexercised);
    check(on_new_connection(answered().bytes(30, 1, gone(1)), 40, "b", 2), unexercised);
    check(on_new_connection(answered().client_sends(30, 1, ping(false)), 40, "b", 2), unexercised);
    let alive = answered().client_sends(30, 1, ping(false)).bytes(35, 1, ping(true));
    check(on_new_connection(alive, 40, "b", 2), &missed(20));
    check(on_new_connection(busy().deadline(500, "a"), 600, "b", 2), unexercised);
    let cancelled = busy().bytes(400, 1, headers(1, &[(":status", "200")], 0)).cancel(500, "a");
    check(on_new_connection(cancelled, 600, "b", 2), &missed(0));
    check(on_new_connection(answered(), 30_021, "b", 2), unexercised);
    let closed = "NeedlessConnections: b was written on new connection 2 although \
                  connection 1 was healthy when the client closed it at 1 030 ms";
    let objects = |code| answered().client_sends(1_030, 1, goaway(0, code)).client_fin(1_030, 1);
    check(on_new_connection(objects(ErrorCode::FLOW_CONTROL_ERROR), 2_000, "b", 2), unexercised);
    check(on_new_connection(objects(ErrorCode::NO_ERROR), 2_000, "b", 2), closed);
    let second = Some(std::time::Duration::from_secs(1));
    let pings = Scenario { client: ClientSettings { ping_timeout: second, ..h2().client }, ..h2() };
    let answered_at =
        |at| answered().client_sends(30, 1, ping(false)).bytes(at, 1, ping(true)).client_fin(1_030, 1);
    let check = |at, expected: &str| {
        let trace = on_new_connection(answered_at(at), 2_000, "b", 2);
        check_in("reuses-when-healthy", &pings, trace, expected);
    };
    check(1_030, unexercised);
    check(1_029, closed);
}

#[test]
fn a_connection_error_excuses_a_new_connection() {
    let check = |trace, expected: &str| check("reuses-when-healthy", trace, expected);
    let text = answered().bytes(40, 1, "HTTP/1.1 400 Bad Request\r\n\r\n");
    check(
        on_new_connection(text, 50, "b", 2),
        "not exercised: no request found a free and healthy connection",
    );
    // An unknown frame is none.
    let unknown = answered().bytes(40, 1, frame(0x42, 0, 0, b"x"));
    let needless = "NeedlessConnections: b was written on new connection 2 although connection 1 was healthy and had a stream to spare since 20 ms";
    check(on_new_connection(unknown, 50, "b", 2), needless);
}

#[test]
fn prompt_close() {
    let check = |trace, expected: &str| check("prompt-close", trace, expected);
    let unexercised = "not exercised: neither FIN nor GOAWAY was delivered before the client's own FIN";
    check(answered().client_fin(40, 1), unexercised);
    let drained =
        "holds: connection 1 was closed 0 ms after a GOAWAY was delivered and its last stream was over";
    check(answered().bytes(40, 1, gone(1)).client_fin(40, 1), drained);
    let busy = || answered().h2_request(40, "b", "GET", 1, 3).bytes(50, 1, gone(3));
    check(busy().step(9_000), unexercised);
    check(busy().h2_response(2_000, "b", 1, 3).client_fin(2_000, 1), drained);
    let kept = "HangOrLeak: connection 1 was not yet closed 5 000 ms after a GOAWAY was delivered \
                and its last stream was over; the bound is 1 000 ms";
    let above = || answered().h2_request(40, "b", "GET", 1, 3).bytes(50, 1, gone(1)).closed_error(50, "b");
    check(above().client_fin(50, 1), drained);
    check(above().step(5_050), kept);
    check(answered().bytes(40, 1, gone(1)).step(5_040), kept);
}

#[test]
fn cancel_is_told() {
    let check = |trace, expected: &str| check("cancel-is-told", trace, expected);
    let unexercised = "not exercised: no request was given up with its stream open";
    let asked = || opened().h2_request(0, "a", "GET", 1, 1);
    let cancel = || rst_stream(1, ErrorCode::CANCEL);
    check(answered(), unexercised);
    let told = "holds: a: stream 1 of connection 1 was reset as it was given up";
    check(asked().cancel(10, "a").client_sends(10, 1, cancel()), told);
    check(asked().deadline(10, "a").client_sends(10, 1, cancel()), told);
    let timeout = || closewait_trace::testing::error(ErrorKind::Timeout);
    check(asked().finish(10, "a", timeout()).client_sends(10, 1, cancel()), told);
    let dropped = Outcome::Response { status: 200, body: "x".into(), end: BodyEnd::Dropped };
    let begun = || asked().bytes(5, 1, [headers(1, &[(":status", "200")], 0), content(1, "x", 0)].concat());
    check(begun().finish(10, "a", dropped).client_sends(10, 1, cancel()), told);
    let late = "HangOrLeak: a was given up, and stream 1 of connection 1 was reset only 15 ms after that";
    check(asked().cancel(10, "a").client_sends(25, 1, cancel()), late);
    let never = "HangOrLeak: a was given up at 10 ms, and stream 1 of connection 1 was never reset";
    check(asked().cancel(10, "a").step(900), never);
    let upload = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
    let upload = upload.cancel(10, "a").client_sends(20, 1, content(1, "abc", 0));
    check(upload.client_sends(30, 1, content(1, "de", 0)), &format!("{never}, 5 bytes of its body later"));
    let unwritten = |at| answered().start(40, "b", "GET").deadline(500, "b").h2_write(at, "b", "GET", 1, 3);
    let for_nobody =
        "HangOrLeak: b was over at 500 ms, and stream 3 of connection 1 was opened for it 100 ms later";
    check(unwritten(600), for_nobody);
    check(unwritten(500), unexercised);
    let dialling = TraceBuilder::new().start(0, "b", "GET").deadline(5, "b").h2_open(20, 1, &[]);
    check(dialling.h2_write(20, "b", "GET", 1, 1), unexercised);
    // The window is 65 535 bytes; the preface, SETTINGS and the head have been acknowledged.
    let stuck = |bytes: usize| {
        let upload = opened().start(0, "a", "POST").client_sends(0, 1, request(1, "a", "POST", 0));
        let upload = upload.origin_gets(0, 1).acknowledge(10, 1).client_sends(
            20,
            1,
            content(1, &"x".repeat(bytes - 9), 0),
        );
        upload.cancel(30, "a").step(900)
    };
    check(stuck(65_535), unexercised);
    check(stuck(65_535 - 12), unexercised);
    let never_later = "HangOrLeak: a was given up at 30 ms, and stream 1 of connection 1 was never reset";
    check_trace("cancel-is-told", &h2(), &stuck(65_535 - 13).build(), never_later);
    check(stuck(65_535 - 35), never_later);
    let closed = "holds: a: connection 1 was closed as it was given up";
    check(asked().cancel(10, "a").client_fin(10, 1), closed);
    check(asked().bytes(10, 1, answer(1, "x")).cancel(10, "a"), unexercised);
    check(asked().fin(5, 1).cancel(10, "a"), unexercised);
    check(asked().finish(10, "a", closewait_trace::testing::error(ErrorKind::Closed)), unexercised);
}

#[test]
fn http1_has_no_finding_of_streams() {
    let findings = super::judge(&scenario(), &answered().build());
    assert!(findings.iter().all(|finding| finding.oracle != "cancel-is-told"));
}
