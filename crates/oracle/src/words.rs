//! How verdicts put things.

use closewait_trace::{Attempt, Millis, SignalKind, StaleReason, Window};

/// Milliseconds as a message says them: `1 000 ms`.
pub(super) fn ms(millis: Millis) -> String {
    let digits = millis.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text + " ms"
}

/// `1 request`, `2 requests`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

/// So many names are told, and how many more there are.
pub(super) const MOST: usize = 3;

/// As [`list`], or `a, b, c and 847 more`: a finding is a sentence.
pub(super) fn few(names: &[impl AsRef<str>]) -> String {
    match names.get(..MOST) {
        Some(first) if names.len() > MOST => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {} more", first.join(", "), names.len() - MOST)
        }
        _ => list(names),
    }
}

/// `stream 3 of connection 1`, where there are streams.
pub(super) fn place(attempt: &Attempt) -> String {
    match attempt.stream {
        Some(stream) => format!("stream {stream} of connection {}", attempt.connection),
        None => format!("connection {}", attempt.connection),
    }
}

/// What made a connection stale, as the end of `… after`.
pub(super) fn cause(reason: &StaleReason) -> String {
    match reason {
        StaleReason::FinDelivered => "its FIN was delivered".to_owned(),
        StaleReason::RstDelivered => "an RST was delivered on it".to_owned(),
        StaleReason::CloseNotifyDelivered => "its close_notify was delivered".to_owned(),
        StaleReason::AlertDelivered { description } => {
            format!("the alert {description} was delivered on it")
        }
        StaleReason::Unsolicited => "bytes that no request had asked for were delivered on it".to_owned(),
        StaleReason::PersistenceEnded { request } => {
            format!("the response to {request}, which ended its persistence, was delivered")
        }
        StaleReason::MalformedResponse { request, what } => {
            format!("{what} was delivered in the response to {request}")
        }
        StaleReason::Abandoned { request } => {
            format!("{request} was given up on it with the response outstanding")
        }
        StaleReason::GoAway { last_stream, code } => {
            format!("a GOAWAY (last stream {last_stream}, {code}) was delivered on it")
        }
        StaleReason::Malformed { what } => format!("{what} was delivered on it"),
        StaleReason::PingUnanswered { limit } => {
            format!("the client's ping timeout of {} had passed", ms(*limit))
        }
        StaleReason::PingOmitted { limit } => {
            format!("nothing had come on it for {}, and the client had sent no PING", ms(*limit))
        }
        StaleReason::IdleTimeout { limit } => {
            format!("the client's idle timeout of {} had passed", ms(*limit))
        }
        StaleReason::KeepAliveTimeout { limit } => {
            format!("the origin's Keep-Alive timeout of {} had passed", ms(*limit))
        }
    }
}

/// `FIN of connection 1 in flight when the request was written, W5`.
pub(super) fn circumstances(kind: SignalKind, connection: u32, window: Window) -> String {
    let preposition = match kind {
        SignalKind::Unsolicited | SignalKind::Malformed => "on",
        SignalKind::Fin | SignalKind::Rst | SignalKind::Alert | SignalKind::GoAway => "of",
    };
    let (what, meaning, window) = (name(kind), window.meaning(), window.name());
    format!("{what} {preposition} connection {connection} {meaning}, {window}")
}

/// What a signal is called.
pub(super) fn name(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Fin => "FIN",
        SignalKind::Rst => "RST",
        SignalKind::Alert => "alert",
        SignalKind::Unsolicited => "unsolicited bytes",
        SignalKind::GoAway => "GOAWAY",
        SignalKind::Malformed => "malformed frames",
    }
}
