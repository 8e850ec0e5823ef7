//! A connection that the origin has closed does not linger in CLOSE_WAIT.

use super::case::Case;
use super::tally::{Tally, ms};
use super::{Level, Oracle, Severity, Verdict};
use crate::trace::{Connection, Millis, Moment};

pub(super) const ORACLE: Oracle = Oracle {
    name: "prompt-close",
    level: Level::Advised,
    meaning: "a connection is in CLOSE_WAIT for more than 1 s",
    source: "RFC 9112 section 9.5",
    judge,
};

/// How long a connection may be in CLOSE_WAIT.
const BOUND: Millis = 1_000;

fn judge(case: &Case) -> Verdict {
    let mut tally = Tally::default();
    for connection in case.connections() {
        let fin = connection.to_client.fin.delivered;
        if let Some(fin) = fin.filter(|fin| connection.over().is_none_or(|over| *fin < over)) {
            judge_connection(case, connection, fin, &mut tally);
        }
    }
    tally.verdict("no FIN was delivered before the client's own")
}

/// Whether the request that was under way at the FIN was never, or not until later, sent whole.
fn is_uploading(connection: &Connection, fin: Moment) -> bool {
    let last = connection.exchanges.last().map(|exchange| exchange.request.last_sent);
    last.is_some_and(|last| last.is_none_or(|last| fin < last))
}

fn judge_connection(case: &Case, connection: &Connection, fin: Moment, tally: &mut Tally) {
    let number = connection.number;
    let over = connection.over();
    let kept = over.map_or(case.views.end, |over| over.at).saturating_sub(fin.at);
    if kept > BOUND && is_uploading(connection, fin) {
        // The client's own FIN has to wait behind the bytes that the network does not take.
        return;
    }
    if kept <= BOUND {
        tally.holds(format!("connection {number} was closed {} after its FIN was delivered", ms(kept)));
        return;
    }
    let until = match over {
        Some(over) => format!("closed {} ", ms(over.at - fin.at)),
        None => format!("not yet closed {} ", ms(kept)),
    };
    let message =
        format!("connection {number} was {until}after its FIN was delivered; the bound is {}", ms(BOUND));
    let proof = over.map(|over| over.event).or(case.last_event());
    tally.violated(Severity::HangOrLeak, message, proof.into_iter().chain([fin.event]));
}
