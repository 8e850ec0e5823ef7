//! A connection that may be reused is reused: a client that never pools must not look perfect.

use super::case::Case;
use super::checks::Checks;
use super::reuse::Choice;
use super::words::ms;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "reuses-when-healthy",
    level: Level::Required,
    concerns: every_protocol,
    meaning: "a request is written on a new connection although one that may be reused is free",
    source: "RFC 9112 section 9.3",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for choice in case.choices() {
        if choice.reused {
            checks.holds(format!("{} reused connection {}", choice.request.id, choice.attempt.connection));
        } else {
            let evidence = [choice.free_since.event, choice.attempt.first_sent.event];
            let cause = (choice.request.id.as_str(), choice.spare.number.to_string());
            checks.violated_for(cause, Severity::NeedlessConnections, missed(choice), evidence);
        }
    }
    checks.verdict("no request found a free and healthy connection")
}

pub(super) fn missed(choice: &Choice) -> String {
    let spare = choice.spare.number;
    let closed = choice.spare.client_close().filter(|close| *close < choice.attempt.first_sent);
    let lost = match closed {
        Some(close) => {
            format!("connection {spare} was healthy when the client closed it at {}", ms(close.at))
        }
        None if choice.spare.http2.is_some() => {
            format!(
                "connection {spare} was healthy and had a stream to spare since {}",
                ms(choice.free_since.at)
            )
        }
        None => format!("connection {spare} was free and healthy since {}", ms(choice.free_since.at)),
    };
    format!(
        "{} was written on new connection {} although {lost}",
        choice.request.id, choice.attempt.connection
    )
}
