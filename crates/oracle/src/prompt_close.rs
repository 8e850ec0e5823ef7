//! A connection that the origin has closed does not linger in CLOSE_WAIT.

use closewait_trace::{Connection, Exchange, Millis, Moment, StaleReason};

use super::case::Case;
use super::streams;
use super::tally::{Tally, ms};
use super::{Level, Oracle, Severity, Verdict, every_protocol, send_queue};

pub(super) const ORACLE: Oracle = Oracle {
    name: "prompt-close",
    level: Level::Advised,
    concerns: every_protocol,
    meaning: "a connection is in CLOSE_WAIT, or is kept after a GOAWAY without a stream, for more than 1 s",
    source: "RFC 9112 section 9.5, RFC 9113 section 6.8",
    judge,
};

/// How long a connection may be in CLOSE_WAIT.
const BOUND: Millis = 1_000;

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    for connection in case.connections() {
        let fin = connection.to_client.fin.delivered;
        if let Some(fin) = fin.filter(|fin| connection.over().is_none_or(|over| *fin < over)) {
            judge_connection(case, connection, fin, "its FIN was delivered", &mut tally);
        } else if let Some(drained) = drained(case, connection) {
            let since = "a GOAWAY was delivered and its last stream was over";
            judge_connection(case, connection, drained, since, &mut tally);
        }
    }
    tally.verdict(match case.scenario.protocol.is_http2() {
        true => "neither FIN nor GOAWAY was delivered before the client's own FIN",
        false => "no FIN was delivered before the client's own",
    })
}

/// Since when a connection has been of no use: a GOAWAY forbids new streams, and no stream is open.
fn drained(case: &Case, connection: &Connection) -> Option<Moment> {
    let stale = case.views.stale_since(connection.number)?;
    let StaleReason::GoAway { .. } = stale.reason else { return None };
    let goaway = Moment { event: stale.event, at: stale.at };
    let excluded = |exchange: &Exchange| streams::excluded(connection, exchange.stream.as_ref()?.id);
    let over = |exchange: &Exchange| exchange.over().into_iter().chain(excluded(exchange)).min();
    let ends: Option<Vec<Moment>> = connection.exchanges.iter().map(over).collect();
    let drained = ends?.into_iter().chain([goaway]).max()?;
    connection.over().is_none_or(|over| drained.at <= over.at).then_some(drained)
}

fn judge_connection(case: &Case, connection: &Connection, fin: Moment, since: &str, tally: &mut Tally) {
    let number = connection.number;
    let over = connection.over();
    let kept = over.map_or(case.views.end, |over| over.at).saturating_sub(fin.at);
    let in_time = |closed: Moment| closed.at.saturating_sub(fin.at) <= BOUND;
    if kept > BOUND && send_queue::closed(case, connection).is_some_and(in_time) {
        // Its FIN may have waited: when it was closed is not to be seen.
        return;
    }
    if kept <= BOUND {
        tally.holds(format!("connection {number} was closed {} after {since}", ms(kept)));
        return;
    }
    let until = match over {
        Some(over) => format!("closed {} ", ms(over.at - fin.at)),
        None => format!("not yet closed {} ", ms(kept)),
    };
    let message = format!("connection {number} was {until}after {since}; the bound is {}", ms(BOUND));
    let proof = over.map(|over| over.event).or(case.last_event());
    tally.violated(Severity::HangOrLeak, message, proof.into_iter().chain([fin.event]));
}
