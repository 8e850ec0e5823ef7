//! Schedules in which an oracle once blamed a client that could not have done better: the reference client holds
//! every oracle in them.

use std::fmt::Write as _;

use closewait::client::UnderTest;
use closewait::client::reference::{Defect, with_defect};
use closewait::oracle::{self, Finding, Verdict};
use closewait::scenario::{self, Scenario};
use closewait::trace::End;
use closewait::{lab, lab::Limits};
use libtest_mimic::{Failed, Trial};

use super::super::planted_bugs::accept;
use super::super::played::client;

/// Name, script and settings.
type Case = (&'static str, &'static str, &'static str);

/// Over HTTP/1.1.
const CASES: &[Case] = &[
    (
        "unasked-bytes-cross-a-request",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { client = "send", id = "b", request = "GET /b", background = true },
           { origin = "send", connection = 1, bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nst" }"#,
        "",
    ),
    (
        "deadline-during-the-dial-of-a-retry",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { origin = "reply", id = "b", cut = "byte 0", then = "rst" },
           { client = "send", id = "b", request = "GET /b", deadline = "30ms" }"#,
        "",
    ),
    (
        "deadline-when-a-fin-has-just-come",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { client = "send", id = "b", request = "GET /b", background = true, deadline = "20ms" },
           { origin = "fin", connection = 1 }"#,
        "",
    ),
    (
        "another-connection-is-free-while-a-dial-is-young",
        r#"{ origin = "hold", id = "a" },
           { client = "send", id = "a", request = "GET /a", background = true },
           { wait = "1s" },
           { origin = "reply", id = "a" },
           { client = "send", id = "b", request = "GET /b", deadline = "100ms" }"#,
        "[network]\nlatency_to_client = \"90ms\"",
    ),
    (
        "a-dial-that-nobody-wants-is-no-connection",
        r#"{ client = "send", id = "a", request = "GET /a", deadline = "1ms" },
           { client = "send", id = "b", request = "GET /b" }"#,
        "[client]\nmax_connections = 1",
    ),
    (
        "a-dial-into-the-void-takes-the-place-of-a-connection",
        r#"{ network = "drop" },
           { client = "send", id = "a", request = "GET /a", background = true },
           { wait = "1s" },
           { client = "send", id = "b", request = "GET /b" }"#,
        "[client]\nmax_connections = 1",
    ),
    (
        "the-fin-of-a-stopped-upload-waits-its-turn",
        r#"{ client = "send", id = "a", request = "POST /a", body = 100000, deadline = "50ms" },
           { client = "send", id = "b", request = "GET /b" }"#,
        "[client]\nmax_connections = 1",
    ),
    (
        "the-fin-of-an-upload-with-an-early-answer-waits-its-turn",
        r#"{ origin = "reply", id = "a", early = true, then = "fin" },
           { client = "send", id = "a", request = "POST /a", body = 100000 },
           { client = "send", id = "b", request = "GET /b" }"#,
        "[client]\nmax_connections = 1",
    ),
    (
        "a-deadline-casts-doubt-on-silent-connections",
        r#"{ client = "send", id = "a", request = "GET /a", background = true },
           { client = "send", id = "b", request = "GET /b" },
           { origin = "reply", id = "c", delay = "5s" },
           { client = "send", id = "c", request = "GET /c", deadline = "5s" },
           { client = "send", id = "d", request = "GET /d" }"#,
        "",
    ),
    (
        "so-does-a-cancelled-request-that-waited-long",
        r#"{ client = "send", id = "a", request = "GET /a", background = true },
           { client = "send", id = "b", request = "GET /b" },
           { origin = "hold", id = "c" },
           { client = "send", id = "c", request = "GET /c", background = true },
           { wait = "10s" },
           { client = "cancel", id = "c" },
           { client = "send", id = "d", request = "GET /d" }"#,
        "",
    ),
    (
        "a-retry-waits-in-line",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { client = "send", id = "b", request = "GET /b", background = true, deadline = "1s" },
           { origin = "reply", id = "c", delay = "1s" },
           { client = "send", id = "c", request = "GET /c", background = true },
           { origin = "rst", connection = 1 }"#,
        "[client]\nmax_connections = 1",
    ),
    (
        "a-dial-that-was-too-late-is-refused-by-the-host",
        r#"{ client = "send", id = "a", request = "GET /a", background = true },
           { client = "send", id = "b", request = "GET /b", background = true },
           { network = "delay", by = "1s", connection = 2 }"#,
        "",
    ),
    (
        "two-requests-share-a-segment-after-a-dropped-response",
        r#"{ origin = "reply", id = "a", early = true },
           { client = "send", id = "a", request = "POST /a", body = 100000, read = 1 },
           { client = "send", id = "b", request = "GET /b" }"#,
        "",
    ),
    (
        "a-fin-comes-while-an-upload-is-stuck",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { network = "drop", direction = "to-origin" },
           { client = "send", id = "b", request = "POST /b", body = 100000 },
           { wait = "1s" }"#,
        "[origin]\nidle_timeout = \"1s\"",
    ),
    (
        "later-bytes-complete-a-reply-that-was-cut",
        r#"{ origin = "reply", id = "a", cut = "body 5" },
           { client = "send", id = "a", request = "GET /a", background = true },
           { wait = "1s" },
           { origin = "send", connection = 1, bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nst" }"#,
        "",
    ),
];

/// The same over TLS.
const SEALED_CASES: &[Case] = &[
    (
        "an-upload-is-given-up-in-its-first-record",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { client = "send", id = "b", request = "POST /b", body = 10000, deadline = "1ms" },
           { client = "send", id = "c", request = "GET /c" }"#,
        "protocol = \"https1\"\n[network]\nsend_buffer = 4096",
    ),
    (
        "a-request-waits-in-its-first-record-while-another-connection-is-free",
        r#"{ client = "send", id = "a", request = "GET /a", background = true },
           { client = "send", id = "b", request = "GET /b" },
           { client = "send", id = "c", request = "POST /c", body = 10000, deadline = "1ms" }"#,
        "protocol = \"https1\"\n[network]\nsend_buffer = 4096",
    ),
    (
        "a-fin-comes-in-the-middle-of-a-first-record",
        r#"{ client = "send", id = "a", request = "POST /a", body = 10000, background = true },
           { wait = "50ms" },
           { origin = "fin", connection = 1 }"#,
        "protocol = \"https1\"\n[network]\nsend_buffer = 4096",
    ),
    (
        "a-fin-comes-with-the-end-of-the-handshake",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { origin = "fin", connection = 1, when = { packet = 3, connection = 1, direction = "to-client" } }"#,
        "protocol = \"https1\"",
    ),
    (
        "close-notify-comes-with-the-end-of-the-handshake",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { origin = "close-notify", connection = 1, when = { packet = 3, connection = 1, direction = "to-client" } }"#,
        "protocol = \"https1\"",
    ),
    (
        "a-close-comes-with-the-end-of-the-handshake-over-http2",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { origin = "close", connection = 1, when = { packet = 3, connection = 1, direction = "to-client" } }"#,
        "protocol = \"https2\"",
    ),
    (
        "the-origin-gives-up-while-its-handshake-is-lost",
        r#"{ client = "send", id = "a", request = "GET /a", background = true },
           { wait = "30ms" },
           { network = "drop", connection = 1 },
           { network = "heal", connection = 1, when = { after = "2s" } }"#,
        "protocol = \"https1\"\n[origin]\nidle_timeout = \"2s\"",
    ),
];

/// The same over HTTP/2.
const HTTP2_CASES: &[Case] = &[
    (
        "half-a-body-before-a-reset-with-no-error",
        r#"{ origin = "reply", id = "a", cut = "head", then = "reset-stream" },
           { client = "send", id = "a", request = "GET /a" }"#,
        "protocol = \"h2\"",
    ),
    (
        "half-a-body-before-a-goaway-with-no-error",
        r#"{ origin = "hold", id = "a" },
           { client = "send", id = "a", request = "GET /a", background = true },
           { wait = "1s" },
           { origin = "goaway", connection = 1 },
           { origin = "reply", id = "a", cut = "body 5", then = "reset-stream" }"#,
        "protocol = \"h2\"",
    ),
    (
        "a-refused-upload-is-stuck",
        r#"{ origin = "reset-stream", id = "a", error = "refused-stream", times = 2 },
           { client = "send", id = "a", request = "POST /a", body = 100000 }"#,
        "protocol = \"h2\"\n[client]\nmax_idle = 1\n[network]\nreceive_buffer = 4096",
    ),
    (
        "an-answer-comes-while-an-upload-is-stuck",
        r#"{ client = "send", id = "a", request = "GET /a", background = true, deadline = "100ms" },
           { client = "send", id = "b", request = "POST /b", body = 100000 }"#,
        "protocol = \"h2\"\n[network]\nsend_buffer = 4096",
    ),
    (
        "a-goaway-comes-while-a-request-is-stuck",
        r#"{ client = "send", id = "a", request = "POST /a", body = 10000, background = true },
           { wait = "40ms" },
           { origin = "goaway", connection = 1, last_stream = "all" },
           { client = "send", id = "b", request = "GET /b" }"#,
        "protocol = \"h2\"\n[network]\nsend_buffer = 4096",
    ),
    (
        "a-limit-of-streams-comes-while-a-request-is-stuck",
        r#"{ origin = "hold", id = "a" },
           { client = "send", id = "a", request = "POST /a", body = 100000, background = true },
           { wait = "30ms" },
           { client = "send", id = "b", request = "GET /b", deadline = "1s" }"#,
        "protocol = \"h2\"\n[origin]\nmax_streams = 1",
    ),
    (
        "a-ping-crosses-an-answer",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { wait = "4980ms" },
           { client = "send", id = "b", request = "GET /b" },
           { wait = "2s" },
           { client = "send", id = "c", request = "GET /c" }"#,
        "protocol = \"h2\"\n[client]\nping_interval = \"5s\"\nping_timeout = \"1s\"\n[origin]\npings = \"ignore\"",
    ),
    (
        "an-accepted-stream-while-the-next-one-has-to-wait",
        r#"{ origin = "hold", id = "a" },
           { client = "send", id = "a", request = "GET /a", background = true },
           { wait = "1s" },
           { origin = "goaway", connection = 1 },
           { client = "send", id = "b", request = "POST /b", body = 1 },
           { origin = "reply", id = "a" }"#,
        "protocol = \"h2\"\n[origin]\nmax_streams = 2",
    ),
    (
        "what-was-silent-for-a-short-deadline-speaks-again",
        r#"{ client = "send", id = "a", request = "GET /a", deadline = "50ms" },
           { client = "send", id = "b", request = "GET /b", deadline = "20ms" }"#,
        "protocol = \"h2\"\n[network]\nlatency_to_origin = \"20ms\"",
    ),
    (
        "a-fin-comes-while-a-request-is-stuck",
        r#"{ origin = "reply", id = "a", then = "fin" },
           { client = "send", id = "a", request = "GET /a", background = true },
           { client = "send", id = "b", request = "POST /b", body = 10000, background = true },
           { wait = "30ms" },
           { client = "send", id = "c", request = "GET /c" }"#,
        "protocol = \"h2\"\n[client]\nmax_connections = 1\n[network]\nreceive_buffer = 4096",
    ),
    (
        "an-early-answer-to-an-upload-without-a-window",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { origin = "reply", id = "b", early = true },
           { client = "send", id = "b", request = "POST /b", body = 1 },
           { wait = "1s" },
           { client = "send", id = "c", request = "GET /c" }"#,
        "protocol = \"h2\"\n[client]\nidle_timeout = \"1s\"\n[origin]\ninitial_window = 0",
    ),
    (
        "an-idle-timeout-passes-while-a-request-is-stuck",
        r#"{ origin = "reset-stream", id = "a", error = "internal-error" },
           { client = "send", id = "a", request = "POST /a", body = 10000, background = true },
           { client = "await", id = "a" },
           { client = "send", id = "b", request = "GET /b" }"#,
        "protocol = \"h2\"\n[client]\nidle_timeout = \"1s\"\n[network]\nlatency_to_origin = \"1s\"\nreceive_buffer = 4096",
    ),
    (
        "a-ping-waits-behind-an-upload",
        r#"{ client = "send", id = "a", request = "GET /a" },
           { network = "drop" },
           { client = "send", id = "b", request = "GET /b", background = true },
           { client = "send", id = "c", request = "POST /c", body = 100000, deadline = "1s" }"#,
        "protocol = \"h2\"\n[client]\nping_interval = \"2s\"\nping_timeout = \"1s\"",
    ),
];

/// `explore::false_alarm::<name>`, and what they say together.
pub fn trials() -> Vec<Trial> {
    let trial =
        |case: &'static Case| Trial::test(format!("explore::false_alarm::{}", case.0), move || check(case));
    let mut trials: Vec<Trial> = cases().map(trial).collect();
    trials.push(Trial::test("explore::false_alarm::table", table));
    trials
}

fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(SEALED_CASES).chain(HTTP2_CASES)
}

fn check(case: &Case) -> Result<(), Failed> {
    let violated = oracles(&judge(&scenario(case)?, client("reference")), is_violated);
    if violated.is_empty() { Ok(()) } else { Err(violated.into()) }
}

/// No blame proves little if nothing is judged: the oracles that hold in each case, and those that catch a planted bug in
/// the very same schedule.
fn table() -> Result<(), Failed> {
    let mut table = String::new();
    for case in cases() {
        let scenario = scenario(case)?;
        let held = oracles(&judge(&scenario, client("reference")), is_held);
        writeln!(table, "{}\n  holds   {held}", case.0)?;
        for defect in Defect::ALL {
            let caught = oracles(&judge(&scenario, with_defect(defect)), is_violated);
            if !caught.is_empty() {
                writeln!(table, "  caught  {defect} by {caught}")?;
            }
        }
    }
    accept("false-alarms", &table);
    Ok(())
}

fn scenario((_, script, settings): &Case) -> Result<Scenario, Failed> {
    let text = format!(
        "title = \"t\"\nabout = \"a\"\nsources = [\"RFC 9112\"]\nscript = [\n{script}\n]\n{settings}\n"
    );
    Ok(scenario::parse("explore/false-alarm", "false alarm", &text)?)
}

fn judge(scenario: &Scenario, client: &'static dyn UnderTest) -> Vec<Finding> {
    let trace = lab::run(scenario, client, &Limits::default());
    assert_eq!((&trace.end, &trace.unsupported), (&End::Completed, &None));
    oracle::judge(scenario, &trace)
}

fn is_held(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Holds { .. })
}

fn is_violated(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Violated { .. })
}

/// The names of the oracles with such a verdict.
fn oracles(findings: &[Finding], such: fn(&Verdict) -> bool) -> String {
    let named = findings.iter().filter(|finding| such(&finding.verdict)).map(|finding| finding.oracle);
    named.collect::<Vec<_>>().join(", ")
}
