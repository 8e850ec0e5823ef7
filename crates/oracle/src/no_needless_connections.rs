//! No more connections than the script makes necessary.

use closewait_trace::{Connection, Moment};

use super::case::Case;
use super::checks::Checks;
use super::reuses_when_healthy::missed;
use super::words::count;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "no-needless-connections",
    level: Level::Advised,
    concerns: every_protocol,
    meaning: "more connections than the least that the script allows",
    source: "RFC 9112 section 9.4",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for choice in case.choices().iter().filter(|choice| !choice.reused) {
        let evidence = [choice.free_since.event, choice.attempt.first_sent.event];
        let cause = (choice.request.id.as_str(), choice.spare.number.to_string());
        checks.violated_for(cause, Severity::NeedlessConnections, missed(choice), evidence);
    }
    for (number, established) in unused(case) {
        let message = format!("connection {number} was opened and never carried a request");
        checks.violated(Severity::NeedlessConnections, message, [established.event]);
    }
    let established = case.connections().filter(|connection| connection.established.is_some()).count();
    if established > 0 {
        checks.holds(format!(
            "{} for {}",
            count(established, "connection"),
            count(case.requests().count(), "request")
        ));
    }
    checks.verdict("no connection was established")
}

/// Connections that were ready for requests and on which nothing was written, unless whoever wanted them had given up, or
/// what told the client not to use them was there by then.
fn unused(case: &Case) -> impl Iterator<Item = (u32, Moment)> {
    case.connections().filter(|connection| connection.exchanges.is_empty()).filter_map(|connection| {
        let syn = connection.syn?;
        let wanted = case.index.given_up.across(syn) == 0;
        let ready = connection.ready().filter(|ready| wanted && !was_told_by(connection, *ready))?;
        Some((connection.number, ready))
    })
}

/// Whether FIN, RST, an alert or the like was there in the instant at which the first request could have been written. With
/// TLS that is not before the client has read the origin's Finished, and more may have come behind it.
fn was_told_by(connection: &Connection, ready: Moment) -> bool {
    let close = connection.client_close();
    let mut told = connection.signals().iter().filter_map(|signal| signal.delivered);
    told.any(|told| told.may_precede(ready) && close.is_none_or(|close| told < close))
}
