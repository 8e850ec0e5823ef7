//! Schedules in which an oracle once blamed a client that could not have done better: the reference client holds
//! every oracle in them.

use closewait::oracle::{self, Verdict};
use closewait::scenario;
use closewait::{lab, lab::Limits};
use libtest_mimic::{Failed, Trial};

use super::client;

/// Name, script and settings.
const CASES: &[(&str, &str, &str)] = &[
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
const SEALED_CASES: &[(&str, &str, &str)] = &[
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
const HTTP2_CASES: &[(&str, &str, &str)] = &[
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

/// `explore::false_alarm::<name>`.
pub fn trials() -> Vec<Trial> {
    let trial = |(name, script, settings): &(&str, &'static str, &'static str)| {
        let (name, script, settings) = ((*name).to_owned(), *script, *settings);
        Trial::test(format!("explore::false_alarm::{name}"), move || check(script, settings))
    };
    CASES.iter().chain(SEALED_CASES).chain(HTTP2_CASES).map(trial).collect()
}

fn check(script: &str, settings: &str) -> Result<(), Failed> {
    let text = format!(
        "title = \"t\"\nabout = \"a\"\nsources = [\"RFC 9112\"]\nscript = [\n{script}\n]\n{settings}\n"
    );
    let scenario = scenario::parse("explore/false-alarm", "false alarm", &text)?;
    let trace = lab::run(&scenario, client("reference"), &Limits::default());
    let findings = oracle::judge(&scenario, &trace);
    let violated = findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Violated { .. }));
    let violated: Vec<_> = violated.collect();
    if violated.is_empty() { Ok(()) } else { Err(format!("{violated:#?}").into()) }
}
