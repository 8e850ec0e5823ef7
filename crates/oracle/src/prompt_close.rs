//! A connection that the origin has closed does not linger in CLOSE_WAIT.

use closewait_trace::{Connection, Moment, StaleReason};

use super::case::Case;
use super::checks::Checks;
use super::policy::PROMPT;
use super::words::ms;
use super::{Level, Oracle, Severity, Verdict, every_protocol};

pub(super) const ORACLE: Oracle = Oracle {
    name: "prompt-close",
    level: Level::Advised,
    concerns: every_protocol,
    meaning: "a connection is in CLOSE_WAIT, or is kept after a GOAWAY without a stream, for more than 1 s",
    source: "RFC 9112 section 9.5, RFC 9113 section 6.8",
    judge,
};

fn judge(case: &Case) -> Verdict {
    let mut checks = Checks::default();
    for connection in case.connections() {
        let fin = connection.to_client.fin.delivered;
        if let Some(fin) = fin.filter(|fin| connection.ended().is_none_or(|ended| *fin < ended)) {
            judge_connection(case, connection, fin, "its FIN was delivered", &mut checks);
        } else if let Some(drained) = drained(case, connection) {
            let since = "a GOAWAY was delivered and its last stream was over";
            judge_connection(case, connection, drained, since, &mut checks);
        }
    }
    checks.verdict(match case.scenario.protocol.is_http2() {
        true => "neither FIN nor GOAWAY was delivered before the client's own FIN",
        false => "no FIN was delivered before the client's own",
    })
}

/// Since when a connection has been of no use: a GOAWAY forbids new streams, and no stream is open.
fn drained(case: &Case, connection: &Connection) -> Option<Moment> {
    let mut reasons = case.staleness(connection).iter();
    let stale = reasons.find(|stale| matches!(stale.reason, StaleReason::GoAway { .. }))?;
    let ended = |exchange| connection.excluded(exchange).into_iter().chain(exchange.ended()).min();
    let ends: Option<Vec<Moment>> = connection.exchanges.iter().map(ended).collect();
    let drained = ends?.into_iter().chain([stale.known.earliest]).max()?;
    connection.lasts_until(drained).then_some(drained)
}

fn judge_connection(case: &Case, connection: &Connection, useless: Moment, since: &str, checks: &mut Checks) {
    let number = connection.number;
    let ended = connection.ended();
    // Behind what the application keeps unread no client can look.
    let read = case.read_until(connection, useless);
    let (useless, since) = match ended.map_or(read, |ended| ended.min(read)) {
        later if useless < later => (later, "the application was done with the response that it kept"),
        _ => (useless, since),
    };
    let kept = ended.unwrap_or(case.end()).since(useless);
    if kept <= PROMPT {
        checks.holds(format!("connection {number} was closed {} after {since}", ms(kept)));
        return;
    }
    let until = match ended {
        Some(_) => "closed",
        None => "not yet closed",
    };
    let kept = ms(kept);
    let message =
        format!("connection {number} was {until} {kept} after {since}; the bound is {}", ms(PROMPT));
    let proof = ended.map(|ended| ended.event).or(case.last_event());
    checks.violated(Severity::HangOrLeak, message, proof.into_iter().chain([useless.event]));
}
