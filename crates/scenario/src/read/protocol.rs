//! What only one protocol has: a step, a key or a word of another one is a mistake of the file.

use std::ops::Range;

use super::keys::Record;
use super::problems::Problems;
use crate::field::Verb;
use crate::{Cut, Protocol};

/// Steps of the origin that only HTTP/2 has.
const HTTP2_STEPS: &[&str] =
    &["goaway", "reset-stream", "settings", "ping", "answer-pings", "ignore-pings", "window"];

/// Keys that only HTTP/2 has.
const HTTP2_REPLY: &[&str] = &["trailers", "error"];
const HTTP2_CLIENT: &[&str] =
    &["ping_interval", "ping_timeout", "ping_while_idle", "stream_window", "connection_window"];
const HTTP2_ORIGIN: &[&str] = &["max_streams", "initial_window", "pings", "ping_delay"];

/// Keys that only HTTP/1.1 has.
const HTTP1_REPLY: &[&str] = &["version", "framing", "surplus"];

/// Judges a step; `place` is where its word is.
pub(super) fn check_step(
    verb: &Verb,
    place: Range<usize>,
    record: &Record,
    protocol: Protocol,
    problems: &mut Problems,
) {
    if verb.actor != "origin" {
        return;
    }
    if HTTP2_STEPS.contains(&verb.word) && !protocol.is_http2() {
        needs_http2(place, &format!("`{}`", verb.word), protocol, problems);
    } else if verb.word == "reply" && protocol.is_http2() {
        check_reply_in_http2(record, protocol, problems);
    } else if verb.word == "reply" {
        check_keys(record, HTTP2_REPLY, protocol, problems);
        if let Some(then @ ("goaway" | "reset-stream")) = record.get("then") {
            needs_http2(record.span_of("then"), &format!("`then = \"{then}\"`"), protocol, problems);
        }
    }
}

/// Judges `[client]`.
pub(super) fn check_client(record: &Record, protocol: Protocol, problems: &mut Problems) {
    if !protocol.is_http2() {
        check_keys(record, HTTP2_CLIENT, protocol, problems);
    }
    let (interval, says) = ("ping_interval", |name: &str| record.says(name));
    for needless in
        ["ping_timeout", "ping_while_idle"].into_iter().filter(|name| says(name) && !says(interval))
    {
        problems
            .add(record.span_of(needless), format!("`{needless}` without `{interval}`: no PING is ever sent"))
            .help(format!("add e.g. {interval} = \"10s\""));
    }
}

/// Judges `[origin]`.
pub(super) fn check_origin(record: &Record, protocol: Protocol, problems: &mut Problems) {
    if !protocol.is_http2() {
        check_keys(record, HTTP2_ORIGIN, protocol, problems);
    }
    if record.get("pings") == Some("ignore") && record.says("ping_delay") {
        problems
            .add(record.span_of("ping_delay"), "PINGs that are ignored are never answered, however late")
            .help("remove `ping_delay`, or `pings = \"ignore\"`");
    }
}

fn check_reply_in_http2(record: &Record, protocol: Protocol, problems: &mut Problems) {
    for key in HTTP1_REPLY.iter().filter(|key| record.says(key)) {
        needs_http1(record.span_of(key), &format!("`{key}`"), protocol, problems)
            .help("a frame of HTTP/2 tells its own length; remove this key");
    }
    if let Some(Cut::StatusLine | Cut::Header(_) | Cut::LastChunk) = record.get("cut") {
        needs_http1(record.span_of("cut"), "this place", protocol, problems)
            .help("under HTTP/2 a message can be cut at head, body N or byte N");
    }
}

fn check_keys(record: &Record, keys: &[&str], protocol: Protocol, problems: &mut Problems) {
    for key in keys.iter().filter(|key| record.says(key)) {
        needs_http2(record.span_of(key), &format!("`{key}`"), protocol, problems);
    }
}

fn needs_http2(place: Range<usize>, what: &str, protocol: Protocol, problems: &mut Problems) {
    problems
        .add(place, format!("{what} needs HTTP/2, and this scenario is played over {}", protocol.word()))
        .help(format!(
            "write protocol = \"{}\" at the top level",
            if protocol.is_tls() { "https2" } else { "h2" }
        ));
}

fn needs_http1<'p>(
    place: Range<usize>,
    what: &str,
    protocol: Protocol,
    problems: &'p mut Problems,
) -> &'p mut Problems {
    problems
        .add(place, format!("{what} needs HTTP/1.1, and this scenario is played over {}", protocol.word()))
}
