//! What went over the wire, where that became much more or much less.

use crate::gate::change::Change;
use crate::gate::facts::RunFacts;

/// Fewer bytes more or less are no story.
const MUCH: u64 = 16 * 1024;

/// One sentence of bytes, requests and connections, where the bytes of a direction at least doubled or halved.
pub fn changes(before: &RunFacts, now: &RunFacts) -> Option<Change> {
    let (old, new) = (before.bytes?, now.bytes?);
    if !differ_much(old.sent, new.sent) && !differ_much(old.received, new.received) {
        return None;
    }
    Some(Change::drifted(format!(
        "on the wire: {} from the client, {} to it; {} on {}",
        amount(old.sent, new.sent, "byte"),
        amount(old.received, new.received, "byte"),
        amount(written(before), written(now), "request"),
        amount(before.opened.into(), now.opened.into(), "connection"),
    )))
}

fn differ_much(before: u64, now: u64) -> bool {
    let (less, more) = (before.min(now), before.max(now));
    more - less >= MUCH && more / 2 >= less
}

/// How often requests were written.
fn written(run: &RunFacts) -> u64 {
    run.requests.iter().map(|request| request.attempts.len() as u64).sum()
}

/// `1 byte`, `12 requests (before 3)`.
fn amount(before: u64, now: u64, what: &str) -> String {
    let plural = if now == 1 { "" } else { "s" };
    let before = if before == now { String::new() } else { format!(" (before {before})") };
    format!("{now} {what}{plural}{before}")
}
