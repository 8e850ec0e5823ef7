//! What of a run's words is behaviour: no times, and no wording of a client.

use closewait_oracle::gate::timeless;
use closewait_trace::{End, SocketAtEnd};

/// The client's own words for the error of a request.
#[derive(Debug, Clone, Copy)]
pub struct Wording<'a> {
    /// Request id.
    pub id: &'a str,
    /// The kind of error.
    pub error: &'a str,
    /// The words.
    pub message: &'a str,
}

/// The lines of a transcript without times and without the words of errors.
pub fn behaviour<'a>(texts: impl Iterator<Item = &'a str>, wordings: &[Wording<'_>]) -> Vec<String> {
    texts.map(|text| timeless(&wordless(text, wordings))).collect()
}

fn wordless(text: &str, wordings: &[Wording<'_>]) -> String {
    let of_line = wordings
        .iter()
        .filter(|wording| text.strip_prefix(wording.id).is_some_and(|rest| rest.starts_with(": ")));
    let kept = of_line.filter_map(|Wording { error, message, .. }| {
        let (before, _) = text.split_once(&format!(", {error}: {message}"))?;
        Some(format!("{before}, {error}"))
    });
    kept.into_iter().next().unwrap_or_else(|| text.to_owned())
}

/// What stopped a run, e.g. `livelock`; nothing if it came to its end.
pub fn stopped(end: &End) -> Option<&'static str> {
    match end {
        End::Completed => None,
        End::Livelock => Some("livelock"),
        End::Stall => Some("stall"),
        End::Hang => Some("hang"),
        End::Panic { .. } => Some("panic in the client"),
    }
}

/// A socket that was left, e.g. `connection 1 in CLOSE_WAIT`.
pub fn socket(SocketAtEnd { connection, state }: &SocketAtEnd) -> String {
    let which = connection.map_or("a socket without a connection".to_owned(), |n| format!("connection {n}"));
    format!("{which} in {state}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_times_are_left_out() {
        let gone = Wording { id: "b", error: "connection closed", message: "client error: gone" };
        let other = Wording { id: "c", error: "other", message: "" };
        let check = |line, kept: &str| {
            assert_eq!(behaviour(std::iter::once(line), &[gone, other]), [kept], "{line}");
        };
        check("b: error, connection closed: client error: gone", "b: error, connection closed");
        check(
            "b: 200 from connection 1, then an error in the body, connection closed: client error: gone, with the body \"x\"",
            "b: 200 from connection 1, then an error in the body, connection closed",
        );
        check("c: error, other: ", "c: error, other");
        check(
            "bb: error, connection closed: client error: gone",
            "bb: error, connection closed: client error: gone",
        );
        check(
            "connection 1: client retransmits b until 45 020 ms",
            "connection 1: client retransmits b until … ms",
        );
    }
}
