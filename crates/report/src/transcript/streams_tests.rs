//! Transcripts of hand-written traces of HTTP/2, as a reviewer sees them.

use closewait_trace::http2::ErrorCode;
use closewait_trace::http2::testing::*;
use closewait_trace::testing::{TraceBuilder, whole};

use super::Transcript;
use crate::testing::scenario;

const TWO: &str = r#"
{ client = "send", id = "a", request = "GET /a" },
{ client = "send", id = "b", request = "GET /b" },"#;

#[track_caller]
fn check(name: &str, trace: TraceBuilder) {
    let transcript = Transcript::of(&scenario(TWO), &trace.build()).to_string();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, transcript);
    });
}

/// `a` was answered on stream 1 of connection 1 at 20 ms.
fn answered() -> TraceBuilder {
    TraceBuilder::new().h2_open(0, 1, &[(3, 100)]).h2_request(0, "a", "GET", 1, 1).h2_response(20, "a", 1, 1)
}

#[test]
fn two_requests_at_a_time() {
    let trace = answered().h2_request(40, "b", "GET", 1, 3).h2_request(40, "c", "GET", 1, 5);
    let trace = trace.h2_response(60, "c", 1, 5).h2_response(70, "b", 1, 3);
    let bye = goaway(0, ErrorCode::NO_ERROR);
    check("h2-healthy", trace.closing(80).client_sends(80, 1, bye).client_fin(80, 1));
}

#[test]
fn a_goaway_crosses_a_request_that_is_retried() {
    let trace = answered().origin_sends(40, 1, goaway(1, ErrorCode::NO_ERROR)).start(45, "b", "POST");
    let trace = trace.h2_write(45, "b", "POST", 1, 3).client_gets(50, 1).h2_open(50, 2, &[]);
    let trace = trace.h2_attempt(50, "b", "POST", 2, 1).h2_response(70, "b", 2, 1);
    check("h2-goaway", trace.client_sends(70, 1, goaway(0, ErrorCode::NO_ERROR)).client_fin(70, 1));
}

#[test]
fn streams_are_reset_by_either_side() {
    let trace = answered().h2_request(40, "b", "GET", 1, 3).cancel(50, "b");
    let trace = trace.client_sends(50, 1, rst_stream(3, ErrorCode::CANCEL)).origin_gets(60, 1);
    let trace = trace.start(70, "c", "GET").h2_write(70, "c", "GET", 1, 5).origin_gets(75, 1);
    let trace = trace.bytes(80, 1, rst_stream(5, ErrorCode::REFUSED_STREAM));
    let trace = trace.h2_attempt(80, "c", "GET", 1, 7).h2_response(90, "c", 1, 7);
    check("h2-resets", trace);
}

#[test]
fn pings_are_one_line_as_long_as_they_are_answered() {
    let pinged = |trace: TraceBuilder, at| {
        trace.client_sends(at, 1, ping(false)).origin_gets(at + 10, 1).bytes(at + 20, 1, ping(true))
    };
    let trace = [1_000, 2_000, 3_000].into_iter().fold(answered(), pinged);
    check("h2-pings", trace.client_sends(4_000, 1, ping(false)).step(4_500).client_fin(5_000, 1));
}

#[test]
fn changed_settings_and_connection_errors_are_told() {
    let trace = answered().bytes(30, 1, settings(&[(3, 1), (4, 100_000)])).bytes(
        40,
        1,
        frame(8, 0, 0, &[0, 0, 1, 0]),
    );
    let trace = trace.start(50, "b", "GET").h2_write(50, "b", "GET", 1, 3).bytes(55, 1, answer(9, "evil"));
    check("h2-connection-error", trace.finish(55, "b", whole(200, "evil")));
}
