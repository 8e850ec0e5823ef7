//! Transcripts of hand-written traces, as a reviewer sees them.

use closewait_scenario::Direction::{ToClient, ToOrigin};
use closewait_trace::{End, ErrorKind, Fate, Outcome, Segment, What};

use super::Transcript;
use crate::testing::{Run, ok, request, scenario};

const TWO: &str = r#"
{ client = "send", id = "a", request = "GET /a" },
{ client = "send", id = "b", request = "GET /b" },"#;

fn check(name: &str, script: &str, run: &Run) {
    let transcript = Transcript::of(&scenario(script), &run.trace()).to_string();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, transcript);
    });
}

#[test]
fn two_requests_on_one_connection() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.start(40, "b", "GET").exchange(40, "b", 1);
    run.at(60, What::ClientClosing).fin(60, 1, ToOrigin).fin(70, 1, ToClient).at(80, What::ClientClosed);
    check("healthy", TWO, &run);
}

#[test]
fn a_fin_while_idle() {
    let script = r#"
{ client = "send", id = "a", request = "GET /a" },
{ origin = "fin", connection = 1 },
{ until = "delivered" },
{ client = "send", id = "b", request = "GET /b" },"#;
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.step(40, 1).fin(40, 1, ToClient).fin(50, 1, ToOrigin);
    run.start(60, "b", "GET").open(60, 2).exchange(80, "b", 2);
    check("fin-while-idle", script, &run);
}

#[test]
fn a_request_meets_a_reset() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.start(1_040, "b", "POST").write(1_040, 1, ToOrigin, &request("POST", "b")).rst(1_050, 1, ToClient);
    let message = "connection closed before message completed".to_owned();
    run.finish(1_060, "b", Outcome::Error { kind: ErrorKind::Reset, message });
    check("reset-in-flight", TWO, &run);
}

#[test]
fn a_retry_is_told_as_one() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.start(40, "b", "GET").write(40, 1, ToOrigin, &request("GET", "b")).rst(50, 1, ToClient);
    run.open(60, 2).exchange(80, "b", 2);
    check("retry", TWO, &run);
}

#[test]
fn unasked_bytes_become_an_answer() {
    let script = r#"
{ client = "send", id = "a", request = "GET /a" },
{ origin = "send", connection = 1, bytes = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil" },
{ client = "send", id = "b", request = "GET /b" },"#;
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.step(40, 1).write(40, 1, ToClient, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    run.start(45, "b", "GET").write(45, 1, ToOrigin, &request("GET", "b"));
    run.finish(50, "b", ok("evil"));
    check("unasked-bytes", script, &run);
}

#[test]
fn losses_and_retransmissions_are_one_line_each() {
    let script = r#"
{ client = "send", id = "a", request = "GET /a" },
{ network = "drop", connection = 1 },
{ client = "send", id = "b", request = "GET /b" },"#;
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.step(40, 1).start(40, "b", "GET");
    let first = run.segment(1, ToOrigin, &request("GET", "b"));
    for (index, at) in [40, 240, 640, 1440].into_iter().enumerate() {
        let segment = Segment { retransmission: index > 0, ..first.clone() };
        run.fate(at, 1, ToOrigin, Fate::Sent, segment.clone()).fate(at, 1, ToOrigin, Fate::Dropped, segment);
    }
    run.at(30_040, What::RequestCancelled { request: "b".to_owned() }).finish(30_040, "b", Outcome::Deadline);
    check("silent-death", script, &run);
}

#[test]
fn a_refused_connection() {
    let mut run = Run::new();
    let syn = Segment { syn: true, ..Segment::default() };
    run.start(0, "a", "GET").carry(0, 1, ToOrigin, syn).rst(10, 1, ToClient);
    let message = "tcp connect error: connection refused".to_owned();
    run.finish(20, "a", Outcome::Error { kind: ErrorKind::Connect, message });
    check("refused", r#"{ client = "send", id = "a", request = "GET /a" },"#, &run);
}

#[test]
fn a_watchdog_ends_the_transcript() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).stop(End::Livelock);
    check("livelock", r#"{ client = "send", id = "a", request = "GET /a" },"#, &run);
}

#[test]
fn evidence_is_found_by_event() {
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    let trace = run.trace();
    let transcript = Transcript::of(&scenario(TWO), &trace);
    let last = trace.events.len() - 1;
    let texts: Vec<_> = transcript.evidence(&[0, last]).iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["a: GET /a", "a: 200 from connection 1"]);
}

/// Connection 1 is not connection 12: the step's own line stands for what it does.
#[test]
fn a_step_stands_for_what_it_does() {
    let script = r#"
{ client = "send", id = "a", request = "GET /a" },
{ origin = "fin", connection = 1 },"#;
    let mut run = Run::new();
    run.start(0, "a", "GET").open(0, 1).exchange(20, "a", 1);
    run.step(40, 1).open(40, 12).fin(40, 1, ToClient);
    let trace = run.trace();
    let fin = |event: &closewait_trace::Event| match &event.what {
        What::Segment { segment, fate, .. } => segment.fin && *fate == Fate::Sent,
        _ => false,
    };
    let event = trace.events.iter().position(fin).expect("a FIN is sent");
    let transcript = Transcript::of(&scenario(script), &trace);
    let texts: Vec<_> = transcript.evidence(&[event]).iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["origin: half-closes connection 1 (FIN)"]);
}
