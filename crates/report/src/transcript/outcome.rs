//! What became of a request, in one line.

use bytes::Bytes;
use closewait_trace::{BodyEnd, ErrorKind, Outcome};

use crate::words::grouped;

/// How much of a body is shown that is not the origin's answer.
const EXCERPT: usize = 48;

/// The outcome of a request. `connection` is where it was written last; `answer` the body that
/// the origin gave it there.
pub fn outcome(outcome: &Outcome, connection: Option<u32>, answer: Option<&Bytes>) -> String {
    match outcome {
        Outcome::Response { status, body, end } => {
            format!("{status} {}{}{}", source(connection), ending(end, body), foreign(body, answer))
        }
        Outcome::Error { kind, message } => format!("error, {}: {message}", error(*kind)),
        Outcome::Deadline => "no outcome; the application's deadline passed".to_owned(),
        Outcome::Cancelled => "cancelled by the application".to_owned(),
    }
}

fn source(connection: Option<u32>) -> String {
    connection.map_or("for a request that was never written".to_owned(), |n| format!("from connection {n}"))
}

fn ending(end: &BodyEnd, body: &Bytes) -> String {
    match end {
        BodyEnd::Complete => String::new(),
        BodyEnd::Failed { kind, message } => {
            format!(", then an error in the body, {}: {message}", error(*kind))
        }
        BodyEnd::Dropped => format!(", dropped after {} bytes of the body", grouped(body.len() as u64)),
    }
}

/// The body, where it is not what the origin answered.
fn foreign(body: &Bytes, answer: Option<&Bytes>) -> String {
    if answer.is_some_and(|answer| answer.starts_with(body)) || body.is_empty() {
        return String::new();
    }
    let excerpt = &body[..body.len().min(EXCERPT)];
    let more = if body.len() > EXCERPT { "…" } else { "" };
    format!(", with the body \"{}{more}\"", excerpt.escape_ascii())
}

/// A kind of error, in words.
pub fn error(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Connect => "no connection",
        ErrorKind::Closed => "connection closed",
        ErrorKind::Reset => "connection reset",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Canceled => "never sent",
        ErrorKind::Protocol => "not HTTP",
        ErrorKind::Other => "other",
    }
}
